"""A coupon for every member: how long the worker takes, and how much memory it uses meanwhile."""

import asyncio
import itertools
import secrets

from server import db
from server.commands.bench import procs
from server.commands.bench.benches import Length, Result
from server.commands.bench.stage import Stage
from server.core.clock import stopwatch
from server.embedded import EngineError
from server.services.coupons import apply as coupon_apply
from server.services.coupons import issues

MEMBERS = 100_000
GROWTH_MOST_MB = 48
"""How much the worker's memory may grow. The limit is the same for ten times as many members."""
_WAIT_MOST_S = 600
_LOOK_S = 0.05
_numbers = itertools.count(1)

_ISSUED = """
SELECT i.state, i.seen, i.issued, c.coupons, c.members FROM coupon_issues i
  CROSS JOIN LATERAL (SELECT count(*) AS coupons, count(DISTINCT member_id) AS members FROM coupons
    WHERE issue_id = i.id) c WHERE i.id = $1
"""


async def coupons(stage: Stage, length: Length) -> list[Result]:
    """Issue one template after the other to all members. The times are those of whole jobs."""
    missing = MEMBERS - await db.fetch_value("SELECT count(*) FROM members")
    if missing > 0:
        await stage.shop.people(missing)
    held_mb = _held_mb(stage)
    jobs, cpu_s = [], -procs.cpu_s(stage.serving)
    for _ in range(length.rounds):
        began = stopwatch()
        given = await _give(stage)
        jobs.append((stopwatch() - began, given))
    cpu_s += procs.cpu_s(stage.serving)
    grown_mb = _held_mb(stage) - held_mb
    if grown_mb > GROWTH_MOST_MB:
        raise EngineError(f"the worker grew by {grown_mb:.0f} MB, more than {GROWTH_MOST_MB}")
    seconds = sorted(seconds for seconds, _ in jobs)
    p50, p95, p99 = (round(seconds[min(len(jobs) - 1, len(jobs) * rank // 100)] * 1000, 1) for rank in (50, 95, 99))
    per_second = sum(given for _, given in jobs) / sum(seconds)
    cpu_ms = cpu_s * 1000 / sum(given for _, given in jobs)
    rates = round(per_second, 1), p50, p95, p99
    return [Result("coupons", *rates, None, None, None, round(cpu_ms, 3), None, round(_held_mb(stage), 1))]


def _held_mb(stage: Stage) -> float:
    return max(map(procs.peak_rss_mb, stage.workers))


async def _give(stage: Stage) -> int:
    """Start a job and wait for its end; return the number of coupons. Raises EngineError unless each member has one."""
    deps, slug = stage.shop.deps, f"bench-{next(_numbers)}"
    template = {"slug": slug, "name": "人人有份", "amount_fen": 500, "valid_days": 30}
    await coupon_apply.apply(deps, {"templates": [template]}, "bench")
    template_id = await db.fetch_value("SELECT id FROM coupon_templates WHERE slug = $1", slug)
    wanted = issues.Wanted(template_id, "all", None, (), (), secrets.token_hex(8), "bench")
    issue_id = await issues.ask(deps, wanted, "bench")
    began = stopwatch()
    while await db.fetch_value("SELECT state FROM coupon_issues WHERE id = $1", issue_id) == "running":
        if stopwatch() - began > _WAIT_MOST_S:
            raise EngineError(f"the coupons were not given within {_WAIT_MOST_S} s")
        await asyncio.sleep(_LOOK_S)
    row = await db.fetch_row(_ISSUED, issue_id)
    people = await db.fetch_value("SELECT count(*) FROM members WHERE state = 'active'")
    if row is None or tuple(row) != ("done", people, people, people, people):
        raise EngineError(f"not every one of {people} members has one coupon: {dict(row or {})}")
    return int(people)
