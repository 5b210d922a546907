"""Coupon templates and the coupons they, and rebates, issue."""

from tortoise import fields
from tortoise.models import Model


class CouponTemplate(Model):
    """What a coupon is worth, for whom and how long."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    threshold_fen = fields.BigIntField(default=0)
    valid_days = fields.IntField(default=30)
    total = fields.IntField(null=True)
    claimed = fields.IntField(default=0)
    per_member = fields.IntField(default=1)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupon_templates"


class Coupon(Model):
    """One coupon of one member."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    template_id = fields.BigIntField(null=True)
    source = fields.CharField(max_length=60, unique=True)
    """What it came from, once: `template:3:member:8:1`, `rebate:12:stage:3`."""
    name = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    threshold_fen = fields.BigIntField(default=0)
    state = fields.CharField(max_length=8, default="unused")
    """`unused`, `locked` (by an unpaid order), `used` or `void`; expiry is a matter of time."""
    starts_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    order_id = fields.BigIntField(null=True)
    discount_fen = fields.BigIntField(default=0)
    """What it actually took off the order that locked or used it."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupons"
        indexes = (("member_id", "id"),)
