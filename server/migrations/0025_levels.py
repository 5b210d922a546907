"""等级: levels, standings, growth and the history of both."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0025_levels.sql and its `_down` twin."""

    dependencies = [("models", "0024_promotions")]
    operations = [
        ops.CreateModel(
            name="Level",
            fields=[
                ("place", fields.IntField(primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=10)),
                ("growth", fields.BigIntField()),
                ("discount_bp", fields.IntField()),
                ("points_bp", fields.IntField()),
                ("free_freight", fields.BooleanField()),
                ("commission_bonus_bp", fields.IntField()),
                ("colour", fields.CharField(max_length=7)),
                ("icon", fields.CharField(max_length=12)),
            ],
            options={
                "table": "levels",
                "app": "models",
                "pk_attr": "place",
                "table_description": "One level, see rules/levels.py. The whole set is replaced at once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MemberLevel",
            fields=[
                ("member_id", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ("position", fields.IntField()),
                ("kept_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "member_levels",
                "app": "models",
                "pk_attr": "member_id",
                "table_description": "Where a member stands; who has none stands lowest.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GrowthEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("key", fields.CharField(max_length=60, unique=True)),
                ("source", fields.CharField(max_length=40)),
                ("kind", fields.CharField(max_length=12)),
                ("amount", fields.BigIntField()),
                ("base_fen", fields.BigIntField(default=0)),
                ("counts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("why", fields.CharField(max_length=200)),
                ("operator", fields.CharField(max_length=40, null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "growth_entries",
                "app": "models",
                "indexes": [
                    Index(fields=["member_id", "counts_at"]),
                    Index(fields=["member_id", "id"]),
                    Index(fields=["kind", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Growth gained or taken back, once per key; never changed. What counts is their sum over a year.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LevelChange",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("before", fields.IntField()),
                ("after", fields.IntField()),
                ("name", fields.CharField(max_length=10)),
                ("growth", fields.BigIntField()),
                ("why", fields.CharField(max_length=12)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "level_changes",
                "app": "models",
                "indexes": [Index(fields=["member_id", "id"])],
                "pk_attr": "id",
                "table_description": "A member's way from one level to another.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0025_levels"), sql("0025_levels_down")),
    ]
