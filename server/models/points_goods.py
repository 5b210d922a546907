"""The points mall: goods that members buy with points."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class PointsGood(Model):
    """A SKU for points, or for points and cash. Its orders take pieces from the SKU and count against `stock`."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    sku_id = fields.BigIntField()
    points = fields.BigIntField()
    """For one piece."""
    price_fen = fields.BigIntField()
    """Cash for one piece, in addition to the points; 0 for points alone."""
    stock = fields.IntField()
    """Pieces that may be bought with points in all."""
    taken = fields.IntField(default=0)
    """Pieces in orders that are not closed. Refunded pieces still count."""
    per_member = fields.IntField(null=True)
    """Pieces that one member's orders may hold or have bought."""
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "points_goods"
        indexes = (Index(fields=("sku_id",), name="points_goods_sku"),)
