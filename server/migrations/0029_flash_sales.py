"""Flash sales: sessions, items, a row per piece, and what each member took."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0029_flash_sales.sql and its `_down` twin."""

    dependencies = [("models", "0028_points")]
    operations = [
        ops.CreateModel(
            name="FlashSale",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slug", fields.CharField(unique=True, max_length=40)),
                ("name", fields.CharField(max_length=40)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("stopped_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "flash_sales",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A session. It runs from `starts_at` until before `ends_at`, or until it was stopped.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FlashItem",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "sale",
                    fields.ForeignKeyField(
                        "models.FlashSale",
                        source_field="sale_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="items",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sku_id", fields.BigIntField()),
                ("price_fen", fields.BigIntField()),
                ("stock", fields.IntField()),
                ("returned", fields.IntField(default=0)),
                ("per_member", fields.IntField()),
            ],
            options={
                "table": "flash_items",
                "app": "models",
                "unique_together": (("sale_id", "sku_id"),),
                "pk_attr": "id",
                "table_description": "A SKU of a session. `stock` = free + held + sold + `returned` pieces.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FlashUnit",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "item",
                    fields.ForeignKeyField(
                        "models.FlashItem",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="units",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("order_id", fields.BigIntField(null=True)),
                ("sold", fields.BooleanField(default=False)),
            ],
            options={
                "table": "flash_units",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One piece, reserved of its SKU: free, held by an unpaid order, or sold. Pieces that went back have no row.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FlashTally",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("member_id", fields.BigIntField()),
                ("taken", fields.IntField()),
            ],
            options={
                "table": "flash_tallies",
                "app": "models",
                "unique_together": (("item_id", "member_id"),),
                "pk_attr": "id",
                "table_description": "How many pieces of an item a member's orders hold or bought; what a refund brings back stays counted.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0029_flash_sales"), sql("0029_flash_sales_down")),
    ]
