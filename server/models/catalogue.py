"""Categories, products, SKUs with their stock, freight templates, and the card keys of virtual goods."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.models.coupons import CouponTemplate


class Category(Model):
    """A node of the category tree."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    parent_id = fields.BigIntField(null=True)
    name = fields.CharField(max_length=40)
    icon = fields.CharField(max_length=400, default="")
    position = fields.IntField(default=0)

    class Meta:
        table = "categories"


class FreightTemplate(Model):
    """What it costs to send the products that name this template."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    terms: fields.JSONField[Any] = fields.JSONField()
    """See FreightTerms in rules/freight.py."""
    updated_at = fields.DatetimeField()

    class Meta:
        table = "freight_templates"


class Product(Model):
    """Something for sale. Its SKUs hold prices and stock; the price range here is for lists and sorting."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=60, unique=True)
    category_id = fields.BigIntField()
    kind = fields.CharField(max_length=8, default="physical")
    """`physical` or `virtual`."""
    title = fields.CharField(max_length=80)
    subtitle = fields.CharField(max_length=120, default="")
    images: fields.JSONField[Any] = fields.JSONField()
    """A list of URLs; the first is the cover."""
    detail = fields.TextField(default="")
    on_sale = fields.BooleanField(default=True)
    on_from = fields.DatetimeField(null=True)
    """It cannot be bought before this time, see the SQL function `on_shelf`."""
    off_from = fields.DatetimeField(null=True)
    """It cannot be bought from this time on."""
    limit_each = fields.IntField(null=True)
    """Pieces that one member may buy in all orders together; closed and refunded orders do not count."""
    exchange_only = fields.BooleanField(db_default=False)
    """It can be had for points only. Its page can be opened, but no list shows it, see the SQL function `listed`."""
    min_level = fields.IntField(null=True)
    """The position of the lowest level that may buy it; 0 is the lowest level."""
    coupon_template: fields.ForeignKeyNullableRelation[CouponTemplate] = fields.ForeignKeyField(
        "models.CouponTemplate", related_name="goods", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    """Set for a virtual product whose pieces are coupons. None: its pieces are card keys."""
    freight_template: fields.ForeignKeyNullableRelation[FreightTemplate] = fields.ForeignKeyField(
        "models.FreightTemplate", related_name="products", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    """None: the shop's general freight."""
    min_price_fen = fields.BigIntField()
    max_price_fen = fields.BigIntField()
    sold_count = fields.BigIntField(default=0)
    words = fields.TextField(default="")
    """Title, subtitle and category cut into words, space separated, for full-text search."""
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "products"


class Sku(Model):
    """One variant that can be bought. The database checks that `stocked_in = available + reserved + sold`."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="skus", on_delete=fields.OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=60, unique=True)
    spec = fields.TextField()
    """JSON text, `{"颜色": "红", "规格": "500ml"}`; empty when there is only one variant. It is text: `jsonb` would
    sort the names, which have the shop's order."""
    price_fen = fields.BigIntField()
    market_price_fen = fields.BigIntField(null=True)
    stocked_in = fields.BigIntField(default=0)
    available = fields.BigIntField(default=0)
    reserved = fields.BigIntField(default=0)
    sold = fields.BigIntField(default=0)
    alert_at = fields.IntField(default=0)
    """Operators are told when `available` falls to this number or below."""
    alerted = fields.BooleanField(default=False)
    on_sale = fields.BooleanField(default=True)
    position = fields.IntField(default=0)
    weight_g = fields.IntField(db_default=0)

    class Meta:
        table = "skus"
        indexes = (Index(fields=("product_id", "position", "id"), name="skus_product"),)


class CardKey(Model):
    """One piece of virtual stock, encrypted. It is bound to an order line when it is delivered."""

    id = fields.BigIntField(primary_key=True)
    sku_id = fields.BigIntField()
    sealed = fields.TextField()
    blind = fields.CharField(max_length=64)
    order_line_id = fields.BigIntField(null=True, db_index=True)
    delivered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "card_keys"
        unique_together = (("sku_id", "blind"),)
