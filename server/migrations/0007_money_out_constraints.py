"""CHECKs and partial indexes of commissions, withdrawals, reconciliation and operators."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0007_money_out.sql and its `_down` twin."""

    dependencies = [("models", "0006_money_out")]
    operations = [ops.RunSQL(sql("0007_money_out"), sql("0007_money_out_down"))]
