"""The edges of days and months in Shanghai, and a mall whose clock is moved to them."""

from datetime import datetime, timedelta

from server.core.clock import SHANGHAI, day_start, month_start, shanghai_day
from tests.support.mall import Mall

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
UTC_BEHIND = timedelta(hours=8)
"""So long after a day or month began in Shanghai it begins in UTC."""


def next_day(mall: Mall) -> datetime:
    """When the next day begins in Shanghai that is at least one hour away, in UTC."""
    return day_start(shanghai_day(mall.clock.now() + HOUR) + timedelta(days=1))


def next_month(mall: Mall) -> datetime:
    """When the next month begins in Shanghai that is at least two days away, in UTC."""
    first = month_start(mall.clock.now() + timedelta(days=2)).astimezone(SHANGHAI)
    return month_start(first + timedelta(days=32))


def move_to(mall: Mall, moment: datetime) -> None:
    """Move the mall's clock forward to a moment. Raises ValueError when that has passed."""
    mall.clock.advance((moment - mall.clock.now()).total_seconds())
