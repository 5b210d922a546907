"""What a promotion offers to one order: prices, the cost in points, and what to reserve for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

EXCHANGE = "points"
"""The order kind of the points mall, also for goods that are sold nowhere else."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The promotion of an order; `id` is the activity's id, `team_no` the team to join."""

    kind: str
    id: int
    team_no: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order gets from its promotion. Prices are per piece, by SKU."""

    kind: str
    promotion_id: int
    label: str
    prices_fen: Mapping[int, int]
    points: Mapping[int, int] = field(default_factory=dict)
    """Points that one piece costs besides its price, by SKU."""
    take: Mapping[str, Any] = field(default_factory=dict)
    """The argument that `order_place` passes to `flash_sale_take`, `group_buy_take` or `points_take`."""
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
