"""积分: what is earned, where what is taken back is found, what expires, what a check-in brings (rules.md §8).

Pure functions on whole points. Points that became available are credits with an end; what is spent counts against the
credit that ends first. So at an end there is left just what the balance holds beyond all later credits.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from server.core.clock import SHANGHAI
from server.core.money import WHOLE_BP

WEEK = 7
"""Every so many days in a row a check-in brings more."""
TELL_BEFORE = timedelta(days=7)
"""How long before points expire their member is told."""


def earned(net_cash_fen: int, per_yuan: int, points_bp: int) -> int:
    """The points that an order brings on a level which multiplies them by `points_bp`; rounded down once."""
    return net_cash_fen * per_yuan * points_bp // (100 * WHOLE_BP)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a taking-back finds where; the debt is what nothing covered."""

    frozen: int
    available: int
    debt: int


def take_back(points: int, frozen: int, available: int) -> Taken:
    """Frozen of the same source first, then available, then debt."""
    of_frozen = min(points, frozen)
    of_available = min(points - of_frozen, available)
    return Taken(of_frozen, of_available, points - of_frozen - of_available)


def ends_at(available_at: datetime, months: int) -> datetime:
    """When points that became available then expire: with the end of the month in Shanghai `months` later."""
    local = available_at.astimezone(SHANGHAI)
    after = local.year * 12 + local.month + months
    return datetime(after // 12, after % 12 + 1, 1, tzinfo=SHANGHAI).astimezone(UTC)


def expiring(balance: int, later: int) -> int:
    """What expires at a moment: the balance beyond the credits that end later."""
    return max(0, balance - later)


def streak(last: date | None, days: int, today: date) -> int:
    """How many days in a row a check-in of today makes, after one of `last` that made `days`."""
    return days + 1 if last == today - timedelta(days=1) else 1


def check_in(in_a_row: int, each: int, week: int) -> int:
    """What a check-in brings on its day in a row."""
    return each + (week if in_a_row % WEEK == 0 else 0)
