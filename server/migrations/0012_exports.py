"""Files that operators have made of lists, and what the panel's lists are sorted and searched by."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0012_exports.sql and its `_down` twin."""

    dependencies = [("models", "0011_panel")]
    operations = [
        ops.CreateModel(
            name="Export",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("operator", fields.CharField(max_length=40)),
                ("listing", fields.CharField(max_length=30)),
                ("asked", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(default="waiting", max_length=8)),
                ("rows_done", fields.IntField(default=0)),
                ("rows_total", fields.IntField(null=True)),
                ("alive_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("body", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exports",
                "app": "models",
                "indexes": [Index(fields=["operator", "id"])],
                "pk_attr": "id",
                "table_description": "One file, from being asked for to being forgotten.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0012_exports"), sql("0012_exports_down")),
    ]
