"""CHECKs and partial indexes, which the ORM cannot express."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0002_constraints.sql and its `_down` twin."""

    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL(sql("0002_constraints"), sql("0002_constraints_down"))]
