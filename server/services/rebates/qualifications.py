"""The states of a qualification, as steps inside their callers' transactions, and the operator's review.

A qualification changes under the buyer's lock while it is not consumed; consuming and un-consuming also need the
referrer's lock (see cycles.py and reversals.py).
"""

from datetime import datetime
from typing import Literal

import msgspec

from server import db, outbox
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.outbox import Job
from server.services.checkout import closing
from server.services.common import audit_log, locks
from server.services.coupons.values import CouponHeld
from server.services.growth import progress
from server.services.promotions import qualification_waits
from server.services.rebates import reversals


async def order_received(tx: db.Connection, order_id: int, at: datetime) -> list[Job]:
    """Step: count a qualification that waited for receipt (or hold it while its referrer is blocked).

    The row is locked in every state because a cycle may consume it at the same moment. Either the cycle has committed,
    and the caller's next read sees it, or the cycle waits for this lock and then sees the receipt.
    """
    await tx.execute(
        "SELECT 1 FROM qualifications WHERE order_id = $1 FOR NO KEY UPDATE",  # house: lock - the order's qualification
        order_id,
    )
    return await qualification_waits.go_on(tx, [order_id], at)


async def hold_all(tx: db.Connection, referrer_id: int, at: datetime) -> None:
    """Step, under the referrer's lock: hold the counted qualifications of a referrer who is blocked."""
    del at
    await tx.execute(
        "UPDATE qualifications SET state = 'held', held_for = 'referrer_blocked', counted_at = NULL"
        " WHERE referrer_id = $1 AND state = 'counted'",
        referrer_id,
    )


async def release_all(tx: db.Connection, referrer_id: int, at: datetime) -> list[Job]:
    """Step, under the referrer's lock: count the qualifications again that the block held."""
    await count_held(tx, referrer_id, at)
    return [Job("close_cycle", {"member_id": referrer_id})]


async def count_held(tx: db.Connection, referrer_id: int, at: datetime) -> None:
    """Step, under the lock of a referrer who is not blocked: count the qualifications that a block held.

    Code that holds a qualification reads the referrer's state without a lock. So it may hold one at the very moment
    when the block ends; the job that follows each hold then comes here.
    """
    waited = await tx.fetch(
        "UPDATE qualifications SET state = 'counted', held_for = NULL, counted_at = $2"
        " WHERE referrer_id = $1 AND state = 'held' AND held_for = 'referrer_blocked' RETURNING id",
        referrer_id,
        at,
    )
    if waited:
        await progress.referrals(tx, referrer_id, at)


class _State(msgspec.Struct, frozen=True):
    state: str


async def review(
    deps: Deps, qualification_id: int, verdict: Literal["pass", "void"], operator: str, reason: str = ""
) -> None:
    """Record an operator's verdict: `pass` counts a held qualification, `void` ends one for ever, in any state.

    An unpaid order that holds a coupon of the ended rebate is closed first. Raises NotFound, StateConflict (`pass` on
    one that is not held), WeChatUnavailable (that order cannot be closed now).
    """
    while True:
        try:
            return await _review(deps, qualification_id, verdict, operator, reason)
        except CouponHeld as held:
            await closing.free_coupon(deps, held)


async def _review(
    deps: Deps, qualification_id: int, verdict: Literal["pass", "void"], operator: str, reason: str
) -> None:
    at = deps.clock.now()
    row = await db.fetch_row("SELECT referee_id, referrer_id FROM qualifications WHERE id = $1", qualification_id)
    if row is None:
        raise NotFound(what="qualification")
    async with db.transaction() as tx:
        await locks.members(tx, [row["referee_id"], row["referrer_id"]])
        state = (await locks.row(tx, "qualifications", qualification_id, _State)).state
        if verdict == "pass":
            if state != "held":
                raise StateConflict(status=state)
            await tx.execute(
                "UPDATE qualifications SET state = 'counted', held_for = NULL, counted_at = $2 WHERE id = $1",
                qualification_id,
                at,
            )
            await progress.referrals(tx, row["referrer_id"], at)
            jobs = [Job("close_cycle", {"member_id": row["referrer_id"]})]
        else:
            jobs = await reversals.lose(tx, qualification_id, "review", at)
        detail = {"before": state, "after": "counted" if verdict == "pass" else "void", "reason": reason}
        await audit_log.record(tx, at, operator, "qualification_review", f"qualification:{qualification_id}", detail)
        await outbox.put(tx, jobs, at)
