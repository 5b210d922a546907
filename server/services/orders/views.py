"""Reading orders: lists and details as their member sees them."""

from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.orders import LABELS, OrderStatus, allowed_actions
from server.rules.promises import Counting
from server.rules.shipping import Shipment, Way
from server.services.checkout import promises
from server.services.common import cursors
from server.services.members import addresses
from server.services.orders import fulfilment
from server.services.rebates import coupon_goods
from server.services.rebates.coupon_goods import BoughtCoupon
from server.services.terms import policy


class OrderLineView(msgspec.Struct):
    """A line with its shares, fixed at placing. `cards`: delivered card keys; `coupons`: the coupons that it bought."""

    line_id: int
    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    quantity: int
    unit_price_fen: int
    """The list price of a piece."""
    price_fen: int
    """The price of a piece in the order's promotion, else the list price."""
    amount_fen: int
    discount_fen: int
    coupon_fen: int
    points: int
    points_fen: int
    balance_fen: int
    cash_fen: int
    refunded_quantity: int
    refunded_fen: int
    cards: list[str]
    coupons: list[BoughtCoupon] = []


class DeliveryAddress(msgspec.Struct):
    """The delivery address of an order."""

    name: str
    phone: str
    region: str
    detail: str


class TimelineStep(msgspec.Struct):
    """One thing that happened to the order."""

    label: str
    time: datetime


class OrderSummary(msgspec.Struct):
    """An order in a list."""

    order_no: str
    status: str
    status_label: str
    kind: str
    lines: list[OrderLineView]
    items_fen: int
    discounts: list[dict[str, Any]]  # house: typed-rows - as stored at placing; the API publishes a free object
    freight_fen: int
    balance_fen: int
    cash_due_fen: int
    refunded_fen: int
    """Cash and balance refunded so far."""
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    allowed_actions: list[str]
    refund_open: bool
    """A refund waits to be decided."""


class OrderDetail(OrderSummary):
    """An order with everything that its member can see."""

    address: DeliveryAddress | None
    remark: str
    shipped_by: Literal["express", "own", "pick_up"] | None
    """How the goods come; only express has a company and a tracking number."""
    shipped_by_label: str | None
    """Who brings them, in Chinese: the express company, or the shop."""
    company: str | None
    tracking_no: str | None
    timeline: list[TimelineStep]
    rebate_id: int | None
    """The live rebate that returns this order."""
    team_no: str | None
    """The team in which the order has a seat."""
    counts: list[Counting]
    """What the order counts for in 推三返一, in sentences; empty once it is closed, refunded or returned."""


class OrderCounts(msgspec.Struct):
    """Orders by what they wait for. `refunding` counts orders in any state with a refund that is not finished."""

    pending: int
    paid: int
    shipped: int
    received: int
    refunding: int


_SELECT = """
SELECT o.*, (SELECT json_agg(json_build_object('line_id', l.id, 'sku_id', l.sku_id, 'product_id', l.product_id,
    'title', l.title, 'image', l.image, 'spec', l.spec::json, 'quantity', l.quantity,
    'unit_price_fen', l.unit_price_fen, 'price_fen', COALESCE(l.promotion_fen, l.unit_price_fen),
    'points', l.points, 'points_fen', l.points_fen,
    'amount_fen', l.amount_fen, 'discount_fen', l.discount_fen, 'coupon_fen', l.coupon_fen,
    'balance_fen', l.balance_fen, 'cash_fen', l.cash_fen, 'refunded_quantity', l.refunded_quantity,
    'refunded_fen', l.refunded_cash_fen + l.refunded_balance_fen, 'cards', '[]'::json) ORDER BY l.position)
  FROM order_lines l WHERE l.order_id = o.id) AS lines,
  (SELECT sum(quantity - refunded_quantity) FROM order_lines WHERE order_id = o.id) AS left_over,
  EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id AND r.kind = 'order'
    AND r.state IN ('requested', 'returning', 'granting')) AS refund_open,
  (SELECT r.id FROM rebates r WHERE r.order_id = o.id AND r.state <> 'reversed') AS rebate_id,
  (SELECT team_no FROM teams WHERE id = o.team_id) AS team_no
FROM orders o
"""

_lines = msgspec.json.Decoder(list[OrderLineView])


async def counts(member_id: int) -> OrderCounts:
    """Count the member's orders by what they wait for."""
    row = await db.fetch_row(
        "SELECT count(*) FILTER (WHERE status = 'pending') AS pending,"
        " count(*) FILTER (WHERE status = 'paid') AS paid, count(*) FILTER (WHERE status = 'shipped') AS shipped,"
        " count(*) FILTER (WHERE status = 'received') AS received,"
        " count(*) FILTER (WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id AND r.kind = 'order'"
        " AND r.state NOT IN ('rejected', 'succeeded'))) AS refunding FROM orders o WHERE o.member_id = $1",
        member_id,
    )
    return msgspec.convert(dict(row or {}), OrderCounts)


async def page_of(
    deps: Deps,
    member_id: int,
    status: OrderStatus | None,
    cursor: str | None,
    limit: int,
    *,
    with_refund: bool = False,
) -> tuple[list[OrderSummary], str | None]:
    """List the member's own orders, newest first, and the next page's cursor.

    Raises BadRequest for a bad cursor.
    """
    before = cursors.unpack(cursor, tuple[cursors.Number])[0] if cursor else None
    rows = await db.fetch(
        f"{_SELECT} WHERE o.member_id = $1 AND ($2::text IS NULL OR o.status = $2)"  # noqa: S608 - our own text
        " AND ($3::bigint IS NULL OR o.id < $3)"
        " AND (NOT $5 OR EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id AND r.kind = 'order'))"
        " ORDER BY o.id DESC LIMIT $4",
        member_id,
        status,
        before,
        limit + 1,
        with_refund,
    )
    shop = await policy.current()
    now = deps.clock.now()
    items = [_summary(row, shop.refund_days, now) for row in rows[:limit]]
    return items, cursors.pack((rows[limit - 1]["id"],)) if len(rows) > limit else None


async def detail(deps: Deps, member_id: int, order_no: str) -> OrderDetail:
    """Read the member's own order. Raises NotFound."""
    row = await db.fetch_row(f"{_SELECT} WHERE o.order_no = $1 AND o.member_id = $2", order_no, member_id)
    if row is None:
        raise NotFound(what="order")
    shop = await policy.current()
    way = row["shipped_by"]
    sent = Shipment(Way(way), row["company"], row["tracking_no"]) if way else None
    view = OrderDetail(
        **msgspec.structs.asdict(_summary(row, shop.refund_days, deps.clock.now())),
        address=_address(deps, row),
        remark=row["remark"],
        shipped_by=row["shipped_by"],
        shipped_by_label=sent.label if sent else None,
        company=row["company"],
        tracking_no=row["tracking_no"],
        timeline=[TimelineStep(label, row[name]) for name, label in _TIMES if row[name] is not None],
        rebate_id=row["rebate_id"],
        team_no=row["team_no"],
        counts=await promises.of_order(row["id"], deps.clock.now()),
    )
    if any(line.product_id for line in view.lines) and row["paid_at"] is not None:
        delivered = await fulfilment.cards_of(deps, row["id"])
        issued = await coupon_goods.of_lines([line.line_id for line in view.lines], deps.clock.now())
        for line in view.lines:
            line.cards = [card.secret for card in delivered if card.order_line_id == line.line_id]
            line.coupons = issued.get(line.line_id, [])
    return view


_TIMES = (
    ("created_at", "下单"),
    ("paid_at", "付款"),
    ("shipped_at", "发货"),
    ("received_at", "收货"),
    ("completed_at", "完成"),
    ("closed_at", "关闭"),
    ("refunded_at", "退款"),
)


def _summary(row: asyncpg.Record, refund_days: int, now: datetime) -> OrderSummary:
    status = OrderStatus(row["status"])
    actions = allowed_actions(
        status,
        refundable=bool(row["left_over"]) and not row["refund_open"],
        received_at=row["received_at"],
        refund_days=refund_days,
        now=now,
    )
    return OrderSummary(
        order_no=row["order_no"],
        status=status,
        status_label=LABELS[status],
        kind=row["kind"],
        lines=_lines.decode(row["lines"]),
        items_fen=row["items_fen"],
        discounts=orjson.loads(row["discounts"]),
        freight_fen=row["freight_fen"],
        balance_fen=row["balance_fen"],
        cash_due_fen=row["cash_due_fen"],
        refunded_fen=row["refunded_cash_fen"] + row["refunded_balance_fen"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        allowed_actions=actions,
        refund_open=row["refund_open"],
    )


def _address(deps: Deps, row: asyncpg.Record) -> DeliveryAddress | None:
    if row["address_sealed"] is None:
        return None
    known = addresses.opened(deps.cipher, row["address_sealed"])
    return DeliveryAddress(known["name"], known["phone"], row["region"], known["detail"])
