"""The operators' log becomes append-only; indexes of what the panel lists."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0011_panel.sql and its `_down` twin."""

    dependencies = [("models", "0008_referred_orders")]
    operations = [ops.RunSQL(sql("0011_panel"), sql("0011_panel_down"))]
