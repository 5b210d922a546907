"""Day and month boundaries in Shanghai, and a mall whose clock is moved to them."""

from datetime import datetime, timedelta

from server.core.clock import SHANGHAI, day_start, month_start, shanghai_day
from tests.support.mall import Mall

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
UTC_BEHIND = timedelta(hours=8)
"""How long after the start of a day in Shanghai the same day starts in UTC."""


def next_day(mall: Mall) -> datetime:
    """Return, in UTC, the first start of a day in Shanghai that is at least one hour away."""
    return day_start(shanghai_day(mall.clock.now() + HOUR) + timedelta(days=1))


def next_month(mall: Mall) -> datetime:
    """Return, in UTC, the first start of a month in Shanghai that is at least two days away."""
    first = month_start(mall.clock.now() + timedelta(days=2)).astimezone(SHANGHAI)
    return month_start(first + timedelta(days=32))


def move_to(mall: Mall, moment: datetime) -> None:
    """Move the mall's clock forward to a moment. Raises ValueError if the moment is past."""
    mall.clock.advance((moment - mall.clock.now()).total_seconds())
