"""The ledger's functions and refusals, which the ORM cannot express."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0003_ledger.sql and its `_down` twin."""

    dependencies = [("models", "0002_constraints")]
    operations = [ops.RunSQL(sql("0003_ledger"), sql("0003_ledger_down"))]
