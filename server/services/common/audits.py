"""Audits of the shop: all proofs, or quickly those of what may rest and of members whom anything written names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from server import db
from server.core.clock import stopwatch
from server.gateways.ports import Deps
from server.ledger import named
from server.ledger.audit import MAX_OFFENDERS, Check, Report, Tell, audit, audit_since, untold
from server.services.common import alarms, anchors, audit_log
from server.services.common.anchors import End

_AGAIN = timedelta(days=1)
"""An offence that lasts is told again after this time."""


async def run(deps: Deps, *ends: End, tell: Tell = untold) -> Report:
    """Run all proofs, those of the operators' log included, and remember the result.

    `ends` are ends of the operators' log that were told outside. Raises Busy, RedisError.
    """
    began = stopwatch()
    report = await _with_log(deps, ends, await audit(deps.clock.now(), tell))
    await _remember(report, stopwatch() - began)
    return report


async def run_quick(deps: Deps, *ends: End, tell: Tell = untold) -> Report:
    """Run the proofs of what may rest and of what was written since the last clean audit, and remember the result.

    Without a clean audit, or if too much was written since, all proofs are run. Raises as `run`.
    """
    began = stopwatch()
    seen = await _seen()
    quick = None if seen is None else await audit_since(deps.clock.now(), seen)
    if quick is None:
        return await run(deps, *ends, tell=tell)
    report = await _with_log(deps, ends, quick)
    await _remember(report, stopwatch() - began)
    return report


async def watch(deps: Deps) -> None:
    """Run a quick audit, and tell operators of what it finds. Raises Busy."""
    report = await run_quick(deps)
    if report.ok:
        return
    wrong = {check.name: check.wrong for check in report.checks if check.wrong}
    async with db.transaction() as tx:
        await alarms.sound_at_most_every(_AGAIN, tx, "audit_failed", "audit", deps.clock.now(), {"wrong": wrong})


async def _with_log(deps: Deps, ends: Sequence[End], report: Report) -> Report:
    """Add the check of the operators' log: its chain, and that its ends told outside are still there."""
    told = [*ends, *await anchors.told(deps.redis)]
    async with db.snapshot() as reader:
        checked, broken = await audit_log.verify(reader)
        broken += [{"told": end.id, "hash": end.hash} for end in await anchors.missing(reader, told)]
    log = Check("audit_log", "操作日志未被改动", checked, len(broken), broken[:MAX_OFFENDERS])
    return replace(report, checks=(*report.checks, log))


_SEEN = """
SELECT r.entry_id, r.xid FROM audit_runs r
  CROSS JOIN (SELECT rested_at FROM audit_runs WHERE wrong = 0 ORDER BY id DESC LIMIT 1) newest
  WHERE r.wrong = 0
  ORDER BY (r.at <= newest.rested_at) IS TRUE DESC, CASE WHEN r.at <= newest.rested_at THEN r.id ELSE -r.id END DESC
  LIMIT 1
"""


async def _seen() -> named.Mark | None:
    """Return from where on a quick audit must look; None before the first clean audit.

    The newest clean audit could not judge what there was no time to act on yet. So a clean audit from before that
    counts, else the oldest one.
    """
    row = await db.fetch_row(_SEEN)
    return None if row is None else named.Mark(**row)


async def _remember(report: Report, took_s: float) -> None:
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO audit_runs (at, rested_at, members, checked, wrong, entry_id, xid, took_ms)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            report.at,
            report.rested,
            report.members,
            sum(check.checked for check in report.checks),
            sum(check.wrong for check in report.checks),
            report.mark.entry_id,
            report.mark.xid,
            int(took_s * 1000),
        )


class State(msgspec.Struct, frozen=True):
    """How the newest audit ended, and when the last clean one was made."""

    wrong: int
    at: datetime
    clean_at: datetime | None


async def state() -> State | None:
    """Return the result of the newest audit, for monitoring; None before the first one. Raises Busy."""
    row = await db.fetch_row(
        "SELECT wrong, at, (SELECT max(at) FROM audit_runs WHERE wrong = 0) AS clean_at FROM audit_runs"
        " ORDER BY id DESC LIMIT 1"
    )
    return None if row is None else db.typed(row, State)
