"""积分: what is earned, what is taken back from where, what expires, what a check-in brings.

Pure functions on whole points. Points that became available are credits with an end. Spent points count against the
credit that ends first, so what expires at an end is the balance beyond all credits that end later.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from server.core.clock import SHANGHAI
from server.core.money import WHOLE_BP

WEEK = 7
"""A check-in brings extra points each time the member reaches a multiple of this many days in a row."""
TELL_BEFORE = timedelta(days=7)
"""How long before points expire the member gets a notice."""


def earned(net_cash_fen: int, per_yuan: int, points_bp: int) -> int:
    """Return the points that an order brings on a level that multiplies them by `points_bp`; rounded down once."""
    return net_cash_fen * per_yuan * points_bp // (100 * WHOLE_BP)


@dataclass(frozen=True, slots=True)
class Taken:
    """Where points are taken back from; `debt` is the rest that no account could pay."""

    frozen: int
    available: int
    debt: int


def take_back(points: int, frozen: int, available: int) -> Taken:
    """Take back frozen points of the same source first, then available points; the rest is debt."""
    of_frozen = min(points, frozen)
    of_available = min(points - of_frozen, available)
    return Taken(of_frozen, of_available, points - of_frozen - of_available)


def ends_at(available_at: datetime, months: int) -> datetime:
    """Return when points expire: at the end of the month in Shanghai, `months` after they became available."""
    local = available_at.astimezone(SHANGHAI)
    after = local.year * 12 + local.month + months
    return datetime(after // 12, after % 12 + 1, 1, tzinfo=SHANGHAI).astimezone(UTC)


def expiring(balance: int, later: int) -> int:
    """Return what expires at a moment: the balance beyond `later`, the credits that end later."""
    return max(0, balance - later)


def streak(last: date | None, days: int, today: date) -> int:
    """Return the days in a row that a check-in of today makes, when the check-in of `last` made `days`."""
    return days + 1 if last == today - timedelta(days=1) else 1


def check_in(in_a_row: int, each: int, week: int) -> int:
    """Return what a check-in brings, given how many days in a row it makes."""
    return each + (week if in_a_row % WEEK == 0 else 0)
