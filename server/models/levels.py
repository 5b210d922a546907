"""等级: the levels, the level of each member, and the history of growth and of levels."""

from tortoise import fields
from tortoise.models import Model


class Level(Model):
    """One level, see rules/levels.py. Operators replace the whole set at once."""

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
    """The level of a member. A member without a row has the lowest level."""

    member_id = fields.BigIntField(primary_key=True, generated=False)
    position = fields.IntField()
    kept_until = fields.DatetimeField(null=True)
    """When the growth of the past year is judged again; null on the lowest level."""

    class Meta:
        table = "member_levels"


class GrowthEntry(Model):
    """Growth that was gained or taken back, once per key; a row never changes. The sum over a year counts."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    key = fields.CharField(max_length=60, unique=True)
    """The event: `order:7`, `order:7:refund:R26…`, `qualification:3`, `qualification:3:void`, `correction:…`."""
    source = fields.CharField(max_length=40)
    """What it is about. Growth that is taken back has the source of the growth that was gained."""
    kind = fields.CharField(max_length=12)
    """`spend`, `referral`, `taken_back` or `correction`."""
    amount = fields.BigIntField()
    base_fen = fields.BigIntField(default=0)
    """The net cash on which it was gained."""
    counts_at = fields.DatetimeField()
    """From when on it counts. Growth that is taken back has the time of the gain, so both leave the year together."""
    why = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=40, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "growth_entries"
        indexes = (("member_id", "counts_at"), ("member_id", "id"), ("kind", "id"))


class LevelChange(Model):
    """One change of a member's level."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    before = fields.IntField()
    after = fields.IntField()
    name = fields.CharField(max_length=10)
    """The name of the new level at that time."""
    growth = fields.BigIntField()
    why = fields.CharField(max_length=12)
    """`growth`, `year` (judged again after a year) or `correction`."""
    at = fields.DatetimeField()

    class Meta:
        table = "level_changes"
        indexes = (("member_id", "id"),)
