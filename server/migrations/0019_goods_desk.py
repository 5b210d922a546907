"""What the panel's lists of goods and coupons are searched by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0019_goods_desk.sql and its `_down` twin."""

    dependencies = [("models", "0018_returns")]
    operations = [ops.RunSQL(sql("0019_goods_desk"), sql("0019_goods_desk_down"))]
