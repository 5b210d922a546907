"""Days that operators asked to have compared, and how far that is."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0020_reconciliation_asks.sql and its `_down` twin."""

    dependencies = [("models", "0019_goods_desk")]
    operations = [
        ops.CreateModel(
            name="ReconciliationAsk",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("day", fields.DateField()),
                ("operator", fields.CharField(max_length=40)),
                ("state", fields.CharField(default="waiting", max_length=8)),
                ("lines_done", fields.IntField(default=0)),
                ("run_id", fields.BigIntField(null=True)),
                ("problem", fields.CharField(null=True, max_length=200)),
                ("alive_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reconciliation_asks",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A day that an operator asked to have compared, from the asking to the result.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0020_reconciliation_asks"), sql("0020_reconciliation_asks_down")),
    ]
