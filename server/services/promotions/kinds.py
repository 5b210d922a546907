"""Every kind of promotion behind one door: what it offers to an order, and what the order's fate means for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from server import db
from server.core.errors import PromotionUnknown
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.promotions import Offer, Promotion, Shown
from server.services.promotions import flash_sales, group_buys, points_goods

Items = Sequence[tuple[int, int]]
"""(sku_id, pieces)"""


class Kind(Protocol):
    """A kind of promotion. Steps run inside the caller's transaction, buyer and order locked."""

    held_stock: bool
    """It keeps its pieces reserved beforehand: placing and closing an order move no stock of the SKU."""

    async def admit(self, deps: Deps, member_id: int, promotion: Promotion) -> None:
        """Before an order is placed and any connection taken: the place to send a crowd away cheaply.

        Raises PromotionRefused, TooManyRequests.
        """
        ...

    async def offer(
        self, connection: db.Connection, member_id: int, promotion: Promotion, items: Items, at: datetime
    ) -> Offer:
        """What an order of these items gets, for preview and placing alike; it takes nothing.

        Raises PromotionUnknown, PromotionRefused, NotFound.
        """
        ...

    async def paid(self, tx: db.Connection, order: Mapping[str, Any], at: datetime) -> Sequence[Job]:
        """Step: an order of this kind was paid; the jobs that follow. `order` is its row."""
        ...

    async def released(self, tx: db.Connection, order: Mapping[str, Any], at: datetime) -> None:
        """Step: an unpaid order of this kind closed. `order` is its row."""
        ...

    async def shown(self, product_ids: Sequence[int], at: datetime) -> Mapping[int, Sequence[Shown]]:
        """What runs, or is announced, for these products; pages are made for many at a time."""
        ...


KINDS: dict[str, Kind] = {
    group_buys.KIND: group_buys.GroupBuys(),
    flash_sales.KIND: flash_sales,
    points_goods.KIND: points_goods,
}
"""By the kind of order, which is the kind of promotion."""


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises PromotionUnknown."""
    found = KINDS.get(name)
    if found is None:
        raise PromotionUnknown(kind=name)
    return found


async def of_products(product_ids: Sequence[int], at: datetime) -> dict[int, list[Shown]]:
    """Every promotion of these products: those that run first, of them those that end first."""
    found: dict[int, list[Shown]] = {}
    for kind in KINDS.values():
        for product_id, offered in (await kind.shown(product_ids, at)).items():
            found.setdefault(product_id, []).extend(offered)
    for several in found.values():
        several.sort(key=lambda one: (one.starts_at > at, one.ends_at is None, one.ends_at or at))
    return found
