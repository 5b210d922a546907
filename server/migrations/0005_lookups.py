"""Indexes on foreign keys that are looked up from their other side; a proof that does not read all it ever proved."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0005_lookups.sql and its `_down` twin."""

    dependencies = [("models", "0004_orders")]
    operations = [ops.RunSQL(sql("0005_lookups"), sql("0005_lookups_down"))]
