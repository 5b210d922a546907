"""What the lists of a shop with millions of orders are read by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0022_scale.sql and its `_down` twin."""

    dependencies = [("models", "0021_dashboard")]
    operations = [ops.RunSQL(sql("0022_scale"), sql("0022_scale_down"))]
