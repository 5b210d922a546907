"""The shop at a glance: today, what waits for an operator, the last two weeks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from server import db
from server.core.clock import SHANGHAI, shanghai_day
from server.gateways.ports import Deps

DAYS = 14
_FAILING_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Day:
    """What one day brought."""

    day: date
    orders: int
    cash_fen: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Counts as of one moment."""

    days: list[Day]
    """The last `DAYS`, oldest first; the last is today."""
    to_ship: int
    refunds_to_review: int
    refunds_abnormal: int
    stock_low: int
    alarms: int
    jobs_due: int
    jobs_failing: int
    qualifications_held: int

    @property
    def today(self) -> Day:
        """The running day."""
        return self.days[-1]


_DAYS = """
SELECT (paid_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS orders, sum(cash_due_fen)::bigint AS cash_fen
  FROM orders WHERE paid_at >= $1 GROUP BY 1
"""
_COUNTS = """
SELECT (SELECT count(*) FROM orders WHERE status = 'paid' AND NOT virtual) AS to_ship,
  (SELECT count(*) FROM refunds WHERE state = 'requested') AS refunds_to_review,
  (SELECT count(*) FROM refunds WHERE state = 'abnormal') AS refunds_abnormal,
  (SELECT count(*) FROM alarms WHERE seen_at IS NULL AND kind = 'stock_low') AS stock_low,
  (SELECT count(*) FROM alarms WHERE seen_at IS NULL) AS alarms,
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND due_at <= $1) AS jobs_due,
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND attempts >= $2) AS jobs_failing,
  (SELECT count(*) FROM qualifications WHERE state = 'held') AS qualifications_held
"""


async def current(deps: Deps) -> Dashboard:
    """All of it, now. Raises Busy."""
    at = deps.clock.now()
    today = shanghai_day(at)
    first = today - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI).astimezone(UTC)
    brought = {row["day"]: Day(**row) for row in await db.fetch(_DAYS, since)}
    days = [first + timedelta(days=n) for n in range(DAYS)]
    counts = await db.fetch_row(_COUNTS, at, _FAILING_ATTEMPTS)
    return Dashboard(days=[brought.get(day, Day(day, 0, 0)) for day in days], **dict(counts or {}))
