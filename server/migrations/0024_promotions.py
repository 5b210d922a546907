"""Orders of a promotion, points in orders, and the matrix of what goes together."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0024_promotions.sql and its `_down` twin."""

    dependencies = [("models", "0023_earners")]
    operations = [
        ops.AddField("Order", "promotion_id", fields.BigIntField(null=True)),
        ops.AddField("Order", "team_id", fields.BigIntField(null=True)),
        ops.AddField("Order", "stacking_version", fields.IntField(db_default=0)),
        ops.AddField("Order", "for_commission", fields.BooleanField(db_default=True)),
        ops.AddField("Order", "for_qualification", fields.BooleanField(db_default=True)),
        ops.AddField("Order", "for_return", fields.BooleanField(db_default=True)),
        ops.AddField("Order", "points", fields.BigIntField(db_default=0)),
        ops.AddField("Order", "refunded_points", fields.BigIntField(db_default=0)),
        ops.AddField("OrderLine", "points", fields.BigIntField(db_default=0)),
        ops.AddField("OrderLine", "refunded_points", fields.BigIntField(db_default=0)),
        ops.AddField("Refund", "points", fields.BigIntField(db_default=0)),
        ops.AddField("RefundLine", "points", fields.BigIntField(db_default=0)),
        ops.CreateModel(
            name="StackingVersion",
            fields=[
                ("version", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("matrix", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("note", fields.CharField(max_length=200)),
                ("operator", fields.CharField(max_length=40)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "stacking_versions",
                "app": "models",
                "pk_attr": "version",
                "table_description": "An immutable stacking matrix; the highest version is in force, an order keeps what its version said.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0024_promotions"), sql("0024_promotions_down")),
    ]
