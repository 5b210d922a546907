"""积分 beside the ledger: earnings of orders, credits with their ends, check-ins."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0028_points.sql and its `_down` twin."""

    dependencies = [("models", "0027_coupons")]
    operations = [
        ops.CreateModel(
            name="PointEarning",
            fields=[
                ("order_id", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("base_fen", fields.BigIntField()),
                ("granted", fields.BigIntField()),
                ("remaining", fields.BigIntField()),
                ("state", fields.CharField(max_length=8)),
                ("release_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "point_earnings",
                "app": "models",
                "pk_attr": "order_id",
                "table_description": "What an order earned its buyer at receipt.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PointCredit",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("source", fields.CharField(max_length=80, unique=True)),
                ("points", fields.BigIntField()),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled", fields.BooleanField(default=False)),
                ("told", fields.BooleanField(default=False)),
            ],
            options={
                "table": "point_credits",
                "app": "models",
                "indexes": [Index(fields=["member_id", "ends_at"])],
                "pk_attr": "id",
                "table_description": "Points that became available, until their end. What is spent counts against the credit that ends first.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CheckIn",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("day", fields.DateField()),
                ("days", fields.IntField()),
                ("points", fields.IntField()),
            ],
            options={
                "table": "check_ins",
                "app": "models",
                "unique_together": (("member_id", "day"),),
                "pk_attr": "id",
                "table_description": "A member's check-in of a day in Shanghai.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0028_points"), sql("0028_points_down")),
    ]
