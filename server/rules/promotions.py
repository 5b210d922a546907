"""What a promotion offers to one order: prices, what it costs in points, and what must be taken from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

EXCHANGE = "points"
"""The kind under which goods are had in the points mall, also those that are had nowhere else."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The promotion a member orders under; `id` is of the activity, `team_no` of the team to join."""

    kind: str
    id: int
    team_no: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order gets for being of its kind. Prices are per piece, by SKU."""

    kind: str
    promotion_id: int
    label: str
    prices_fen: Mapping[int, int]
    points: Mapping[int, int] = field(default_factory=dict)
    """What one piece costs in points besides, by SKU."""
    take: Mapping[str, Any] = field(default_factory=dict)
    """What `flash_sale_take`, `group_buy_take` or `points_take` is told when `order_place` calls it."""
    team_id: int | None = None


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
    """None: until an operator ends it."""
