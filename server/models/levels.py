"""等级: the levels there are, each member's standing, and the history of growth and of levels."""

from tortoise import fields
from tortoise.models import Model


class Level(Model):
    """One level, see rules/levels.py. The whole set is replaced at once."""

    place = fields.IntField(primary_key=True, generated=False)
    """0 is the lowest."""
    name = fields.CharField(max_length=10)
    growth = fields.BigIntField()
    discount_bp = fields.IntField()
    points_bp = fields.IntField()
    free_freight = fields.BooleanField()
    commission_bonus_bp = fields.IntField()
    colour = fields.CharField(max_length=7)
    icon = fields.CharField(max_length=12)

    class Meta:
        table = "levels"


class MemberLevel(Model):
    """Where a member stands; who has none stands lowest."""

    member_id = fields.BigIntField(primary_key=True, generated=False)
    position = fields.IntField()
    kept_until = fields.DatetimeField(null=True)
    """When the growth of the year before is judged anew; null on the lowest level."""

    class Meta:
        table = "member_levels"


class GrowthEntry(Model):
    """Growth gained or taken back, once per key; never changed. What counts is their sum over a year."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    key = fields.CharField(max_length=60, unique=True)
    """The event: `order:7`, `order:7:refund:R26…`, `qualification:3`, `qualification:3:void`, `correction:…`."""
    source = fields.CharField(max_length=40)
    """What it is about; what is taken back has the source of what was gained."""
    kind = fields.CharField(max_length=12)
    """`spend`, `referral`, `taken_back` or `correction`."""
    amount = fields.BigIntField()
    base_fen = fields.BigIntField(default=0)
    """The net cash it was gained on."""
    counts_at = fields.DatetimeField()
    """Since when it counts: of what is taken back, when it was gained, so that both leave the year together."""
    why = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=40, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "growth_entries"
        indexes = (("member_id", "counts_at"), ("member_id", "id"), ("kind", "id"))


class LevelChange(Model):
    """A member's way from one level to another."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    before = fields.IntField()
    after = fields.IntField()
    name = fields.CharField(max_length=10)
    """What the level after was called then."""
    growth = fields.BigIntField()
    why = fields.CharField(max_length=12)
    """`growth`, `year` (judged anew) or `correction`."""
    at = fields.DatetimeField()

    class Meta:
        table = "level_changes"
        indexes = (("member_id", "id"),)
