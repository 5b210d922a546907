"""The overview's two weeks are read from indexes alone."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0021_dashboard.sql and its `_down` twin."""

    dependencies = [("models", "0020_reconciliation_asks")]
    operations = [ops.RunSQL(sql("0021_dashboard"), sql("0021_dashboard_down"))]
