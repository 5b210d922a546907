"""Group buys and their teams."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0026_group_buys.sql and its `_down` twin."""

    dependencies = [("models", "0025_levels")]
    operations = [
        ops.CreateModel(
            name="GroupBuy",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slug", fields.CharField(unique=True, max_length=40)),
                ("title", fields.CharField(max_length=40)),
                ("product_id", fields.BigIntField(db_index=True)),
                ("size", fields.IntField()),
                ("window_hours", fields.IntField()),
                ("per_member", fields.IntField(null=True)),
                ("stock_limit", fields.IntField(null=True)),
                ("taken", fields.IntField(default=0)),
                ("virtual_fill", fields.BooleanField(default=False)),
                ("active", fields.BooleanField(default=True)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "group_buys",
                "app": "models",
                "pk_attr": "id",
                "table_description": "An activity: `size` members who buy within `window_hours` of the first.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GroupBuySku",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "group_buy",
                    fields.ForeignKeyField(
                        "models.GroupBuy",
                        source_field="group_buy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="skus",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sku_id", fields.BigIntField()),
                ("price_fen", fields.BigIntField()),
                ("leader_fen", fields.BigIntField(null=True)),
            ],
            options={
                "table": "group_buy_skus",
                "app": "models",
                "unique_together": (("group_buy_id", "sku_id"),),
                "pk_attr": "id",
                "table_description": "What one SKU costs in an activity.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Team",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("team_no", fields.CharField(unique=True, max_length=32)),
                (
                    "group_buy",
                    fields.ForeignKeyField(
                        "models.GroupBuy",
                        source_field="group_buy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="teams",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("leader_id", fields.BigIntField()),
                ("size", fields.IntField()),
                ("state", fields.CharField(default="open", max_length=10)),
                ("taken", fields.IntField(default=0)),
                ("paid", fields.IntField(default=0)),
                ("filled", fields.IntField(default=0)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "teams",
                "app": "models",
                "indexes": [Index(fields=["group_buy_id", "id"])],
                "pk_attr": "id",
                "table_description": "Members who buy together.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0026_group_buys"), sql("0026_group_buys_down")),
    ]
