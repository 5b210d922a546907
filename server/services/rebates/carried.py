"""What qualifying orders bring into a rebate: their net cash, and what else they give.

An order gives the commission that its policy granted (it is decided before the order counts), and points: those that it
earned, or will earn at its receipt on the buyer's present level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.rules.levels import Level
from server.rules.payout_caps import Gives
from server.rules.points import earned
from server.rules.rebates import Qualified
from server.services.terms import levels, policy

COLUMNS = """
q.id, q.order_id, q.counted_at,
(SELECT sum(cash_fen - refunded_cash_fen)::bigint FROM order_lines WHERE order_id = q.order_id) AS net_fen,
(SELECT COALESCE(sum(granted_fen), 0)::bigint FROM commissions WHERE order_id = q.order_id) AS commission_fen,
(SELECT COALESCE(e.remaining, 0) FROM orders o LEFT JOIN point_earnings e ON e.order_id = o.id
  WHERE o.id = q.order_id AND o.received_at IS NOT NULL) AS earned_points,
COALESCE((SELECT position FROM member_levels WHERE member_id = q.referee_id), 0) AS position
"""
"""The columns of `Counted` in a query over qualifications `q`."""


class Counted(msgspec.Struct, frozen=True):
    """A counted qualification with its order."""

    id: int
    order_id: int
    counted_at: datetime
    net_fen: int
    commission_fen: int
    earned_points: int | None
    """None: the order is not received yet."""
    position: int
    """The buyer's level."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What orders earn in points now, and what points are worth."""

    points_per_yuan: int
    points_per_fen: int
    levels: Sequence[Level]


async def rates(connection: db.Connection) -> Rates:
    """Read the rates on a connection that the caller holds."""
    shop = (await policy.read(connection)).policy
    return Rates(shop.points_per_yuan, shop.points_per_fen, await levels.read(connection))


def qualified(one: Counted, now: Rates) -> Qualified:
    """Return a qualification as the rule takes it, with what its order gives at these rates."""
    points = one.earned_points
    if points is None:
        points = earned(one.net_fen, now.points_per_yuan, levels.points_bp(now.levels, one.position))
    gives = Gives(one.commission_fen, points, now.points_per_fen)
    return Qualified(one.id, one.order_id, one.net_fen, one.counted_at, gives)
