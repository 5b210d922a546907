"""Flash sales: sessions, their items, one row for each piece of an item, and the pieces that each member took."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class FlashSale(Model):
    """A session. It runs from `starts_at` until `ends_at` (exclusive), or until it is stopped."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    stopped_at = fields.DatetimeField(null=True)
    settled_at = fields.DatetimeField(null=True)
    """When its free pieces went back to their SKUs. After that, the pieces of unpaid orders go back there too."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "flash_sales"
        indexes = (Index(fields=("starts_at",), name="flash_sales_window"),)


class FlashItem(Model):
    """A SKU of a session. `stock` = free + held + sold + `returned` pieces."""

    id = fields.BigIntField(primary_key=True)
    sale: fields.ForeignKeyRelation[FlashSale] = fields.ForeignKeyField(
        "models.FlashSale", related_name="items", on_delete=fields.OnDelete.RESTRICT
    )
    sku_id = fields.BigIntField()
    price_fen = fields.BigIntField()
    stock = fields.IntField()
    returned = fields.IntField(default=0)
    """Pieces that went back to the SKU after the session."""
    per_member = fields.IntField()

    class Meta:
        table = "flash_items"
        indexes = (Index(fields=("sku_id",), name="flash_items_sku"),)
        unique_together = (("sale_id", "sku_id"),)


class FlashUnit(Model):
    """One piece, reserved from its SKU: free, held by an unpaid order, or sold. A piece that went back has no row."""

    id = fields.BigIntField(primary_key=True)
    item: fields.ForeignKeyRelation[FlashItem] = fields.ForeignKeyField(
        "models.FlashItem", related_name="units", on_delete=fields.OnDelete.RESTRICT
    )
    order_id = fields.BigIntField(null=True)
    """The order that claimed it."""
    sold = fields.BooleanField(default=False)

    class Meta:
        table = "flash_units"


class FlashTally(Model):
    """How many pieces of an item a member's orders hold or have bought. Refunded pieces still count."""

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    member_id = fields.BigIntField()
    taken = fields.IntField()

    class Meta:
        table = "flash_tallies"
        unique_together = (("item_id", "member_id"),)
