"""积分 beside the ledger: what each order earned, credits with their ends, and daily check-ins."""

from tortoise import fields
from tortoise.models import Model


class PointEarning(Model):
    """What an order earned its buyer at receipt."""

    order_id = fields.BigIntField(primary_key=True, generated=False)
    member_id = fields.BigIntField()
    base_fen = fields.BigIntField()
    """The net cash it was earned on."""
    granted = fields.BigIntField()
    remaining = fields.BigIntField()
    """What is left of it after refunds."""
    state = fields.CharField(max_length=8)
    """`frozen`, `settled` or `reversed`."""
    release_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "point_earnings"


class PointCredit(Model):
    """Points that became available, until their end. What is spent counts against the credit that ends first."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    source = fields.CharField(max_length=80, unique=True)
    """The key of the entry that gave them."""
    points = fields.BigIntField()
    """What reached the balance, after debts."""
    ends_at = fields.DatetimeField()
    settled = fields.BooleanField(default=False)
    """Its end came, and what was left of it is gone."""
    told = fields.BooleanField(default=False)
    """Its member was told that the end is near."""

    class Meta:
        table = "point_credits"
        indexes = (("member_id", "ends_at"),)


class CheckIn(Model):
    """A member's check-in of a day in Shanghai."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    day = fields.DateField()
    days = fields.IntField()
    """In a row, with this one."""
    points = fields.IntField()

    class Meta:
        table = "check_ins"
        unique_together = (("member_id", "day"),)
