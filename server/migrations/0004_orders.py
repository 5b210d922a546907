"""The hot money steps of orders, which the ORM cannot express."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0004_orders.sql and its `_down` twin."""

    dependencies = [("models", "0003_ledger")]
    operations = [ops.RunSQL(sql("0004_orders"), sql("0004_orders_down"))]
