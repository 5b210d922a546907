"""Refunds of orders: asked for, decided, granted in one transaction with all that was earned from the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import orjson

from server import db, outbox
from server.core import ids
from server.core.errors import NotFound, RefundNotAllowed, RefundOpen, StateConflict
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.outbox import Job
from server.rules.orders import OrderStatus, refund_window_open
from server.rules.rebates import LineNet, qualifies
from server.rules.refunds import LABELS, UNDECIDED, LineState, RefundPlan, Withheld, plan, withhold
from server.services import audit_log, commissions, idempotency, notices, policy, qualifications, reversals
from server.services.idempotency import Keyed
from server.services.rules import terms_of

SYSTEM = "system"
_CARDS_OUT = """
SELECT EXISTS (SELECT FROM card_keys k JOIN order_lines l ON l.id = k.order_line_id WHERE l.order_id = $1)
"""


class RefundView(msgspec.Struct):
    """One refund as its member sees it. `cash_fen` goes back through WeChat, `balance_fen` to the wallet."""

    refund_no: str
    state: str
    state_label: str
    reason: str
    cash_fen: int
    balance_fen: int
    withheld_fen: int
    points: int
    requested_at: datetime
    decided_at: datetime | None
    finished_at: datetime | None
    answer: str | None
    """What the shop said when it decided."""
    return_to: str | None
    """Where the goods must be sent, while or after they were asked back."""
    return_by: datetime | None
    return_company: str | None
    return_tracking_no: str | None


async def request(
    deps: Deps, member_id: int, order_no: str, wanted: Mapping[int, int] | None, reason: str, keyed: Keyed
) -> bytes:
    """A member asks for a refund (`wanted`: line id → pieces, None: everything left); the encoded RefundView.

    A whole order of which nothing has left, card keys included, is granted at once; everything else waits for an
    operator. Raises NotFound, RefundNotAllowed, RefundOpen, IdempotencyMismatch, Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    owner = await db.fetch_value("SELECT member_id FROM orders WHERE order_no = $1", order_no)
    if owner != member_id:
        raise NotFound(what="order")

    async def work(tx: db.Connection) -> RefundView:
        order = await _lock(tx, order_no)
        status = OrderStatus(order.row["status"])
        if not refund_window_open(status, order.row["received_at"], shop.refund_days, at):
            raise RefundNotAllowed(reason="window" if status is OrderStatus.RECEIVED else "status")
        refund_id, planned = await _open(tx, order, wanted, reason, at)
        if planned.whole and status is OrderStatus.PAID and not await tx.fetchval(_CARDS_OUT, order.row["id"]):
            await _grant(tx, order, refund_id, planned, SYSTEM, at)
        return await view(tx, refund_id)

    return await idempotency.once(member_id, keyed, at, work)


async def open_for(
    deps: Deps, order_no: str, wanted: Mapping[int, int] | None, reason: str, operator: str
) -> RefundView:
    """An operator opens a refund, at any time after payment; it still has to be approved. Raises as `request`."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        order = await _lock(tx, order_no)
        refund_id, _ = await _open(tx, order, wanted, reason, at)
        await audit_log.record(tx, at, operator, "refund_open", f"order:{order_no}", {"reason": reason})
        return await view(tx, refund_id)


async def approve(deps: Deps, refund_no: str, operator: str, reason: str = "", *, restock: bool = False) -> RefundView:
    """Grant a refund, or say that its goods came back; `reason` is for the log.

    With `restock` shipped goods that came back are for sale again. Raises NotFound, StateConflict, RefundNotAllowed,
    Busy.
    """
    order_no = await db.fetch_value(
        "SELECT o.order_no FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1", refund_no
    )
    if order_no is None:
        raise NotFound(what="refund")
    async with db.transaction() as tx:
        order = await _lock(tx, order_no)
        at = deps.clock.now()  # under the lock, as in `ship`: whether it had left is told by comparing the two times
        refund_id, before = await undecided(tx, refund_no)
        asked = await tx.fetch("SELECT order_line_id, quantity FROM refund_lines WHERE refund_id = $1", refund_id)
        planned = plan(order.lines, {line["order_line_id"]: line["quantity"] for line in asked})
        await _grant(tx, order, refund_id, planned, operator, at, restock=restock)
        detail = {"before": before, "after": "approved", "reason": reason, "order_no": order_no, "restock": restock}
        await audit_log.record(tx, at, operator, "refund_approve", f"refund:{refund_no}", detail)
        return await view(tx, refund_id)


async def reject(deps: Deps, refund_no: str, operator: str, reason: str = "") -> RefundView:
    """Turn a refund down; the member reads `reason`. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        refund_id, before = await undecided(tx, refund_no)
        await tx.execute(
            "UPDATE refunds SET state = 'rejected', decided_at = $2, decided_by = $3, finished_at = $2, answer = $4"
            " WHERE id = $1",
            refund_id,
            at,
            operator,
            reason or None,
        )
        row = await tx.fetchrow(
            "SELECT o.order_no, r.member_id, r.cash_fen + r.balance_fen AS amount_fen FROM refunds r"
            " JOIN orders o ON o.id = r.order_id WHERE r.id = $1",
            refund_id,
        )
        await outbox.put(tx, [told(row["member_id"], row["order_no"], row["amount_fen"], "未通过审核")], at)
        detail = {"before": before, "after": "rejected", "reason": reason}
        await audit_log.record(tx, at, operator, "refund_reject", f"refund:{refund_no}", detail)
        return await view(tx, refund_id)


async def undecided(tx: db.Connection, refund_no: str) -> tuple[int, str]:
    """Step: lock a refund that is still to be decided; its id and state. Raises NotFound, StateConflict."""
    row = await tx.fetchrow("SELECT id, state FROM refunds WHERE refund_no = $1 FOR NO KEY UPDATE", refund_no)
    if row is None:
        raise NotFound(what="refund")
    if row["state"] not in UNDECIDED:
        raise StateConflict(status=row["state"])
    return row["id"], row["state"]


@dataclass(frozen=True, slots=True)
class _Order:
    """An order under all the locks that a refund of it needs."""

    row: dict[str, Any]
    lines: list[LineState]
    categories: dict[int, tuple[int, int]]
    """Line id → (product_id, category_id)."""


async def _lock(tx: db.Connection, order_no: str) -> _Order:
    """Lock the buyer and the referrers (ascending), then the order. They are found unlocked and checked again."""
    found = await tx.fetchrow(
        "SELECT id, member_id, referrer_id, ancestor2_id FROM orders WHERE order_no = $1", order_no
    )
    if found is None:
        raise NotFound(what="order")
    # all that this order gives, now or later, goes to the referrers that it was paid under
    owners = [found["member_id"], found["referrer_id"], found["ancestor2_id"]]
    await tx.execute("SELECT 1 FROM members WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", owners)
    row = await tx.fetchrow("SELECT * FROM orders WHERE id = $1 FOR NO KEY UPDATE", found["id"])
    if row["referrer_id"] != found["referrer_id"]:
        raise StateConflict(status=row["status"])
    lines = await tx.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", found["id"])
    return _Order(
        dict(row),
        [LineState(**{name: line[name] for name in LineState.__dataclass_fields__}) for line in lines],
        {line["id"]: (line["product_id"], line["category_id"]) for line in lines},
    )


async def _open(
    tx: db.Connection, order: _Order, wanted: Mapping[int, int] | None, reason: str, at: datetime
) -> tuple[int, RefundPlan]:
    status = OrderStatus(order.row["status"])
    if status not in (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.RECEIVED, OrderStatus.COMPLETED):
        raise RefundNotAllowed(reason="status")
    planned = plan(order.lines, wanted)
    refund_id = await tx.fetchval(
        "INSERT INTO refunds (refund_no, order_id, member_id, kind, state, reason, whole, cash_fen, freight_fen,"
        " balance_fen, withdrawable_fen, withheld_fen, requested_at)"
        " VALUES ($1, $2, $3, 'order', 'requested', $4, $5, $6, 0, $7, $8, 0, $9)"
        " ON CONFLICT (order_id) WHERE kind = 'order' AND state IN ('requested', 'returning') DO NOTHING RETURNING id",
        ids.number("R", at),
        order.row["id"],
        order.row["member_id"],
        reason,
        planned.whole,
        planned.cash_fen,
        planned.balance_fen,
        planned.withdrawable_fen,
        at,
    )
    if refund_id is None:
        raise RefundOpen
    await tx.executemany(
        "INSERT INTO refund_lines (refund_id, order_line_id, quantity, cash_fen, balance_fen, withdrawable_fen)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (refund_id, line.line_id, line.quantity, line.cash_fen, line.balance_fen, line.withdrawable_fen)
            for line in planned.lines
        ],
    )
    return refund_id, planned


async def _grant(
    tx: db.Connection,
    order: _Order,
    refund_id: int,
    planned: RefundPlan,
    operator: str,
    at: datetime,
    *,
    restock: bool = False,
) -> None:
    """The decision and everything that follows from it in our books; WeChat is asked afterwards, by a job."""
    refund_no = await tx.fetchval("SELECT refund_no FROM refunds WHERE id = $1", refund_id)
    unshipped = order.row["status"] == OrderStatus.PAID
    freight = _Freight.of(order) if planned.whole and unshipped else _Freight(0, 0, 0)
    await _write_lines(tx, order, planned, freight, at)
    await _after_goods(tx, order, planned, at, here=unshipped or restock)
    short, jobs = await _returned(tx, order, planned, refund_no, at)
    jobs += await _qualified(tx, order, planned, at)
    await commissions.reduce(tx, order.row["id"], refund_no, at)
    spend_only = planned.balance_fen - planned.withdrawable_fen + freight.spend_only_fen
    kept = withhold(
        short, planned.cash_fen + freight.cash_fen, spend_only, planned.withdrawable_fen + freight.withdrawable_fen
    )
    await _post(tx, order, refund_no, kept, at)
    await tx.execute(
        "UPDATE refunds SET state = $2, decided_at = $3, decided_by = $4, cash_fen = $5, balance_fen = $6,"
        " withdrawable_fen = $7, withheld_fen = $8, freight_fen = $9, check_at = $3, finished_at = $10,"
        " restocked_at = $12,"
        " payment_id = (SELECT id FROM payments WHERE order_id = $11 AND outcome = 'settled') WHERE id = $1",
        refund_id,
        "approved" if kept.cash_fen else "succeeded",
        at,
        operator,
        kept.cash_fen,
        kept.spend_only_fen + kept.withdrawable_fen,
        kept.withdrawable_fen,
        kept.total_fen,
        freight.cash_fen,
        None if kept.cash_fen else at,
        order.row["id"],
        at if restock and not unshipped else None,
    )
    if kept.cash_fen:
        jobs.append(Job("send_refund", {"refund_id": refund_id}))
    jobs.append(
        told(order.row["member_id"], order.row["order_no"], planned.cash_fen + planned.balance_fen, "已同意退款")
    )
    await outbox.put(tx, jobs, at)


def told(member_id: int, order_no: str, amount_fen: int, state: str) -> Job:
    """The notice of what became of a refund; `state` has at most five characters."""
    values = {"order_no": order_no, "amount": f"{yuan(amount_fen)}元", "state": state}
    return notices.notice_job(member_id, "refund", values, f"order_no={order_no}")


@dataclass(frozen=True, slots=True)
class _Freight:
    """The freight that comes back with a whole unshipped order, by how it was paid."""

    cash_fen: int
    spend_only_fen: int
    withdrawable_fen: int

    @classmethod
    def of(cls, order: _Order) -> "_Freight":
        cash: int = order.row["freight_cash_fen"]
        balance = order.row["freight_fen"] - cash
        withdrawable = order.row["withdrawable_fen"] - sum(line.withdrawable_fen for line in order.lines)
        return cls(cash, balance - withdrawable, withdrawable)


async def _write_lines(tx: db.Connection, order: _Order, planned: RefundPlan, freight: _Freight, at: datetime) -> None:
    await tx.executemany(
        "UPDATE order_lines SET refunded_quantity = refunded_quantity + $2, refunded_cash_fen = refunded_cash_fen + $3,"
        " refunded_balance_fen = refunded_balance_fen + $4,"
        " refunded_withdrawable_fen = refunded_withdrawable_fen + $5 WHERE id = $1",
        [
            (line.line_id, line.quantity, line.cash_fen, line.balance_fen, line.withdrawable_fen)
            for line in planned.lines
        ],
    )
    await tx.execute(
        "UPDATE orders SET refunded_cash_fen = refunded_cash_fen + $2,"
        " refunded_balance_fen = refunded_balance_fen + $3, refunded_freight_fen = refunded_freight_fen + $4,"
        " status = CASE WHEN $5 THEN 'refunded' ELSE status END,"
        " refunded_at = CASE WHEN $5 THEN $6::timestamptz ELSE refunded_at END WHERE id = $1",
        order.row["id"],
        planned.cash_fen + freight.cash_fen,
        planned.balance_fen + freight.spend_only_fen + freight.withdrawable_fen,
        freight.cash_fen,
        planned.empties,
        at,
    )


_STILL_HERE = """
SELECT l.sku_id AS sku, LEAST(w.n, l.quantity - l.refunded_quantity + w.n
    - (SELECT count(*) FROM card_keys WHERE order_line_id = l.id))::int AS n
  FROM unnest($1::bigint[], $2::int[]) AS w (id, n) JOIN order_lines l ON l.id = w.id WHERE l.virtual OR $3
"""


async def _after_goods(tx: db.Connection, order: _Order, planned: RefundPlan, at: datetime, *, here: bool) -> None:
    """Stock that never left, or came back, is for sale again; a coupon comes back with a whole refund.

    Virtual goods leave as card keys, which never come back.
    """
    pieces = [line.quantity for line in planned.lines]
    rows = await tx.fetch(_STILL_HERE, [line.line_id for line in planned.lines], pieces, here)
    stock = orjson.dumps([dict(row) for row in rows if row["n"] > 0]).decode()
    await tx.execute("SELECT stock_move($1::jsonb, 'sold', 'available', $2)", stock, at)
    if planned.whole and order.row["coupon_id"] is not None:
        await tx.execute(
            "UPDATE coupons SET state = 'unused', order_id = NULL, discount_fen = 0 WHERE id = $1 AND state = 'used'",
            order.row["coupon_id"],
        )


def _nets(order: _Order, planned: RefundPlan) -> list[LineNet]:
    """Net cash per line once this refund is granted."""
    now = {line.line_id: line.cash_fen for line in planned.lines}
    return [
        LineNet(*order.categories[line.id], line.cash_fen - line.refunded_cash_fen - now.get(line.id, 0))
        for line in order.lines
    ]


async def _returned(
    tx: db.Connection, order: _Order, planned: RefundPlan, refund_no: str, at: datetime
) -> tuple[int, list[Job]]:
    """The buyer's own rebate for this order goes first; what its wallet cannot cover is withheld from this refund."""
    rebate_id = await tx.fetchval("SELECT id FROM rebates WHERE order_id = $1 AND state <> 'reversed'", order.row["id"])
    if rebate_id is None:
        return 0, []
    if planned.empties:
        return await reversals.reverse(tx, rebate_id, "returned_refund", at, debt=False)
    return await reversals.reduce(tx, rebate_id, _nets(order, planned), refund_no, at)


async def _qualified(tx: db.Connection, order: _Order, planned: RefundPlan, at: datetime) -> list[Job]:
    """The qualification this order gave the buyer's referrer: void when the order no longer matches its rule."""
    row = await tx.fetchrow("SELECT id FROM qualifications WHERE order_id = $1 AND state <> 'void'", order.row["id"])
    if row is None:
        return []
    terms = await terms_of(order.row["rule_version"])
    if not planned.empties and qualifies(terms, order.row["kind"], _nets(order, planned)):
        return []
    jobs = await reversals.lose(tx, row["id"], "refund", at)
    return jobs + await qualifications.requalify(tx, order.row["member_id"], at)


async def _post(tx: db.Connection, order: _Order, refund_no: str, kept: Withheld, at: datetime) -> None:
    owed = (await statement.wallet(tx, order.row["member_id"])).debts
    sums = entries.RefundSums(kept.cash_fen, kept.total_fen, kept.spend_only_fen, kept.withdrawable_fen)
    await book.post(tx, entries.refund(refund_no, order.row["order_no"], order.row["member_id"], sums, owed), at)


_VIEW = (
    "SELECT refund_no, state, reason, cash_fen, balance_fen, withheld_fen, requested_at, decided_at, finished_at,"
    " answer, return_to, return_by, return_company, return_tracking_no FROM refunds"
)


def _shown(row: Mapping[str, Any]) -> RefundView:
    state = "processing" if row["state"] in ("approved", "abnormal") else row["state"]
    return RefundView(**{**row, "state": state}, state_label=LABELS[state], points=0)


async def view(tx: db.Connection, refund_id: int) -> RefundView:
    """Step: a refund as its member sees it."""
    return _shown(await tx.fetchrow(f"{_VIEW} WHERE id = $1", refund_id))


async def of_order(member_id: int, order_no: str) -> list[RefundView]:
    """The refunds of one's own order, newest first. Raises NotFound."""
    order_id = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1 AND member_id = $2", order_no, member_id)
    if order_id is None:
        raise NotFound(what="order")
    rows = await db.fetch(f"{_VIEW} WHERE order_id = $1 AND kind = 'order' ORDER BY id DESC", order_id)
    return [_shown(row) for row in rows]
