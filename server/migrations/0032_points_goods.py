"""The points mall."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0032_points_goods.sql and its `_down` twin."""

    dependencies = [("models", "0031_goods")]
    operations = [
        ops.CreateModel(
            name="PointsGood",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slug", fields.CharField(unique=True, max_length=40)),
                ("sku_id", fields.BigIntField()),
                ("points", fields.BigIntField()),
                ("price_fen", fields.BigIntField()),
                ("stock", fields.IntField()),
                ("taken", fields.IntField(default=0)),
                ("per_member", fields.IntField(null=True)),
                ("active", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "points_goods",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A SKU for points, or for points and cash. The pieces of an order are the SKU's, and count against `stock`.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0032_points_goods"), sql("0032_points_goods_down")),
    ]
