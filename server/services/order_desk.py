"""Orders and refunds as operators see them: by number, phone or state, in pages; what is personal is masked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.members import masked_name, masked_phone
from server.rules.orders import OrderStatus
from server.services import addresses, cursors
from server.services.members import PHONE_COLUMN

_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One order of a list."""

    id: int
    order_no: str
    status: OrderStatus
    titles: str
    cash_due_fen: int
    balance_fen: int
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund of a list, or of an order."""

    id: int
    refund_no: str
    order_no: str
    state: str
    kind: str
    reason: str
    cash_fen: int
    balance_fen: int
    withheld_fen: int
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One order with all that hangs on it. `order` has the columns of its row, `lines` those of its lines."""

    order: dict[str, Any]
    status: OrderStatus
    lines: list[dict[str, Any]]
    discounts: list[dict[str, Any]]
    refunds: list[RefundRow]
    receiver: str
    buyer: str


_LISTED = """
SELECT o.id, o.order_no, o.status, o.cash_due_fen, o.balance_fen, o.created_at, o.paid_at,
  (SELECT string_agg(title || ' ×' || quantity, '、' ORDER BY position)
     FROM order_lines WHERE order_id = o.id) AS titles
  FROM orders o WHERE o.id < $1 {only} ORDER BY o.id DESC LIMIT $2
"""
_ONLY = {
    "order_no": "AND o.order_no = $3",
    "phone": "AND o.member_id IN (SELECT id FROM members WHERE phone_blind = $3)",
    "status": "AND o.status = $3",
}


async def listed(
    deps: Deps, words: str, status: OrderStatus | None, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of orders, newest first, and the next page's cursor.

    `words` is an exact order number, or the buyer's phone number of eleven digits; both go before `status`. Raises
    BadRequest.
    """
    before = cursors.unpack(cursor, cursors.Number) if cursor else _NEWEST
    words = words.strip()
    given: tuple[str, str] | None = ("status", status) if status else None
    if words:
        is_phone = words.isdecimal() and len(words) == len("13812345678")
        given = ("phone", deps.cipher.blind(words, PHONE_COLUMN)) if is_phone else ("order_no", words.upper())
    only, values = (_ONLY[given[0]], [given[1]]) if given else ("", [])
    rows = await db.fetch(_LISTED.format(only=only), before, limit + 1, *values)
    found = [Row(**{**row, "status": OrderStatus(row["status"])}) for row in rows[:limit]]
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None


_REFUNDS = """
SELECT r.id, r.refund_no, o.order_no, r.state, r.kind, r.reason, r.cash_fen, r.balance_fen, r.withheld_fen,
  r.requested_at, r.decided_by, r.decided_at, r.problem FROM refunds r JOIN orders o ON o.id = r.order_id
"""


async def detail(deps: Deps, order_no: str) -> Detail:
    """Everything about one order. Raises NotFound."""
    order = await db.fetch_row(
        "SELECT o.*, m.nickname, m.phone_sealed FROM orders o JOIN members m ON m.id = o.member_id"
        " WHERE o.order_no = $1",
        order_no,
    )
    if order is None:
        raise NotFound(what="order")
    lines = await db.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", order["id"])
    refunds = await db.fetch(f"{_REFUNDS} WHERE r.order_id = $1 ORDER BY r.id DESC", order["id"])
    receiver = "—"
    if order["address_sealed"]:
        place = addresses.opened(deps.cipher, order["address_sealed"])
        receiver = f"{masked_name(place['name'])} {masked_phone(place['phone'])} {order['region']}"
    phone = masked_phone(deps.cipher.open(order["phone_sealed"], PHONE_COLUMN)) if order["phone_sealed"] else ""
    return Detail(
        order=dict(order),
        status=OrderStatus(order["status"]),
        lines=[{**line, "spec": orjson.loads(line["spec"])} for line in lines],
        discounts=orjson.loads(order["discounts"]),
        refunds=[RefundRow(**row) for row in refunds],
        receiver=receiver,
        buyer=f"#{order['member_id']} {masked_name(order['nickname'])} {phone}".rstrip(),
    )


async def refunds(state: str, cursor: str | None, limit: int) -> tuple[list[RefundRow], str | None]:
    """A page of refunds, newest first, of one state or (empty) all, and the next page's cursor. Raises BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else _NEWEST
    only, values = ("AND r.state = $3", [state]) if state else ("", [])
    rows = await db.fetch(f"{_REFUNDS} WHERE r.id < $1 {only} ORDER BY r.id DESC LIMIT $2", before, limit + 1, *values)
    found = [RefundRow(**row) for row in rows[:limit]]
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None


async def order_of_refund(refund_no: str) -> str:
    """The number of the order that a refund belongs to. Raises NotFound."""
    found: str | None = await db.fetch_value(
        "SELECT o.order_no FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1", refund_no
    )
    if found is None:
        raise NotFound(what="refund")
    return found
