"""签到: once per calendar day in Shanghai, with extra points for every full week without a gap."""

from dataclasses import dataclass
from datetime import datetime

from server import db
from server.core.clock import shanghai_day
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.ledger import statement
from server.rules.points import check_in as worth
from server.rules.points import expiring, streak
from server.rules.waits import LABELS, WaitsFor
from server.services.common import locks
from server.services.points import movements
from server.services.terms import policy


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """Today's check-in: its points, the number of days in a row, and whether this call made it."""

    points: int
    days: int
    new: bool


_LAST = "SELECT day, days, points FROM check_ins WHERE member_id = $1 ORDER BY day DESC LIMIT 1"


async def check_in(deps: Deps, member_id: int) -> CheckedIn:
    """Check in for today; a second call changes nothing. Raises NotFound (the shop has no check-in), Busy."""
    async with db.transaction() as tx:
        await locks.member(tx, member_id)
        at = deps.clock.now()
        shop = (await policy.read(tx)).policy
        if not shop.check_in_points:
            raise NotFound(what="check_in")
        today = shanghai_day(at)
        last = await tx.fetchrow(_LAST, member_id)
        if last is not None and last["day"] == today:
            return CheckedIn(last["points"], last["days"], new=False)
        days = streak(last["day"], last["days"], today) if last else 1
        gained = worth(days, shop.check_in_points, shop.check_in_week_points)
        await tx.execute(
            "INSERT INTO check_ins (member_id, day, days, points) VALUES ($1, $2, $3, $4)",
            member_id,
            today,
            days,
            gained,
        )
        why = f"签到，连续第 {days} 天"
        await movements.give(tx, member_id, f"check-in:{member_id}:{today}", "points_check_in", why, gained, at)
    return CheckedIn(gained, days, new=True)


_REFUND_OPEN = """
SELECT EXISTS (SELECT FROM point_earnings WHERE member_id = $1 AND state = 'frozen' AND refund_holds(order_id))
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A member's points: available, frozen, owed; which expire next and when; and the check-in.

    `check_in_points` is what the next check-in brings, 0 if the shop has no check-in; `days` is how many days in a row
    the member has checked in, until today or yesterday.
    """

    points: int
    frozen: int
    waits_for: WaitsFor | None
    """What a part of the frozen points waits for beside time."""
    waits_label: str | None
    debt: int
    ending: int
    ends_at: datetime | None
    checked_in: bool
    days: int
    check_in_points: int


async def held(deps: Deps, member_id: int) -> Held:
    """Return a member's points as they are now. Raises Busy."""
    at = deps.clock.now()
    today = shanghai_day(at)
    shop = await policy.current()
    async with db.snapshot() as reader:
        wallet = await statement.wallet(reader, member_id)
        batches = await reader.fetch(
            "SELECT ends_at, sum(points)::bigint AS points FROM point_credits WHERE member_id = $1 AND ends_at > $2"
            " GROUP BY ends_at ORDER BY ends_at",
            member_id,
            at,
        )
        last = await reader.fetchrow(_LAST, member_id)
        refund_open = await reader.fetchval(_REFUND_OPEN, member_id)
    later = sum(row["points"] for row in batches)
    ending, end = 0, None
    for row in batches:
        later -= row["points"]
        ending, end = expiring(wallet.points, later), row["ends_at"]
        if ending:
            break
    checked_in = last is not None and last["day"] == today
    following = 1 if last is None else last["days"] + 1 if checked_in else streak(last["day"], last["days"], today)
    return Held(
        points=wallet.points,
        frozen=sum(wallet.frozen_points.values()),
        waits_for="refund" if refund_open else None,
        waits_label=LABELS["refund"] if refund_open else None,
        debt=sum(debt.amount_fen for debt in wallet.point_debts),
        ending=ending,
        ends_at=end if ending else None,
        checked_in=checked_in,
        days=following - 1,
        check_in_points=worth(following, shop.check_in_points, shop.check_in_week_points)
        if shop.check_in_points
        else 0,
    )
