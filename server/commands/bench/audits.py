"""The audit of a large shop, now and a month later, and the quick audit after a thousand members did something."""

import resource
from collections.abc import AsyncIterator
from datetime import timedelta

from server import db
from server.commands.bench.benches import Result
from server.commands.bench.lists import Seen
from server.core.clock import stopwatch
from server.gateways.ports import Deps
from server.ledger.audit import Report, audit
from server.services.common import audits

MOST_S = 300
LATER = timedelta(days=30)
_NAMED = """
UPDATE orders SET remark = remark WHERE id IN (SELECT max(id) FROM orders GROUP BY member_id ORDER BY 1 DESC LIMIT 1000)
RETURNING id
"""


class AuditFailed(Exception):  # noqa: N818 - the name of what happened
    """The audit of the bench's own shop found something, or took too long."""


async def measure(deps: Deps) -> AsyncIterator[tuple[Result, list[Seen]]]:
    """Time the full audit and the quick one. Raises AuditFailed.

    A month in which no worker runs makes nobody an offender: there was no time to act. The audit of that later time is
    not remembered, because the shop may be somebody's.
    """
    began = stopwatch()
    report = await audits.run(deps)
    took_s = stopwatch() - began
    yield _result("full", took_s, report), []
    began = stopwatch()
    report = await audit(deps.clock.now() + LATER)
    yield _result("later", stopwatch() - began, report), []
    await db.fetch(_NAMED)
    began = stopwatch()
    report = await audits.run_quick(deps)
    yield _result("quick", stopwatch() - began, report), []
    if took_s > MOST_S:
        raise AuditFailed(f"took {took_s:.0f} s, at most {MOST_S}")


def _result(name: str, took_s: float, report: Report) -> Result:
    if not report.ok:
        raise AuditFailed(", ".join(check.name for check in report.checks if check.wrong))
    took_ms = round(took_s * 1000, 1)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(f"audit:{name}", None, took_ms, took_ms, took_ms, None, None, None, None, None, round(rss_mb, 1))
