"""Refunds that nobody decides: an alarm after half of the time, and the shop's default after all of it."""

import contextlib
from datetime import timedelta

from server import db
from server.core.errors import StateConflict
from server.gateways.ports import Deps
from server.services.common import alarms, batches
from server.services.orders import refunds
from server.services.terms import policy

BATCH = 50
_REASON = "逾期未审核，系统自动处理"


async def warn(deps: Deps) -> None:
    """Raise an alarm for each refund that has waited for half of its time. Raises Busy."""
    shop = await policy.current()
    at = deps.clock.now()
    soon = at + timedelta(days=shop.refund_decide_days) / 2
    rows = await db.fetch(
        "SELECT refund_no, decide_by FROM refunds r WHERE state IN ('requested', 'returning') AND decide_by <= $1"
        " AND NOT EXISTS (SELECT FROM alarms WHERE kind = 'refund_waits' AND subject = 'refund:' || r.refund_no)"
        " ORDER BY decide_by LIMIT $2",
        soon,
        BATCH,
    )
    if not rows:
        return
    async with db.transaction() as tx:
        for row in rows:
            detail = {"decide_by": row["decide_by"].isoformat()}
            await alarms.sound(tx, "refund_waits", f"refund:{row['refund_no']}", at, detail)


async def decide_overdue(deps: Deps) -> int:
    """Let the shop's default decide about refunds whose time is over, at most a batch; returns how many."""
    shop = await policy.current()
    rows = await db.fetch(
        "SELECT id, refund_no AS number FROM refunds WHERE state IN ('requested', 'returning') AND decide_by <= $1"
        " ORDER BY decide_by LIMIT $2",
        deps.clock.now(),
        BATCH,
    )
    due = [db.typed(row, batches.DueNumber) for row in rows]
    grant = shop.refund_default == "grant"
    return await batches.each(deps, "refund", due, lambda one: _decide(deps, one.number, grant=grant), "number")


async def _decide(deps: Deps, refund_no: str, *, grant: bool) -> None:
    decide = refunds.approve if grant else refunds.reject
    with contextlib.suppress(StateConflict):  # an operator or the member was quicker
        await decide(deps, refund_no, refunds.SYSTEM, _REASON)
