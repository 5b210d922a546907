"""Refunds of orders: request, decide, grant.

Granting a refund also takes back everything that the order had earned, in one transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import msgspec

from server import db, outbox
from server.core import ids
from server.core.errors import NotFound, RefundNotAllowed, RefundOpen, StateConflict
from server.gateways.ports import Deps
from server.rules.approvals import RefundApprove
from server.rules.orders import SETTLED_STATES, OrderStatus, refund_window_open
from server.rules.refunds import LABELS, UNDECIDED, WAITS_FOR_OWN_ORDER, RefundAction, RefundPlan, plan, refund_actions
from server.rules.shop import ShopPolicy
from server.services.common import approvals, audit_log, idempotency
from server.services.common.approvals import Leave
from server.services.common.idempotency import Keyed
from server.services.coupons.values import CouponHeld
from server.services.orders import fulfilment, refund_grants, refund_waits
from server.services.orders.refund_grants import RefundableOrder
from server.services.terms import policy

SYSTEM = "system"
_OPERATORS = SETTLED_STATES
"""States in which an operator may open a refund of an order; an undecided team must be decided first."""
_HANDED_OUT = "SELECT EXISTS (SELECT FROM order_lines WHERE order_id = $1 AND virtual AND handed_out(id) > 0)"


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
    """Where to send the goods; set once the shop has asked for them."""
    return_by: datetime | None
    return_company: str | None
    return_tracking_no: str | None
    allowed_actions: list[RefundAction]
    delayed: bool
    """WeChat could not return the cash the way it came; the shop finds another way."""


async def request(
    deps: Deps, member_id: int, order_no: str, wanted: Mapping[int, int] | None, reason: str, keyed: Keyed
) -> bytes:
    """Request a refund as a member (`wanted`: line id → pieces, None: everything left); returns the encoded RefundView.

    The refund of a whole order is granted at once if nothing was shipped and no card key or coupon was handed out.
    Every other refund waits for an operator. Raises NotFound, RefundNotAllowed, RefundOpen, IdempotencyMismatch, Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    owner = await db.fetch_value("SELECT member_id FROM orders WHERE order_no = $1", order_no)
    if owner != member_id:
        raise NotFound(what="order")

    async def work(tx: db.Connection, held: CouponHeld | None = None) -> RefundView:
        order = await refund_grants.lock(tx, order_no)
        # A receipt that only an earlier request held back comes first. Else asking again and again would hold it for
        # ever, and with it the rebates of others.
        if await fulfilment.receive_if_overdue(tx, order.row, shop.receive_days, at):
            order = await refund_grants.lock(tx, order_no)
        status = OrderStatus(order.row.status)
        if not refund_window_open(status, order.row.received_at, shop.refund_days, at):
            raise RefundNotAllowed(reason="window" if status is OrderStatus.RECEIVED else "status")
        refund_id, planned = await open_refund(tx, order, wanted, reason, shop, at)
        if planned.whole and status is OrderStatus.PAID and not await tx.fetchval(_HANDED_OUT, order.row.id):
            if held is None:
                await refund_grants.grant(tx, order, refund_id, planned, SYSTEM, at)
            else:
                await refund_waits.wait(tx, refund_id, held, SYSTEM, at, restock=False)
        return await view(tx, refund_id)

    try:
        return await idempotency.once(member_id, keyed, at, work)
    except CouponHeld as held:
        return await idempotency.once(member_id, keyed, at, partial(work, held=held))


async def open_for(
    deps: Deps, order_no: str, wanted: Mapping[int, int] | None, reason: str, operator: str
) -> RefundView:
    """Open a refund as an operator, at any time after payment; it still needs approval. Raises as `request`."""
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        order = await refund_grants.lock(tx, order_no)
        if order.row.status not in _OPERATORS:
            raise RefundNotAllowed(reason="status")
        refund_id, _ = await open_refund(tx, order, wanted, reason, shop, at)
        await audit_log.record(tx, at, operator, "refund_open", f"order:{order_no}", {"reason": reason})
        return await view(tx, refund_id)


async def approve(
    deps: Deps, refund_no: str, operator: str, reason: str = "", *, restock: bool = False, leave: Leave | None = None
) -> RefundView:
    """Grant a refund, also one whose goods had to come back first; `reason` goes to the audit log.

    With `restock`, shipped goods that came back are put on sale again. Raises NotFound, StateConflict,
    RefundNotAllowed, AboveLimit, Busy.
    """
    order_no = await db.fetch_value(
        "SELECT o.order_no FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1", refund_no
    )
    if order_no is None:
        raise NotFound(what="refund")
    act = RefundApprove(refund_no=refund_no, restock=restock, reason=reason)
    try:
        return await _approve(deps, order_no, act, operator, leave)
    except CouponHeld as held:
        return await _approve(deps, order_no, act, operator, leave, held)


async def _approve(
    deps: Deps,
    order_no: str,
    act: RefundApprove,
    operator: str,
    leave: Leave | None,
    held: CouponHeld | None = None,
) -> RefundView:
    async with db.transaction() as tx:
        order = await refund_grants.lock(tx, order_no)
        at = deps.clock.now()  # under the lock, as in `ship`: comparing both times tells if goods had left
        refund_id, before = await lock_undecided(tx, act.refund_no)
        if held is None:
            planned = await refund_grants.planned_of(tx, order, refund_id)
            await refund_grants.grant(tx, order, refund_id, planned, operator, at, restock=act.restock)
        else:
            await refund_waits.wait(tx, refund_id, held, operator, at, restock=act.restock)
        after = "approved" if held is None else "granting"
        detail = {"before": before, "after": after, "reason": act.reason, "order_no": order_no, "restock": act.restock}
        given_fen = await tx.fetchval(_GIVEN, refund_id)
        detail["amount_fen"] = given_fen
        said = await approvals.weigh(tx, at, leave, detail, {"": given_fen}, [before, given_fen])
        await audit_log.record(tx, at, operator, "refund_approve", act.subject, said)
        return await view(tx, refund_id)


_GIVEN = "SELECT cash_fen + balance_fen + withheld_fen FROM refunds WHERE id = $1"


async def reject(deps: Deps, refund_no: str, operator: str, reason: str = "") -> RefundView:
    """Turn a refund down; the member reads `reason`. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        refund_id, before = await lock_undecided(tx, refund_no)
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
        told = refund_grants.notice(row["member_id"], row["order_no"], row["amount_fen"], "未通过审核")
        await outbox.put(tx, [told], at)
        detail = {"before": before, "after": "rejected", "reason": reason}
        await audit_log.record(tx, at, operator, "refund_reject", f"refund:{refund_no}", detail)
        return await view(tx, refund_id)


async def withdraw(deps: Deps, member_id: int, order_no: str, refund_no: str) -> RefundView:
    """Withdraw the member's own request. Repeating changes nothing.

    Raises NotFound; StateConflict: it was decided, or the goods are on their way back.
    """
    async with db.transaction() as tx:
        own = await lock_own(tx, member_id, order_no, refund_no)
        if own.state != "withdrawn":
            if "withdraw" not in refund_actions(own.state, own.return_tracking_no):
                raise StateConflict(status=own.state)
            await tx.execute(
                "UPDATE refunds SET state = 'withdrawn', finished_at = $2 WHERE id = $1", own.id, deps.clock.now()
            )
        return await view(tx, own.id)


class OwnRefund(msgspec.Struct, frozen=True):
    """A member's refund under its lock. `return_tracking_no` is the parcel that brings the goods back."""

    id: int
    state: str
    return_tracking_no: str | None


_OWN = f"""
SELECT {db.columns(OwnRefund)} FROM refunds WHERE refund_no = $1 AND member_id = $2
  AND order_id = (SELECT id FROM orders WHERE order_no = $3) FOR NO KEY UPDATE
"""  # noqa: S608 - our own names  # house: lock - a refund, the only lock of its callers


async def lock_own(tx: db.Connection, member_id: int, order_no: str, refund_no: str) -> OwnRefund:
    """Step: lock a refund of the member's own order. Raises NotFound."""
    row = await tx.fetchrow(_OWN, refund_no, member_id, order_no)
    if row is None:
        raise NotFound(what="refund")
    return db.typed(row, OwnRefund)


async def lock_undecided(tx: db.Connection, refund_no: str) -> tuple[int, str]:
    """Step: lock a refund that is not decided yet; returns its id and state. Raises NotFound, StateConflict."""
    row = await tx.fetchrow(
        "SELECT id, state FROM refunds WHERE refund_no = $1 FOR NO KEY UPDATE",  # house: lock - refund after its order
        refund_no,
    )
    if row is None:
        raise NotFound(what="refund")
    if row["state"] not in UNDECIDED:
        raise StateConflict(status=row["state"])
    return row["id"], row["state"]


async def open_refund(
    tx: db.Connection,
    order: RefundableOrder,
    wanted: Mapping[int, int] | None,
    reason: str,
    shop: ShopPolicy,
    at: datetime,
) -> tuple[int, RefundPlan]:
    """Step: insert an undecided refund; returns its id and what it would give. Raises RefundNotAllowed, RefundOpen."""
    planned = plan(order.lines, wanted)
    status = OrderStatus(order.row.status)
    refund_id = await tx.fetchval(
        "INSERT INTO refunds (refund_no, order_id, member_id, kind, state, reason, whole, cash_fen, freight_fen,"
        " balance_fen, withdrawable_fen, withheld_fen, requested_at, points, holds, decide_by)"
        " VALUES ($1, $2, $3, 'order', 'requested', $4, $5, $6, 0, $7, $8, 0, $9, $10, $11, $12)"
        " ON CONFLICT (order_id) WHERE kind = 'order' AND state IN ('requested', 'returning', 'granting') DO NOTHING"
        " RETURNING id",
        ids.number("R", at),
        order.row.id,
        order.row.member_id,
        reason,
        planned.whole,
        planned.cash_fen,
        planned.balance_fen,
        planned.withdrawable_fen,
        at,
        planned.points,
        refund_window_open(status, order.row.received_at, shop.refund_days, at),
        at + timedelta(days=shop.refund_decide_days),
    )
    if refund_id is None:
        raise RefundOpen
    await tx.executemany(
        "INSERT INTO refund_lines (refund_id, order_line_id, quantity, cash_fen, balance_fen, withdrawable_fen, points)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            (
                refund_id,
                line.line_id,
                line.quantity,
                line.cash_fen,
                line.balance_fen,
                line.withdrawable_fen,
                line.points,
            )
            for line in planned.lines
        ],
    )
    return refund_id, planned


_VIEW = (
    "SELECT refund_no, state, reason, cash_fen, balance_fen, withheld_fen, points, requested_at, decided_at,"
    " finished_at, answer, return_to, return_by, return_company, return_tracking_no,"
    " (SELECT o.member_id = r.member_id FROM orders o WHERE o.id = r.held_by) AS held_by_own FROM refunds r"
)


def _shown(row: asyncpg.Record) -> RefundView:
    state = "processing" if row["state"] in ("approved", "abnormal") else row["state"]
    more = {
        "state": state,
        "state_label": WAITS_FOR_OWN_ORDER if state == "granting" and row["held_by_own"] else LABELS[state],
        "allowed_actions": refund_actions(row["state"], row["return_tracking_no"]),
        "delayed": row["state"] == "abnormal",
    }
    return msgspec.convert({**row, **more}, RefundView)


async def view(tx: db.Connection, refund_id: int) -> RefundView:
    """Step: read a refund as its member sees it."""
    return _shown(await tx.fetchrow(f"{_VIEW} WHERE id = $1", refund_id))


async def of_order(member_id: int, order_no: str) -> list[RefundView]:
    """List the refunds of the member's own order, newest first. Raises NotFound."""
    order_id = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1 AND member_id = $2", order_no, member_id)
    if order_id is None:
        raise NotFound(what="order")
    rows = await db.fetch(f"{_VIEW} WHERE order_id = $1 AND kind = 'order' ORDER BY id DESC", order_id)
    return [_shown(row) for row in rows]
