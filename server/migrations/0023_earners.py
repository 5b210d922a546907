"""What the list of one member's commissions is read by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0023_earners.sql and its `_down` twin."""

    dependencies = [("models", "0022_scale")]
    operations = [ops.RunSQL(sql("0023_earners"), sql("0023_earners_down"))]
