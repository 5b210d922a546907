"""The shop at a glance: today, what waits for an operator, and the last two weeks."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from server import db
from server.core.clock import day_start, shanghai_day
from server.gateways.ports import Deps
from server.services.desk.jobs import FAILING_ATTEMPTS

DAYS = 14
_DIFFERENCE_DAYS = 31


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one day."""

    day: date
    orders: int = 0
    cash_fen: int = 0
    balance_fen: int = 0
    members: int = 0
    bindings: int = 0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All counts at one moment."""

    days: list[Day]
    """The last `DAYS` days, oldest first; the last one is today."""
    refunds: int
    refunded_fen: int
    """Refunds granted today, in cash and in balance."""
    rebates: int
    rebates_fen: int
    """Rebates: cycles that closed today, and the amount that they return."""
    to_ship: int
    refunds_to_review: int
    refunds_abnormal: int
    withdrawals_to_review: int
    withdrawals_second: int
    qualifications_held: int
    differences: int
    """Days of the last month whose newest reconciliation run is not clean."""
    stock_low: int
    alarms: int
    jobs_due: int
    jobs_failing: int

    @property
    def today(self) -> Day:
        """The figures of today."""
        return self.days[-1]


_IN_SHANGHAI = "AT TIME ZONE 'Asia/Shanghai')::date"
# Each subquery reads only one index, and only its last two weeks.
_DAYS = f"""
SELECT day, sum(orders)::bigint AS orders, sum(cash_fen)::bigint AS cash_fen, sum(balance_fen)::bigint AS balance_fen,
  sum(members)::bigint AS members, sum(bindings)::bigint AS bindings FROM (
  SELECT (paid_at {_IN_SHANGHAI} AS day, count(*) AS orders, sum(cash_due_fen) AS cash_fen,
    sum(balance_fen) AS balance_fen, 0 AS members, 0 AS bindings FROM orders WHERE paid_at >= $1 GROUP BY 1
  UNION ALL
  SELECT (created_at {_IN_SHANGHAI}, 0, 0, 0, count(*), 0 FROM members WHERE created_at >= $1 GROUP BY 1
  UNION ALL
  SELECT (valid_from {_IN_SHANGHAI}, 0, 0, 0, 0, count(*) FROM bindings
    WHERE valid_from >= $1 AND how <> 'correction' GROUP BY 1) brought
GROUP BY day
"""  # noqa: S608 - our own text
_COUNTS = """
SELECT r.*, b.*,
  (SELECT count(*) FROM orders WHERE status = 'paid' AND NOT virtual) AS to_ship,
  (SELECT count(*) FROM refunds WHERE state = 'requested') AS refunds_to_review,
  (SELECT count(*) FROM refunds WHERE state = 'abnormal') AS refunds_abnormal,
  (SELECT count(*) FROM withdrawals WHERE state = 'requested' AND approved_by IS NULL) AS withdrawals_to_review,
  (SELECT count(*) FROM withdrawals WHERE state = 'requested' AND approved_by IS NOT NULL) AS withdrawals_second,
  (SELECT count(*) FROM qualifications WHERE state = 'held') AS qualifications_held,
  (SELECT count(*) FROM reconciliations n WHERE n.day >= $5 AND n.state <> 'clean'
    AND n.id = (SELECT max(id) FROM reconciliations WHERE day = n.day)) AS differences,
  (SELECT count(*) FROM skus WHERE available <= alert_at) AS stock_low,
  (SELECT count(*) FROM alarms WHERE seen_at IS NULL) AS alarms,
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND due_at <= $1) AS jobs_due,
  (SELECT count(*) FROM outbox WHERE done_at IS NULL AND attempts >= $2) AS jobs_failing
FROM (SELECT count(*) AS refunds, COALESCE(sum(cash_fen + balance_fen), 0)::bigint AS refunded_fen FROM refunds
    WHERE decided_at >= $3 AND state = ANY ($4)) r
CROSS JOIN (SELECT count(*) AS rebates, COALESCE(sum(whole_fen), 0)::bigint AS rebates_fen FROM rebates
    WHERE closed_at >= $3) b
"""
_GRANTED = ["approved", "processing", "abnormal", "succeeded"]


async def current(deps: Deps) -> Dashboard:
    """Return the dashboard as of now. Raises Busy."""
    at = deps.clock.now()
    today = shanghai_day(at)
    first = today - timedelta(days=DAYS - 1)
    brought = {row["day"]: Day(**row) for row in await db.fetch(_DAYS, day_start(first))}
    days = [first + timedelta(days=n) for n in range(DAYS)]
    month_ago = today - timedelta(days=_DIFFERENCE_DAYS)
    counts: Any = await db.fetch_row(_COUNTS, at, FAILING_ATTEMPTS, day_start(today), _GRANTED, month_ago)
    return Dashboard(days=[brought.get(day, Day(day)) for day in days], **counts)
