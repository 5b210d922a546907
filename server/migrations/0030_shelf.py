"""Goods by the clock, freight templates, limits per member."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0030_shelf.sql and its `_down` twin."""

    dependencies = [("models", "0029_flash_sales")]
    operations = [
        ops.CreateModel(
            name="FreightTemplate",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slug", fields.CharField(unique=True, max_length=40)),
                ("name", fields.CharField(max_length=40)),
                ("terms", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "freight_templates", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Product",
            name="on_from",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Product",
            name="off_from",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="Product", name="limit_each", field=fields.IntField(null=True)),
        ops.AddField(
            model_name="Product",
            name="freight_template",
            field=fields.ForeignKeyField(
                "models.FreightTemplate",
                source_field="freight_template_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="products",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(model_name="Sku", name="weight_g", field=fields.IntField(default=0)),
        ops.RunSQL(sql("0030_shelf"), sql("0030_shelf_down")),
    ]
