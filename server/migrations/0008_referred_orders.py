"""The orders of one referrer's friends, by the time of payment: what ladders by the month sum up."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0008_referred_orders.sql and its `_down` twin."""

    dependencies = [("models", "0007_money_out_constraints")]
    operations = [ops.RunSQL(sql("0008_referred_orders"), sql("0008_referred_orders_down"))]
