"""Group buys: activities, what their goods cost, and the teams that were opened."""

from tortoise import fields
from tortoise.models import Model


class GroupBuy(Model):
    """An activity: `size` members who buy within `window_hours` of the first pay its prices."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    title = fields.CharField(max_length=40)
    product_id = fields.BigIntField(db_index=True)
    size = fields.IntField()
    window_hours = fields.IntField()
    per_member = fields.IntField(null=True)
    """Pieces that one member may have in live orders of it."""
    stock_limit = fields.IntField(null=True)
    """Pieces that may be sold in it altogether."""
    taken = fields.IntField(default=0)
    """Pieces in orders that are neither closed nor of a failed team."""
    virtual_fill = fields.BooleanField(default=False)
    """A team with a paid seat is filled up when its window ends."""
    active = fields.BooleanField(default=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "group_buys"


class GroupBuySku(Model):
    """What one SKU costs in an activity; `leader_fen` is for who opens the team, where that is another price."""

    id = fields.BigIntField(primary_key=True)
    group_buy: fields.ForeignKeyRelation[GroupBuy] = fields.ForeignKeyField(
        "models.GroupBuy", related_name="skus", on_delete=fields.OnDelete.RESTRICT
    )
    sku_id = fields.BigIntField()
    price_fen = fields.BigIntField()
    leader_fen = fields.BigIntField(null=True)

    class Meta:
        table = "group_buy_skus"
        unique_together = (("group_buy_id", "sku_id"),)


class Team(Model):
    """Members who buy together. Its seats are its orders that are not closed; `taken` and `paid` count them."""

    id = fields.BigIntField(primary_key=True)
    team_no = fields.CharField(max_length=32, unique=True)
    group_buy: fields.ForeignKeyRelation[GroupBuy] = fields.ForeignKeyField(
        "models.GroupBuy", related_name="teams", on_delete=fields.OnDelete.RESTRICT
    )
    leader_id = fields.BigIntField()
    size = fields.IntField()
    state = fields.CharField(max_length=10, default="open")
    """`open`, `full` (no seat left, not all paid), `succeeded` or `failed`."""
    taken = fields.IntField(default=0)
    paid = fields.IntField(default=0)
    filled = fields.IntField(default=0)
    """Seats nobody sits on: filled when the window ended, because an operator had switched that on."""
    opened_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    """When to look next whether it is over: first when it closes."""
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "teams"
        indexes = (("group_buy_id", "id"),)
