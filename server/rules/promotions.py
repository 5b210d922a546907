"""What a promotion offers to one order: prices, the cost in points, and what to reserve for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec

EXCHANGE = "points"
"""The order kind of the points mall, also for goods that are sold nowhere else."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The promotion of an order; `id` is the activity's id, `team_no` the team to join."""

    kind: str
    id: int
    team_no: str | None = None


class FlashTake(msgspec.Struct, frozen=True):
    """`n` pieces of an item of a flash sale, for `flash_sale_take`."""

    item: int
    n: int
    price_fen: int


class OpenTeam(msgspec.Struct, frozen=True):
    """A team to open, for `group_buy_take`."""

    group_buy_id: int
    team_no: str
    closes_at: datetime


class JoinTeam(msgspec.Struct, frozen=True):
    """A team to join, for `group_buy_take`. `can_open` goes into the refusal: the member may open one instead."""

    group_buy_id: int
    team_id: int
    can_open: bool


class PointsTake(msgspec.Struct, frozen=True):
    """`n` pieces of a points good, for `points_take`. Points and price are per piece."""

    good: int
    n: int
    points: int
    price_fen: int


Take: TypeAlias = FlashTake | OpenTeam | JoinTeam | PointsTake
"""What an order takes from its promotion, in the form of the SQL function that takes it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order gets from its promotion. Prices are per piece, by SKU."""

    kind: str
    promotion_id: int
    label: str
    prices_fen: Mapping[int, int]
    take: Take
    points: Mapping[int, int] = field(default_factory=dict)
    """Points that one piece costs besides its price, by SKU."""
    team_id: int | None = None


class PromotedOrder(msgspec.Struct, frozen=True):
    """What a promotion needs to know of its order. `team_id` is set for group buys only."""

    id: int
    promotion_id: int | None
    team_id: int | None


class Shown(msgspec.Struct):
    """A promotion on a product's page. Times are ISO 8601, prices fen per piece; the least price over its SKUs."""

    kind: str
    id: int
    label: str
    price_fen: int
    points: int
    sku_ids: list[int]
    starts_at: datetime
    ends_at: datetime | None
    """None until an operator ends the promotion."""
