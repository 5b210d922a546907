"""Grant refunds: the decision and everything that it changes in our books, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from server import db, outbox
from server.core.errors import NotFound, StateConflict
from server.core.money import yuan
from server.ledger import book, entries, statement
from server.ledger.entries import Held, RefundSums
from server.outbox import Job
from server.rules.orders import PAID_STATES, OrderStatus, in_sql
from server.rules.rebates import LineNet, qualifies
from server.rules.refunds import LineState, RefundPlan, Withheld, plan, withhold
from server.services.commissions import earnings
from server.services.common import locks
from server.services.common.locks import LockedOrder
from server.services.coupons import values
from server.services.growth import progress
from server.services.notices import messages
from server.services.points import movements as point_movements
from server.services.rebates import coupon_goods, first_orders, reversals
from server.services.rebates.reversals import Short
from server.services.terms.rebate_rules import terms_of


@dataclass(frozen=True, slots=True)
class RefundableOrder:
    """An order under all the locks that a refund of it needs."""

    row: LockedOrder
    lines: list[LineState]
    categories: dict[int, tuple[int, int]]
    """Line id → (product_id, category_id)."""


async def lock(tx: db.Connection, order_no: str) -> RefundableOrder:
    """Step: lock the buyer and the referrers (ascending), then the order.

    Who they are is read without a lock and checked again under the locks. Raises NotFound, StateConflict (the referrer
    changed meanwhile).
    """
    found = await tx.fetchrow(
        "SELECT id, member_id, referrer_id, ancestor2_id FROM orders WHERE order_no = $1", order_no
    )
    if found is None:
        raise NotFound(what="order")
    # whatever this order earns, now or later, goes to the referrers that were recorded at payment
    owners = [found["member_id"], found["referrer_id"], found["ancestor2_id"]]
    await locks.members(tx, owners)
    row = await locks.order(tx, found["id"])
    if row.referrer_id != found["referrer_id"]:
        raise StateConflict(status=row.status)
    lines = await tx.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", found["id"])
    return RefundableOrder(
        row,
        [LineState(**{name: line[name] for name in LineState.__dataclass_fields__}) for line in lines],
        {line["id"]: (line["product_id"], line["category_id"]) for line in lines},
    )


async def planned_of(tx: db.Connection, order: RefundableOrder, refund_id: int) -> RefundPlan:
    """Step: return what an undecided refund of the locked order would give now. Raises RefundNotAllowed."""
    asked = await tx.fetch("SELECT order_line_id, quantity FROM refund_lines WHERE refund_id = $1", refund_id)
    return plan(order.lines, {line["order_line_id"]: line["quantity"] for line in asked})


async def grant(
    tx: db.Connection,
    order: RefundableOrder,
    refund_id: int,
    planned: RefundPlan,
    operator: str,
    at: datetime,
    *,
    restock: bool = False,
) -> None:
    """Step: write the decision and all that it changes in our books; a job asks WeChat for the cash afterwards.

    Raises CouponHeld: an unpaid order holds a coupon that this refund takes back.
    """
    refund_no = await tx.fetchval("SELECT refund_no FROM refunds WHERE id = $1", refund_id)
    await _lock_rewards(tx, order.row.id)
    unshipped = order.row.status in (OrderStatus.PAID, OrderStatus.TEAMING)
    freight = _Freight.of(order) if planned.empties and unshipped else _Freight(0, 0, 0)
    await _write_lines(tx, order, planned, freight, at)
    await _after_goods(tx, planned, at, here=unshipped or restock)
    if planned.whole and order.row.coupon_id is not None:
        await values.give_back(tx, order.row.coupon_id, refund_no, at)
    short, jobs = await _returned(tx, order, planned, refund_no, at)
    await coupon_goods.take_back(tx, order.row, refund_id, at)
    await earnings.reduce(tx, order.row.id, refund_no, at)
    net_fen = sum(line.net_cash_fen for line in _nets(order, planned))
    await point_movements.reduce(tx, order.row, refund_no, net_fen, at)
    await progress.reduce(tx, order.row.id, order.row.member_id, refund_no, net_fen, at)
    jobs += await _qualified(tx, order, planned, refund_no, at)
    spend_only = planned.balance_fen - planned.withdrawable_fen + freight.spend_only_fen
    kept = withhold(
        short.fen, planned.cash_fen + freight.cash_fen, spend_only, planned.withdrawable_fen + freight.withdrawable_fen
    )
    await values.withhold(tx, short.coupons, kept.total_fen, refund_no, at)
    await _post(tx, order, refund_no, kept, planned.points, at)
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
        order.row.id,
        at if restock and not unshipped else None,
    )
    if kept.cash_fen:
        jobs.append(Job("send_refund", {"refund_id": refund_id}))
    back_fen = kept.cash_fen + kept.spend_only_fen + kept.withdrawable_fen
    jobs.append(notice(order.row.member_id, order.row.order_no, back_fen, "已同意退款"))
    await outbox.put(tx, jobs, at)


async def _lock_rewards(tx: db.Connection, order_id: int) -> None:
    """Lock the rebates of the order and of its qualification, and their qualifications.

    They come before stock in the order of locks, but stock is moved first.
    """
    rebates = await tx.fetch(
        "SELECT id FROM rebates WHERE state <> 'reversed' AND (order_id = $1 OR id ="
        " (SELECT rebate_id FROM qualifications WHERE order_id = $1 AND state <> 'void'))"
        " FOR NO KEY UPDATE",  # house: lock - under their members' locks
        order_id,
    )
    await tx.execute(
        "SELECT FROM qualifications WHERE order_id = $1 AND state <> 'void' OR rebate_id = ANY ($2)"
        " FOR NO KEY UPDATE",  # house: lock - under their referrers' locks
        order_id,
        [row["id"] for row in rebates],
    )


def notice(member_id: int, order_no: str, amount_fen: int, state: str) -> Job:
    """Build the notice about a refund's new state; `state` has at most five characters."""
    values = {"order_no": order_no, "amount": f"{yuan(amount_fen)}元", "state": state}
    return messages.notice_job(member_id, "refund", values, f"order_no={order_no}")


@dataclass(frozen=True, slots=True)
class _Freight:
    """The freight that is refunded with the last piece of an unshipped order, split by how it was paid."""

    cash_fen: int
    spend_only_fen: int
    withdrawable_fen: int

    @classmethod
    def of(cls, order: RefundableOrder) -> "_Freight":
        cash = order.row.freight_cash_fen
        balance = order.row.freight_fen - cash
        withdrawable = order.row.withdrawable_fen - sum(line.withdrawable_fen for line in order.lines)
        return cls(cash, balance - withdrawable, withdrawable)


async def _write_lines(
    tx: db.Connection, order: RefundableOrder, planned: RefundPlan, freight: _Freight, at: datetime
) -> None:
    await tx.executemany(
        "UPDATE order_lines SET refunded_quantity = refunded_quantity + $2, refunded_cash_fen = refunded_cash_fen + $3,"
        " refunded_balance_fen = refunded_balance_fen + $4,"
        " refunded_withdrawable_fen = refunded_withdrawable_fen + $5, refunded_points = refunded_points + $6"
        " WHERE id = $1",
        [
            (line.line_id, line.quantity, line.cash_fen, line.balance_fen, line.withdrawable_fen, line.points)
            for line in planned.lines
        ],
    )
    await tx.execute(
        "UPDATE orders SET refunded_cash_fen = refunded_cash_fen + $2,"
        " refunded_balance_fen = refunded_balance_fen + $3, refunded_freight_fen = refunded_freight_fen + $4,"
        " refunded_points = refunded_points + $7, status = CASE WHEN $5 THEN 'refunded' ELSE status END,"
        " refunded_at = CASE WHEN $5 THEN $6::timestamptz ELSE refunded_at END WHERE id = $1",
        order.row.id,
        planned.cash_fen + freight.cash_fen,
        planned.balance_fen + freight.spend_only_fen + freight.withdrawable_fen,
        freight.cash_fen,
        planned.empties,
        at,
        planned.points,
    )


_STILL_HERE = """
SELECT l.sku_id AS sku, LEAST(w.n, l.quantity - l.refunded_quantity + w.n
    - handed_out(l.id)) AS n
  FROM unnest($1::bigint[], $2::int[]) AS w (id, n) JOIN order_lines l ON l.id = w.id WHERE l.virtual OR $3
"""


async def _after_goods(tx: db.Connection, planned: RefundPlan, at: datetime, *, here: bool) -> None:
    """Put stock that never left, or came back, on sale again.

    Virtual goods leave as card keys or coupons; those never return to stock.
    """
    pieces = [line.quantity for line in planned.lines]
    rows = await tx.fetch(_STILL_HERE, [line.line_id for line in planned.lines], pieces, here)
    stock = orjson.dumps([dict(row) for row in rows if row["n"] > 0]).decode()
    await tx.execute("SELECT stock_move($1::jsonb, 'sold', 'available', $2)", stock, at)


def _nets(order: RefundableOrder, planned: RefundPlan) -> list[LineNet]:
    """Compute the net cash per line as it is after this refund."""
    now = {line.line_id: line.cash_fen for line in planned.lines}
    return [
        LineNet(*order.categories[line.id], line.cash_fen - line.refunded_cash_fen - now.get(line.id, 0))
        for line in order.lines
    ]


async def _returned(
    tx: db.Connection, order: RefundableOrder, planned: RefundPlan, refund_no: str, at: datetime
) -> tuple[Short, list[Job]]:
    """Take back the buyer's own rebate for this order first.

    Returns what wallet and coupons cannot cover, which is withheld from this refund, and the follow-up jobs.
    """
    rebate_id = await tx.fetchval("SELECT id FROM rebates WHERE order_id = $1 AND state <> 'reversed'", order.row.id)
    if rebate_id is None:
        return reversals.NOTHING, []
    return await reversals.reduce(tx, rebate_id, _nets(order, planned), refund_no, at)


async def _qualified(
    tx: db.Connection, order: RefundableOrder, planned: RefundPlan, refund_no: str, at: datetime
) -> list[Job]:
    """Void the qualification that this order gave the buyer's referrer if the order no longer matches its rule.

    The next order decides then, also if this one gave none because it had no referrer. If it still matches, apply the
    payout cap of the rebate that consumed it again.
    """
    row = await tx.fetchrow(
        "SELECT id, rebate_id FROM qualifications WHERE order_id = $1 AND state <> 'void'", order.row.id
    )
    version = order.row.rule_version
    if version is None:
        return []
    terms, nets = await terms_of(version), _nets(order, planned)
    if not planned.empties and qualifies(terms, order.row.kind, nets):
        if row is None or row["rebate_id"] is None:
            return []
        net_fen = sum(line.net_cash_fen for line in nets)
        return await reversals.recap(tx, row["rebate_id"], order.row.id, net_fen, refund_no, at)
    if row is None:
        may_qualify = await tx.fetchval(_MAY_QUALIFY, order.row.member_id)
        return [Job("requalify", {"member_id": order.row.member_id})] if may_qualify else []
    why = "team_failed" if order.row.status == OrderStatus.TEAMING else "refund"
    jobs = await reversals.lose(tx, row["id"], why, at)
    return jobs + await first_orders.requalify(tx, order.row.member_id, at)


_MAY_QUALIFY = f"""
SELECT EXISTS (SELECT FROM orders WHERE member_id = $1 AND referrer_id IS NOT NULL
    AND status IN ({in_sql(PAID_STATES)}))
  AND NOT EXISTS (SELECT FROM qualifications WHERE referee_id = $1 AND state <> 'void')
"""  # noqa: S608 - our own words


async def _post(
    tx: db.Connection, order: RefundableOrder, refund_no: str, kept: Withheld, back: int, at: datetime
) -> None:
    owner = await statement.wallet(tx, order.row.member_id)
    sums = RefundSums(kept.cash_fen, kept.total_fen, Held(kept.spend_only_fen, kept.withdrawable_fen, back))
    await book.post(tx, entries.refund(refund_no, order.row.order_no, order.row.member_id, sums, owner), at)
    if back:
        await point_movements.reopen_ended(tx, order.row.member_id, at)
