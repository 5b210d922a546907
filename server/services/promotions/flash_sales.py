"""Flash sales as the shop shows them (sessions with their items), and flash sales as a kind of promotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from server import db
from server.core.clock import day_start, shanghai_day
from server.core.errors import NotFound, PromotionQueued, PromotionRefused, PromotionUnknown
from server.core.money import yuan
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.flash_sales import State, Window
from server.rules.promotions import FlashTake, Offer, PromotedOrder, Promotion, Shown
from server.services.promotions import flash_gate

KIND = "flash_sale"
held_stock: bool = True
"""Pieces are reserved from the SKU's stock when the session's stock is set."""
_DAY = timedelta(days=1)

ItemState = Literal["not_started", "running", "queued", "sold_out", "over"]
"""`queued`: all pieces are taken but not all are paid, so some may come back."""


@dataclass(frozen=True, slots=True)
class Item:
    """A SKU of a session. `left` counts the free pieces, `taken_bp` is the taken share of `stock`. Prices per piece."""

    id: int
    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    price_fen: int
    list_price_fen: int
    stock: int
    left: int
    taken_bp: int
    per_member: int
    state: ItemState


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `ends_at` is the time it was stopped, if it was stopped."""

    id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    state: State
    items: list[Item]

    @property
    def share_title(self) -> str:
        """The title of the card when the session is shared in WeChat."""
        there = [item.price_fen for item in self.items if item.left] or [item.price_fen for item in self.items]
        return f"限时秒杀 {self.name}：¥{yuan(min(there))}{' 起' if max(there) > min(there) else ''}"


class _Listed(msgspec.Struct, frozen=True):
    """An item with its session (`sale_id`, `name` and times) and its product; `open` pieces are not paid yet."""

    sale_id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    stopped_at: datetime | None
    id: int
    sku_id: int
    price_fen: int
    per_member: int
    product_id: int
    spec: dict[str, str]
    list_price_fen: int
    title: str
    image: str | None
    stock: int
    free: int
    open: int

    @property
    def window(self) -> Window:
        """When the session runs."""
        return Window(self.starts_at, self.ends_at, self.stopped_at)


_ITEMS = """
SELECT s.id AS sale_id, s.name, s.starts_at, s.ends_at, s.stopped_at, i.id, i.sku_id, i.price_fen, i.per_member,
  k.product_id, k.spec, k.price_fen AS list_price_fen, p.title, p.images ->> 0 AS image, i.stock - i.returned AS stock,
  u.free, u.open
FROM flash_sales s JOIN flash_items i ON i.sale_id = s.id JOIN skus k ON k.id = i.sku_id
  JOIN products p ON p.id = k.product_id
  CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE order_id IS NULL) AS free, count(*) AS open
    FROM flash_units WHERE item_id = i.id AND NOT sold) u
WHERE {where} AND k.on_sale AND listed(p, {at}) AND i.stock > 0 ORDER BY s.starts_at, s.id, i.id
"""
_OF_THE_DAY = _ITEMS.format(where="s.starts_at < $2 AND LEAST(s.ends_at, s.stopped_at) > $1", at="$3")
_ONE = _ITEMS.format(where="s.id = $1", at="$2")


async def today(now: datetime) -> list[Session]:
    """Return the sessions of today in Shanghai, with those that began earlier and still run, ordered by start."""
    start = day_start(shanghai_day(now))
    rows = await db.fetch(_OF_THE_DAY, start, start + _DAY, now)
    return _sessions([db.typed(row, _Listed) for row in rows], now)


class Taken(msgspec.Struct, frozen=True):
    """Pieces of an item that one member has in orders, and how many there may be."""

    id: int
    taken: int
    per_member: int


async def taken_by(member_id: int, now: datetime) -> list[Taken]:
    """Return what the member has taken in sessions that are not over."""
    rows = await db.fetch(
        "SELECT i.id, t.taken, i.per_member FROM flash_sales s JOIN flash_items i ON i.sale_id = s.id"
        " JOIN flash_tallies t ON t.item_id = i.id AND t.member_id = $1"
        " WHERE s.stopped_at IS NULL AND s.ends_at > $2 AND t.taken > 0 ORDER BY i.id",
        member_id,
        now,
    )
    return [db.typed(row, Taken) for row in rows]


async def session(sale_id: int, now: datetime) -> Session:
    """Return one session. Raises NotFound, also if none of its items is on sale."""
    found = _sessions([db.typed(row, _Listed) for row in await db.fetch(_ONE, sale_id, now)], now)
    if not found:
        raise NotFound(what="flash_sale")
    return found[0]


def _sessions(listed: Sequence[_Listed], now: datetime) -> list[Session]:
    found: dict[int, Session] = {}
    for one in listed:
        window = one.window
        state = window.state(now)
        new = Session(one.sale_id, one.name, window.starts_at, window.end, state, [])
        found.setdefault(one.sale_id, new).items.append(_item(one, state))
    return list(found.values())


def _item(listed: _Listed, state: State) -> Item:
    stock, free = listed.stock, listed.free
    shown: ItemState = state
    if state == "running" and not free:
        shown = "queued" if listed.open else "sold_out"
    return Item(
        id=listed.id,
        sku_id=listed.sku_id,
        product_id=listed.product_id,
        title=listed.title,
        image=listed.image or "",
        spec=listed.spec,
        price_fen=listed.price_fen,
        list_price_fen=listed.list_price_fen,
        stock=stock,
        left=free,
        taken_bp=(stock - free) * 10_000 // stock if stock else 10_000,
        per_member=listed.per_member,
        state=shown,
    )


_SHOWN = """
SELECT i.id, i.sku_id, i.price_fen, k.product_id, s.starts_at, s.ends_at
FROM flash_sales s JOIN flash_items i ON i.sale_id = s.id JOIN skus k ON k.id = i.sku_id
WHERE s.settled_at IS NULL AND s.stopped_at IS NULL AND s.ends_at > $2 AND s.starts_at < $3 AND k.on_sale
  AND k.product_id = ANY ($1::bigint[]) AND (SELECT listed(p, $2) FROM products p WHERE p.id = k.product_id)
  AND EXISTS (SELECT FROM flash_units WHERE item_id = i.id AND NOT sold)
"""


async def shown(product_ids: Sequence[int], at: datetime) -> dict[int, list[Shown]]:
    """Return what runs or begins within a day for these products, one entry per SKU and session not sold out."""
    found: dict[int, list[Shown]] = {}
    for row in await db.fetch(_SHOWN, product_ids, at, at + _DAY):
        one = Shown(
            kind=KIND,
            id=row["id"],
            label="限时秒杀",
            price_fen=row["price_fen"],
            points=0,
            sku_ids=[row["sku_id"]],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
        )
        found.setdefault(row["product_id"], []).append(one)
    return found


# ORDER BY follows the index, so that the planner reads the index: see the SQL function flash_sale_take.
_OFFER = """
SELECT i.sku_id, i.price_fen, i.per_member, s.name, s.starts_at, s.ends_at, s.stopped_at,
  COALESCE((SELECT taken FROM flash_tallies WHERE item_id = i.id AND member_id = $2), 0) AS taken,
  (SELECT id FROM flash_units WHERE item_id = i.id AND order_id IS NULL AND NOT sold
    ORDER BY order_id, id LIMIT 1) IS NOT NULL AS free,
  (SELECT id FROM flash_units WHERE item_id = i.id AND NOT sold ORDER BY order_id, id LIMIT 1) IS NOT NULL AS open
FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id WHERE i.id = $1
"""


async def offer(
    connection: db.Connection, member_id: int, promotion: Promotion, items: Sequence[tuple[int, int]], at: datetime
) -> Offer:
    """Return the flash price for an order that holds only the item's SKU.

    Raises PromotionUnknown, PromotionQueued, PromotionRefused (`items`, `not_started` with `starts_at`, `over`,
    `limit` with `per_member`, `sold_out`).
    """
    row = await connection.fetchrow(_OFFER, promotion.id, member_id)
    if row is None:
        raise PromotionUnknown
    if [sku_id for sku_id, _ in items] != [row["sku_id"]]:
        raise PromotionRefused(reason="items")
    pieces = items[0][1]
    state = Window(row["starts_at"], row["ends_at"], row["stopped_at"]).state(at)
    if state == "not_started":
        raise PromotionRefused(reason=state, starts_at=row["starts_at"].isoformat())
    if state == "over":
        raise PromotionRefused(reason=state)
    if row["taken"] + pieces > row["per_member"]:
        raise PromotionRefused(reason="limit", per_member=row["per_member"])
    if not row["open"]:
        raise PromotionRefused(reason="sold_out")
    if not row["free"]:
        raise PromotionQueued
    return Offer(
        kind=KIND,
        promotion_id=promotion.id,
        label=f"秒杀 {row['name']}",
        prices_fen={row["sku_id"]: row["price_fen"]},
        take=FlashTake(promotion.id, pieces, row["price_fen"]),
    )


async def admit(deps: Deps, member_id: int, promotion: Promotion) -> None:
    """Ask the gate, see `flash_gate.admit`."""
    await flash_gate.admit(deps, promotion.id, member_id)


async def paid(tx: db.Connection, order: PromotedOrder, _at: datetime) -> list[Job]:
    """Step: mark the pieces of a paid order as sold."""
    await tx.execute("UPDATE flash_units SET sold = true WHERE order_id = $1", order.id)
    return []


async def released(tx: db.Connection, order: PromotedOrder, at: datetime) -> None:
    """Step: free the pieces of an unpaid order, or return them to the SKU if the session is settled."""
    await tx.execute("SELECT flash_sale_release($1, $2)", order.id, at)


async def settle_over(deps: Deps) -> int:
    """Give the free pieces of sessions that are over back to their SKUs; return how many sessions. Raises Busy."""
    settled = 0
    while await db.fetch_value("SELECT flash_sale_settle($1)", deps.clock.now()) is not None:
        settled += 1
    return settled
