"""What the panel's lists of members and of what they earn are sorted and searched by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0017_people.sql and its `_down` twin."""

    dependencies = [("models", "0016_days")]
    operations = [ops.RunSQL(sql("0017_people"), sql("0017_people_down"))]
