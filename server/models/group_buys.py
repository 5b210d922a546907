"""Group buys: activities, the prices of their goods, and the teams that members opened."""

from tortoise import fields
from tortoise.models import Model


class GroupBuy(Model):
    """An activity. `size` members who buy within `window_hours` of the first one pay its prices."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    title = fields.CharField(max_length=40)
    product_id = fields.BigIntField(db_index=True)
    size = fields.IntField()
    window_hours = fields.IntField()
    per_member = fields.IntField(null=True)
    """Pieces that one member may have in orders of this activity that are not closed or refunded."""
    stock_limit = fields.IntField(null=True)
    """Pieces that may be sold in this activity in all."""
    taken = fields.IntField(default=0)
    """Pieces in orders that are not closed and whose team has not failed."""
    virtual_fill = fields.BooleanField(default=False)
    """Whether a team with at least one paid seat is filled up when its window ends."""
    active = fields.BooleanField(default=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "group_buys"


class GroupBuySku(Model):
    """The prices of one SKU in an activity; `leader_fen`, if it differs, is for the member who opens the team."""

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
    """Members who buy together. Each order that is not closed has a seat; `taken` and `paid` count the seats."""

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
    """Seats without a member. They were filled when the window ended, because the activity has `virtual_fill`."""
    opened_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    """When to check next whether the team is finished; at first the time when it closes."""
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "teams"
        indexes = (("group_buy_id", "id"),)
