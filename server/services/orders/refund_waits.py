"""Refunds that are decided but not granted yet: an unpaid order holds a coupon that the refund takes back.

That order is closed first, which asks WeChat. If it was paid meanwhile, the coupon counts as used.
"""

from datetime import datetime

from server import db, outbox
from server.gateways.ports import Deps
from server.outbox import Job
from server.services.checkout import closing
from server.services.coupons.values import CouponHeld
from server.services.orders import refund_grants


async def wait(
    tx: db.Connection, refund_id: int, held: CouponHeld, operator: str, at: datetime, *, restock: bool
) -> None:
    """Step, with the refund's order locked: record the decision; a job grants the refund once the coupon is free."""
    await tx.execute(
        "UPDATE refunds SET state = 'granting', decided_by = $2, decided_at = $4,"
        " held_by = (SELECT id FROM orders WHERE order_no = $3) WHERE id = $1",
        refund_id,
        operator,
        held.order_no,
        at,
    )
    await outbox.put(tx, [Job("grant_refund", {"refund_id": refund_id, "restock": restock})], at)


async def grant(deps: Deps, refund_id: int, *, restock: bool) -> None:
    """Grant a refund that waits, after closing the order it waits for. Safe to repeat.

    Raises WeChatUnavailable while that order cannot be closed; StateConflict when the buyer was bound to another
    referrer at the same moment: try again.
    """
    order_no = await db.fetch_value(
        "SELECT o.order_no FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.id = $1", refund_id
    )
    while True:
        try:
            return await _grant(deps, order_no, refund_id, restock=restock)
        except CouponHeld as held:
            await closing.free_coupon(deps, held)


async def _grant(deps: Deps, order_no: str, refund_id: int, *, restock: bool) -> None:
    async with db.transaction() as tx:
        order = await refund_grants.lock(tx, order_no)
        at = deps.clock.now()
        operator = await tx.fetchval("SELECT decided_by FROM refunds WHERE id = $1 AND state = 'granting'", refund_id)
        if operator is None:
            return
        planned = await refund_grants.planned_of(tx, order, refund_id)
        await refund_grants.grant(tx, order, refund_id, planned, operator, at, restock=restock)
