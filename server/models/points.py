"""积分 outside the ledger: what each order earned, credits with their expiry, and daily check-ins."""

from tortoise import fields
from tortoise.models import Model


class PointEarning(Model):
    """What an order earned for its buyer at receipt."""

    order_id = fields.BigIntField(primary_key=True, generated=False)
    member_id = fields.BigIntField()
    base_fen = fields.BigIntField()
    """The net cash on which it was earned."""
    granted = fields.BigIntField()
    remaining = fields.BigIntField()
    """What is left after refunds."""
    state = fields.CharField(max_length=8)
    """`frozen`, `settled` or `reversed`."""
    release_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "point_earnings"


class PointCredit(Model):
    """Points that became available, with their expiry. Spending uses the credit first that expires first."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    source = fields.CharField(max_length=80, unique=True)
    """The key of the ledger entry that gave them."""
    points = fields.BigIntField()
    """What was added to the balance after debts were paid."""
    ends_at = fields.DatetimeField()
    settled = fields.BooleanField(default=False)
    """Whether it has expired and the rest of it was taken away."""
    told = fields.BooleanField(default=False)
    """Whether the member was told that it expires soon."""

    class Meta:
        table = "point_credits"
        indexes = (("member_id", "ends_at"),)


class CheckIn(Model):
    """A member's check-in on one day in Shanghai."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    day = fields.DateField()
    days = fields.IntField()
    """Days in a row, this one included."""
    points = fields.IntField()

    class Meta:
        table = "check_ins"
        unique_together = (("member_id", "day"),)
