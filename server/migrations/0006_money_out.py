from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0005_lookups")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Commission",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("member_id", fields.BigIntField()),
                ("level", fields.IntField()),
                ("version", fields.IntField()),
                ("state", fields.CharField(max_length=8)),
                ("whole_fen", fields.BigIntField()),
                ("granted_fen", fields.BigIntField()),
                ("explanation", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("release_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reversed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "commissions",
                "app": "models",
                "unique_together": (("order_id", "level"),),
                "indexes": [Index(fields=["member_id", "id"])],
                "pk_attr": "id",
                "table_description": "What one referrer earns from one order. One per order and level, decided when the order is paid.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CommissionVersion",
            fields=[
                ("version", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("terms", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("note", fields.CharField(max_length=200)),
                ("operator", fields.CharField(max_length=40)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "commission_versions",
                "app": "models",
                "pk_attr": "version",
                "table_description": "An immutable set of commission policies; the highest version is in force, an order keeps the one it was paid under.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Operator",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(unique=True, max_length=40)),
                ("role", fields.CharField(max_length=12)),
                ("password_hash", fields.CharField(max_length=200)),
                ("must_change", fields.BooleanField(default=False)),
                ("totp_sealed", fields.TextField(null=True, unique=False)),
                ("totp_step", fields.BigIntField(default=0)),
                ("state", fields.CharField(default="active", max_length=8)),
                ("failures", fields.IntField(default=0)),
                ("locked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("seen_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "operators", "app": "models", "pk_attr": "id", "table_description": "A panel account."},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OperatorSession",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "operator",
                    fields.ForeignKeyField(
                        "models.Operator",
                        source_field="operator_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("csrf", fields.CharField(max_length=64)),
                ("ip", fields.CharField(max_length=45)),
                ("agent", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "operator_sessions",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One device of an operator. The cookie's token is stored hashed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("day", fields.DateField()),
                ("operator", fields.CharField(max_length=40)),
                ("state", fields.CharField(max_length=12)),
                ("sums", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("problem", fields.CharField(null=True, max_length=200)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reconciliations",
                "app": "models",
                "indexes": [Index(fields=["day", "id"])],
                "pk_attr": "id",
                "table_description": "One run over one day. The newest run of a day is what counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Difference",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "run",
                    fields.ForeignKeyField(
                        "models.Reconciliation",
                        source_field="run_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="differences",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("bill", fields.CharField(max_length=8)),
                ("kind", fields.CharField(max_length=12)),
                ("subject", fields.CharField(max_length=64)),
                ("ours", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("theirs", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "reconciliation_differences",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One thing on which WeChat's bill and our books do not agree.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("withdrawal_no", fields.CharField(unique=True, max_length=32)),
                ("member_id", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                ("fee_fen", fields.BigIntField(default=0)),
                ("tax_fen", fields.BigIntField(default=0)),
                ("payout_fen", fields.BigIntField()),
                ("state", fields.CharField(max_length=12)),
                ("real_name_sealed", fields.TextField(null=True, unique=False)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("approved_by", fields.CharField(null=True, max_length=40)),
                ("approved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("second_by", fields.CharField(null=True, max_length=40)),
                ("second_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("confirming_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("package_info", fields.CharField(null=True, max_length=500)),
                ("wechat_bill_no", fields.CharField(null=True, max_length=64)),
                ("cancelled_by", fields.CharField(null=True, max_length=40)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("why", fields.CharField(null=True, max_length=200)),
                ("check_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("checks", fields.IntField(default=0)),
            ],
            options={
                "table": "withdrawals",
                "app": "models",
                "indexes": [Index(fields=["member_id", "id"])],
                "pk_attr": "id",
                "table_description": "One withdrawal. amount = fee + tax + payout; `state` moves only along rules/withdrawals.py.",
            },
            bases=["Model"],
        ),
    ]
