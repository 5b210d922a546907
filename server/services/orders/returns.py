"""退货: the goods come back before the money is refunded.

An operator asks for the goods, the member sends them, and an operator sees them arrive and grants the refund or rejects
it. If the member names no parcel in time, the refund is rejected automatically.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from server import db, outbox
from server.core.errors import RefundNotAllowed, StateConflict
from server.gateways.ports import Deps
from server.rules.refunds import RETURN_TIME, refund_actions
from server.services.common import audit_log, batches
from server.services.orders import refund_grants, refunds
from server.services.orders.refunds import RefundView
from server.services.terms import policy

BATCH = 100
_LATE = "逾期未寄回商品，申请已关闭，如仍需退款请重新申请"

_GOODS = """
SELECT o.order_no, o.member_id, r.cash_fen + r.balance_fen AS amount_fen, o.shipped_at IS NOT NULL AND EXISTS (
    SELECT FROM refund_lines w JOIN order_lines l ON l.id = w.order_line_id WHERE w.refund_id = r.id AND NOT l.virtual
  ) AS left_the_house
  FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.id = $1
"""


async def accept(deps: Deps, refund_no: str, return_to: str, reason: str, operator: str) -> RefundView:
    """Ask the member for the goods: `return_to` is the recipient and address, `reason` is shown to the member.

    Raises NotFound, StateConflict, RefundNotAllowed (`nothing_to_return`: none of the goods were ever shipped).
    """
    async with db.transaction() as tx:
        refund_id, before = await refunds.lock_undecided(tx, refund_no)
        if before != "requested":
            raise StateConflict(status=before)
        order = await tx.fetchrow(_GOODS, refund_id)
        if not order["left_the_house"]:
            raise RefundNotAllowed(reason="nothing_to_return")
        at = deps.clock.now()
        await tx.execute(
            "UPDATE refunds SET state = 'returning', return_to = $2, return_by = $3, answer = $4, decide_by = NULL"
            " WHERE id = $1",
            refund_id,
            return_to,
            at + RETURN_TIME,
            reason or None,
        )
        told = refund_grants.notice(order["member_id"], order["order_no"], order["amount_fen"], "请寄回商品")
        await outbox.put(tx, [told], at)
        detail = {"before": before, "after": "returning", "reason": reason, "return_to": return_to}
        await audit_log.record(tx, at, operator, "refund.return", f"refund:{refund_no}", detail)
        return await refunds.view(tx, refund_id)


class Parcel(msgspec.Struct, forbid_unknown_fields=True):
    """How the goods come back."""

    company: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    tracking_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{5,60}$")]


async def send_back(deps: Deps, member_id: int, order_no: str, refund_no: str, parcel: Parcel) -> RefundView:
    """Record the parcel that the member sent; a repeated call replaces it. Raises NotFound, StateConflict.

    From now on the shop has to decide.
    """
    decide_by = deps.clock.now() + timedelta(days=(await policy.current()).refund_decide_days)
    async with db.transaction() as tx:
        own = await refunds.lock_own(tx, member_id, order_no, refund_no)
        if "send_back" not in refund_actions(own.state, own.return_tracking_no):
            raise StateConflict(status=own.state)
        await tx.execute(
            "UPDATE refunds SET return_company = $2, return_tracking_no = $3, decide_by = COALESCE(decide_by, $4)"
            " WHERE id = $1",
            own.id,
            parcel.company,
            parcel.tracking_no,
            decide_by,
        )
        return await refunds.view(tx, own.id)


async def give_up(deps: Deps) -> int:
    """Reject refunds whose parcel was not named in time, one batch; returns how many were handled. Raises Busy."""
    at = deps.clock.now()
    late = await db.fetch(
        "SELECT id, refund_no AS number FROM refunds WHERE state = 'returning' AND return_tracking_no IS NULL"
        " AND return_by < $1 ORDER BY id LIMIT $2",
        at,
        BATCH,
    )
    due = [db.typed(row, batches.DueNumber) for row in late]
    return await batches.each(deps, "refund", due, lambda one: _give_up(one.id, at), "number")


async def _give_up(refund_id: int, at: datetime) -> None:
    async with db.transaction() as tx:
        # Checked again: since the lookup the member may have named a parcel, or an operator may have decided.
        row = await tx.fetchrow(
            "UPDATE refunds SET state = 'rejected', decided_at = $2, decided_by = 'system', finished_at = $2,"
            " answer = $3 WHERE id = $1 AND state = 'returning' AND return_tracking_no IS NULL"
            " RETURNING member_id, cash_fen + balance_fen AS amount_fen,"
            " (SELECT order_no FROM orders WHERE id = order_id) AS order_no",
            refund_id,
            at,
            _LATE,
        )
        if row is not None:
            told = refund_grants.notice(row["member_id"], row["order_no"], row["amount_fen"], "逾期未寄回")
            await outbox.put(tx, [told], at)
