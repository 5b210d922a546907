"""Close unpaid orders: first close the payment at WeChat, then release stock, coupon, balance and points."""

import contextlib

import orjson

from server import db, outbox
from server.core.errors import NotFound, StateConflict, WeChatUnavailable
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.ledger import book, entries, statement
from server.ledger.entries import Held
from server.outbox import Job
from server.rules.orders import OrderStatus
from server.services.checkout import payments
from server.services.common import batches, locks
from server.services.coupons.values import CouponHeld
from server.services.points import movements as point_movements
from server.services.promotions import kinds as promotion_kinds

BATCH = 50


async def cancel(deps: Deps, member_id: int, order_no: str) -> None:
    """Close the member's own pending order. Raises NotFound, StateConflict (also if the order turns out to be paid)."""
    row = await db.fetch_row("SELECT status FROM orders WHERE order_no = $1 AND member_id = $2", order_no, member_id)
    if row is None:
        raise NotFound(what="order")
    if row["status"] == OrderStatus.CLOSED:
        return
    if not await close(deps, order_no, "cancelled"):
        status = await db.fetch_value("SELECT status FROM orders WHERE order_no = $1", order_no)
        raise StateConflict(status=status)


# An order that cannot be closed (WeChat is silent, or says that a stranger paid) must not block the others.
_CLAIM = """
UPDATE orders SET close_at = $1::timestamptz + interval '10 seconds' WHERE id = ANY (ARRAY(SELECT id FROM orders
    WHERE status = 'pending' AND expires_at <= $1 AND (close_at IS NULL OR close_at <= $1)
    ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING id, order_no AS number
"""  # house: lock - a queue skips rows that are locked


async def close_expired(deps: Deps) -> int:
    """Close expired pending orders; returns how many were due. One that cannot be closed is retried next round.

    Raises Busy.
    """
    rows = await db.fetch(_CLAIM, deps.clock.now(), BATCH)
    due = [db.typed(row, batches.DueNumber) for row in rows]
    await batches.each(deps, "order", due, lambda one: _close_expired(deps, one.number), "number")
    return len(rows)


async def _close_expired(deps: Deps, order_no: str) -> None:
    with contextlib.suppress(WeChatUnavailable):  # the next round asks again
        await close(deps, order_no, "timeout")


async def close(deps: Deps, order_no: str, reason: str) -> bool:
    """Close a pending order; returns False when it is not pending (any more). Safe to repeat.

    Stock and coupon are released only after WeChat confirmed that the order number can no longer be paid. Raises
    WeChatUnavailable when WeChat did not confirm it.
    """
    while True:
        row = await db.fetch_row("SELECT status, prepay_started_at FROM orders WHERE order_no = $1", order_no)
        if row is None or row["status"] != OrderStatus.PENDING:
            return False
        opened = row["prepay_started_at"] is not None
        if opened and not await _shut(deps, order_no):
            await payments.check(deps, order_no)
            return False
        closed = await _close(deps, order_no, reason, opened=opened)
        if closed is not None:
            return closed


async def free_coupon(deps: Deps, held: CouponHeld) -> None:
    """Close the unpaid order that holds a coupon, or learn that it was paid.

    Raises WeChatUnavailable if it still holds the coupon: WeChat is silent, or its payment is being judged.
    """
    if await close(deps, held.order_no, "coupon_taken_back"):
        return
    if await db.fetch_value("SELECT status = 'pending' FROM orders WHERE order_no = $1", held.order_no):
        raise WeChatUnavailable


async def _shut(deps: Deps, order_no: str) -> bool:
    try:
        return await deps.pay.close(order_no)
    except (OutcomeUnknown, WeChatError) as error:
        raise WeChatUnavailable from error


async def _close(deps: Deps, order_no: str, reason: str, *, opened: bool) -> bool | None:
    """Close the order in the database; None when a payment was opened meanwhile and WeChat must be asked first."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.owner(tx, "order_no", order_no)
        order = await locks.order_of_no(tx, order_no)
        if order.status != OrderStatus.PENDING:
            return False
        if order.prepay_started_at is not None and not opened:
            return None
        await tx.execute(
            "UPDATE orders SET status = 'closed', closed_at = $2, close_reason = $3, check_at = NULL"
            " WHERE id = $1 AND status = 'pending'",
            order.id,
            at,
            reason,
        )
        kind = promotion_kinds.KINDS.get(order.kind)
        if kind is not None:
            await kind.released(tx, order, at)
        if kind is None or not kind.held_stock:
            lines = await tx.fetch("SELECT sku_id, quantity FROM order_lines WHERE order_id = $1", order.id)
            stock = orjson.dumps([{"sku": line["sku_id"], "n": line["quantity"]} for line in lines]).decode()
            await tx.execute("SELECT stock_move($1::jsonb, 'reserved', 'available', $2)", stock, at)
        await tx.execute(
            "UPDATE coupons SET state = 'unused', order_id = NULL, discount_fen = 0"
            " WHERE order_id = $1 AND state = 'locked'",
            order.id,
        )
        if order.balance_fen or order.points:
            spend_only = order.balance_fen - order.withdrawable_fen
            held = Held(spend_only, order.withdrawable_fen, order.points)
            owner = await statement.wallet(tx, order.member_id)
            await book.post(tx, entries.order_release(order_no, order.member_id, held, owner), at)
            await point_movements.reopen_ended(tx, order.member_id, at)
        if await tx.fetchval("SELECT EXISTS (SELECT FROM pending_bindings WHERE member_id = $1)", order.member_id):
            await outbox.put(tx, [Job("decide_bindings", {"member_id": order.member_id})], at)
    return True
