"""The points mall as the shop shows it (goods for points), and exchanges as a kind of promotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server import db
from server.core.errors import PromotionRefused, PromotionUnknown
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules import points_goods as rules
from server.rules.points_goods import State
from server.rules.promotions import Offer, PointsTake, PromotedOrder, Promotion, Shown

KIND = "points"
held_stock: bool = False
"""Pieces come from the SKU's stock, as in any order. The good's own stock limits how many may go for points."""
LABEL = "积分兑换"


@dataclass(frozen=True, slots=True)
class Good:
    """A good of the points mall; `points` and prices are per piece. `left` pieces are still available."""

    id: int
    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    points: int
    price_fen: int
    list_price_fen: int
    left: int
    per_member: int | None
    state: State


class _Listed(rules.Good, frozen=True):
    """A good with its SKU and its product."""

    id: int
    sku_id: int
    product_id: int
    title: str
    image: str | None
    spec: dict[str, str]
    created_at: datetime


_GOODS = """
SELECT g.*, k.price_fen AS list_price_fen, k.available, k.product_id, k.spec, p.title, p.images ->> 0 AS image
FROM points_goods g JOIN skus k ON k.id = g.sku_id JOIN products p ON p.id = k.product_id
WHERE g.active AND g.price_fen < k.price_fen AND k.on_sale AND on_shelf(p, $1) {more} ORDER BY g.points, g.id
"""


async def goods(at: datetime) -> list[Good]:
    """Return the goods of the points mall, fewest points first. Raises Busy."""
    return [_good(db.typed(row, _Listed)) for row in await db.fetch(_GOODS.format(more=""), at)]


def _good(found: _Listed) -> Good:
    return Good(
        id=found.id,
        sku_id=found.sku_id,
        product_id=found.product_id,
        title=found.title,
        image=found.image or "",
        spec=found.spec,
        points=found.points,
        price_fen=found.price_fen,
        list_price_fen=found.list_price_fen,
        left=found.left,
        per_member=found.per_member,
        state=found.state,
    )


async def shown(product_ids: Sequence[int], at: datetime) -> dict[int, list[Shown]]:
    """Return which of these products can be exchanged for points: one entry per good that is not sold out."""
    found: dict[int, list[Shown]] = {}
    for row in await db.fetch(_GOODS.format(more="AND k.product_id = ANY ($2::bigint[])"), at, product_ids):
        good = db.typed(row, _Listed)
        if good.state != "open":
            continue
        one = Shown(
            kind=KIND,
            id=good.id,
            label=LABEL,
            price_fen=good.price_fen,
            points=good.points,
            sku_ids=[good.sku_id],
            starts_at=good.created_at,
            ends_at=None,
        )
        found.setdefault(good.product_id, []).append(one)
    return found


async def admit(_deps: Deps, _member_id: int, _promotion: Promotion) -> None:
    """Admit everybody: one read is enough to refuse a member without the points."""


class _Wanted(rules.Good, frozen=True):
    """A good that a member wants, and how many pieces of it the member has had."""

    sku_id: int
    had: int


_OFFER = """
SELECT g.*, k.price_fen AS list_price_fen, k.available, (SELECT COALESCE(sum(l.quantity), 0)::int FROM orders o
    JOIN order_lines l ON l.order_id = o.id WHERE o.member_id = $2 AND o.kind = 'points' AND o.promotion_id = g.id
    AND o.status NOT IN ('closed', 'refunded')) AS had
FROM points_goods g JOIN skus k ON k.id = g.sku_id WHERE g.id = $1
"""


async def offer(
    connection: db.Connection, member_id: int, promotion: Promotion, items: Sequence[tuple[int, int]], _at: datetime
) -> Offer:
    """Return the points, and the cash in addition, for an order that holds only the good's SKU.

    The member's earlier pieces are counted without a lock here: placing an order locks the member first. Raises
    PromotionUnknown, PromotionRefused (`items`, `over`, `limit` with `per_member`, `sold_out` with `left`).
    """
    row = await connection.fetchrow(_OFFER, promotion.id, member_id)
    if row is None:
        raise PromotionUnknown
    good = db.typed(row, _Wanted)
    if [sku_id for sku_id, _ in items] != [good.sku_id]:
        raise PromotionRefused(reason="items")
    pieces = items[0][1]
    refused = rules.refusal(good, pieces, good.had)
    if refused is not None:
        raise PromotionRefused(**refused)
    return Offer(
        kind=KIND,
        promotion_id=promotion.id,
        label=LABEL,
        prices_fen={good.sku_id: good.price_fen},
        points={good.sku_id: good.points},
        take=PointsTake(promotion.id, pieces, good.points, good.price_fen),
    )


async def paid(_tx: db.Connection, _order: PromotedOrder, _at: datetime) -> list[Job]:
    """Step: an exchange was paid. Do nothing: its pieces were taken when it was placed."""
    return []


async def released(tx: db.Connection, order: PromotedOrder, _at: datetime) -> None:
    """Step: an unpaid exchange was closed; make its pieces available again."""
    await tx.execute(
        "UPDATE points_goods SET taken = taken - (SELECT sum(quantity) FROM order_lines WHERE order_id = $2)"
        " WHERE id = $1",
        order.promotion_id,
        order.id,
    )
