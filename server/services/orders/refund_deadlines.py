"""Refunds that nobody decides: an alarm after half of the time, and the shop's default after all of it."""

import contextlib
import logging
from datetime import timedelta

from server import db
from server.core.errors import Refusal, StateConflict
from server.gateways.ports import Deps
from server.services.common import alarms
from server.services.orders import refunds
from server.services.terms import policy

log = logging.getLogger("tuisan.refunds")
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
    async with db.transaction() as tx:
        for row in rows:
            detail = {"decide_by": row["decide_by"].isoformat()}
            await alarms.sound(tx, "refund_waits", f"refund:{row['refund_no']}", at, detail)


async def decide_overdue(deps: Deps) -> int:
    """Let the shop's default decide about refunds whose time is over, at most a batch; returns how many were due."""
    shop = await policy.current()
    rows = await db.fetch(
        "SELECT refund_no FROM refunds WHERE state IN ('requested', 'returning') AND decide_by <= $1"
        " ORDER BY decide_by LIMIT $2",
        deps.clock.now(),
        BATCH,
    )
    decided = 0
    for row in rows:
        try:
            await _decide(deps, row["refund_no"], grant=shop.refund_default == "grant")
        except Refusal:
            raise
        except Exception:  # house: swallowed - one defective row must not keep the others waiting
            log.exception("refund %s is not decided", row["refund_no"])
        else:
            decided += 1
    return decided


async def _decide(deps: Deps, refund_no: str, *, grant: bool) -> None:
    decide = refunds.approve if grant else refunds.reject
    with contextlib.suppress(StateConflict):  # an operator or the member was quicker
        await decide(deps, refund_no, refunds.SYSTEM, _REASON)
