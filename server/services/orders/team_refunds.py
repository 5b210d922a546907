"""Refund the orders of a failed team in full, each in its own job."""

from server import db
from server.gateways.ports import Deps
from server.rules.group_buys import TeamState
from server.rules.orders import OrderStatus
from server.services.orders import refund_grants, refunds
from server.services.terms import policy

# A paid order ends the time for binding to a referrer, but an order of a failed team does not count.
_FORGET = """
UPDATE members SET first_paid_at = (SELECT min(o.paid_at) FROM orders o
  LEFT JOIN teams t ON t.id = o.team_id AND t.state = 'failed' WHERE o.member_id = $1 AND t.id IS NULL) WHERE id = $1
"""


async def give_back(deps: Deps, order_no: str) -> None:
    """Refund a paid order of a failed team in full: cash, balance, points, coupon, stock. Safe to repeat.

    Raises NotFound; StateConflict when the buyer was bound to another referrer at the same moment: try again.
    """
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        order = await refund_grants.lock(tx, order_no)
        state = await tx.fetchval("SELECT state FROM teams WHERE id = $1", order.row.team_id)
        if order.row.status != OrderStatus.TEAMING or state != TeamState.FAILED:
            return
        refund_id, planned = await refunds.open_refund(tx, order, None, "拼团未成团，自动退款", shop, at)
        await refund_grants.grant(tx, order, refund_id, planned, refunds.SYSTEM, at)
        await tx.execute(_FORGET, order.row.member_id)
