"""Pages of the longest statement of a member, compared with pages of a member with a hundred entries."""

import statistics
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from server import db
from server.commands.bench.benches import Result
from server.commands.bench.lists import Seen
from server.core.clock import SHANGHAI, stopwatch
from server.gateways.ports import Deps
from server.ledger.statement import statement

MOST_RATIO = 1.5
_PAGE = 20
_TIMES = 200
_MEMBERS = """
WITH counts AS (SELECT member_id, count(DISTINCT entry_id) AS entries, max(entry_id) AS newest FROM ledger_lines
  WHERE member_id > 0 GROUP BY member_id)
(SELECT * FROM counts ORDER BY entries DESC, member_id LIMIT 1)
UNION ALL (SELECT * FROM counts ORDER BY abs(entries - 100), member_id LIMIT 1)
"""


async def measure(deps: Deps) -> AsyncIterator[tuple[Result, list[Seen]]]:
    """Measure the newest page, a page deep down, a kind and a month, for the two members in turn."""
    async with db.snapshot() as reader:
        long, short = await reader.fetch(_MEMBERS, timeout=600)
    month = int((deps.clock.now().astimezone(SHANGHAI) - timedelta(days=40)).strftime("%Y%m"))
    deep = [await _deep(row["member_id"], row["entries"] // 2) for row in (long, short)]
    ways: dict[str, tuple[dict[str, Any], tuple[int | None, int | None]]] = {
        "newest": ({}, (None, None)),
        "deep": ({}, (deep[0], deep[1])),
        "kind": ({"kinds": ("commission_release",)}, (None, None)),
        "month": ({"month": month}, (None, None)),
    }
    for way, (only, before) in ways.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(_TIMES):
            for spent, row, place in zip(times, (long, short), before, strict=True):
                began = stopwatch()
                await statement(row["member_id"], before_entry=place, limit=_PAGE, **only)
                spent.append((stopwatch() - began) * 1000)
        yield _result(way, times, long["entries"], short["entries"]), []


async def _deep(member_id: int, skipped: int) -> int:
    found: int = await db.fetch_value(
        "SELECT entry_id FROM ledger_lines WHERE member_id = $1 ORDER BY entry_id DESC OFFSET $2 LIMIT 1",
        member_id,
        skipped,
    )
    return found


def _result(way: str, times: tuple[list[float], list[float]], long: int, short: int) -> Result:
    ours = sorted(times[0])
    p50, p95, p99 = (round(ours[len(ours) * rank // 100], 3) for rank in (50, 95, 99))
    limit = statistics.median(times[1])
    told = f"{long} entries beside {short}, ratio ≤ {MOST_RATIO} of the time"
    return Result(
        f"statement_100k:{way}",
        round(1000 / p50, 1),
        p50,
        p95,
        p99,
        told,
        round(1000 / limit, 1),
        round(statistics.median(times[0]) / limit, 3),
        None,
        None,
        0.0,
    )
