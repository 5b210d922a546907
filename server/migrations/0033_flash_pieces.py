"""How a free piece of a flash sale is found."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0033_flash_pieces.sql and its `_down` twin."""

    dependencies = [("models", "0032_points_goods")]
    operations = [ops.RunSQL(sql("0033_flash_pieces"), sql("0033_flash_pieces_down"))]
