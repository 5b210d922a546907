"""A member's lines say their kind and month, for statements of many entries."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0013_statements.sql and its `_down` twin."""

    dependencies = [("models", "0012_exports")]
    operations = [
        ops.AddField("LedgerLine", "kind", fields.CharField(max_length=24, null=True)),
        ops.AddField("LedgerLine", "month", fields.IntField(null=True)),
        ops.RunSQL(sql("0013_statements"), sql("0013_statements_down")),
    ]
