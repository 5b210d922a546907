"""Goods for points only, goods that are coupons, goods for some levels."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0031_goods.sql and its `_down` twin."""

    dependencies = [("models", "0030_shelf")]
    operations = [
        ops.AddField(model_name="Product", name="exchange_only", field=fields.BooleanField(db_default=False)),
        ops.AddField(model_name="Product", name="min_level", field=fields.IntField(null=True)),
        ops.AddField(
            model_name="Product",
            name="coupon_template",
            field=fields.ForeignKeyField(
                "models.CouponTemplate",
                source_field="coupon_template_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="goods",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(model_name="Coupon", name="order_line_id", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Coupon", name="taken_by", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Coupon", name="owed_fen", field=fields.BigIntField(db_default=0)),
        ops.RunSQL(sql("0031_goods"), sql("0031_goods_down")),
    ]
