"""One interface for all kinds of promotion: what they offer to an order, and what they do when it is paid or closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from server import db
from server.core.errors import PromotionUnknown
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.promotions import Offer, PromotedOrder, Promotion, Shown
from server.services.promotions import flash_sales, group_buys, points_goods

Items = Sequence[tuple[int, int]]
"""Pairs of (sku_id, pieces)."""


class Kind(Protocol):
    """A kind of promotion, which is a module with these names.

    Steps run inside the caller's transaction, with the buyer and the order locked.
    """

    held_stock: bool
    """Whether pieces are reserved in advance: then placing and closing an order do not move the SKU's stock."""

    async def admit(self, deps: Deps, member_id: int, promotion: Promotion) -> None:
        """Admit or refuse a buyer before the order takes a database connection, so that a crowd is refused cheaply.

        Raises PromotionRefused, TooManyRequests.
        """
        ...

    async def offer(
        self, connection: db.Connection, member_id: int, promotion: Promotion, items: Items, at: datetime
    ) -> Offer:
        """Return what an order of these items gets, for preview and for placing. It reserves nothing.

        Raises PromotionUnknown, PromotionRefused, NotFound.
        """
        ...

    async def paid(self, tx: db.Connection, order: PromotedOrder, at: datetime) -> Sequence[Job]:
        """Step: an order of this kind was paid; return the jobs that follow."""
        ...

    async def released(self, tx: db.Connection, order: PromotedOrder, at: datetime) -> None:
        """Step: an unpaid order of this kind was closed."""
        ...

    async def shown(self, product_ids: Sequence[int], at: datetime) -> Mapping[int, Sequence[Shown]]:
        """Return what runs or is announced for these products; callers make the pages of many products at once."""
        ...


KINDS: dict[str, Kind] = {
    group_buys.KIND: group_buys,
    flash_sales.KIND: flash_sales,
    points_goods.KIND: points_goods,
}
"""By kind of order. The kind of order and the kind of promotion have the same name."""


def kind_of(name: str) -> Kind:
    """Return the kind with this name. Raises PromotionUnknown."""
    found = KINDS.get(name)
    if found is None:
        raise PromotionUnknown(kind=name)
    return found


async def of_products(product_ids: Sequence[int], at: datetime) -> dict[int, list[Shown]]:
    """Return all promotions of these products: running ones first, and among those the ones that end first."""
    found: dict[int, list[Shown]] = {}
    for kind in KINDS.values():
        for product_id, offered in (await kind.shown(product_ids, at)).items():
            found.setdefault(product_id, []).extend(offered)
    for several in found.values():
        several.sort(key=lambda one: (one.starts_at > at, one.ends_at is None, one.ends_at or at))
    return found
