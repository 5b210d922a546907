"""The points mall: what is to be had for points."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class PointsGood(Model):
    """A SKU for points, or for points and cash. The pieces of an order are the SKU's, and count against `stock`."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    sku_id = fields.BigIntField()
    points = fields.BigIntField()
    """Of one piece."""
    price_fen = fields.BigIntField()
    """Of one piece, besides the points; 0 for points alone."""
    stock = fields.IntField()
    """Pieces that may be exchanged, ever."""
    taken = fields.IntField(default=0)
    """Pieces of orders that were not closed; what a refund brings back stays counted."""
    per_member = fields.IntField(null=True)
    """Pieces that a member's orders may hold or have bought."""
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "points_goods"
        indexes = (Index(fields=("sku_id",), name="points_goods_sku"),)
