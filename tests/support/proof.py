"""After every story: the audit finds nothing, rebates are what their rule gives, wallets what their statement says."""

from datetime import timedelta
from typing import Any

from server import db
from server.ledger import statement
from server.ledger.audit import Report, audit
from tests.support import histories
from tests.support.mall import Mall
from tests.support.purse import NO_REBATE, TEST_KEY

_MOST_LINES = 10_000


async def let_rest(mall: Mall, hours: float = 3) -> None:
    """Record that the scheduler has run until now, so that the audit excuses nothing that was due two hours ago."""
    now = mall.clock.now()
    await db.fetch(
        "INSERT INTO scheduler_runs (started_at, beat_at) VALUES ($1, $2) RETURNING id",
        now - timedelta(hours=hours),
        now,
    )


def offenders(report: Report) -> dict[str, list[dict[str, Any]]]:
    """Return what a report found, by proof, without the money that a test gave its members from nowhere."""
    found = {check.name: [one for one in check.offenders if not _given(one)] for check in report.checks if check.wrong}
    return {name: left for name, left in found.items() if left}


def _given(offender: dict[str, Any]) -> bool:
    return str(offender.get("key", "")).startswith(TEST_KEY) or offender.get("source") == NO_REBATE


async def proved(mall: Mall, *, rested: bool = False) -> None:
    """Prove the books of a mall that is at rest; with `rested` also that nothing rests that could move."""
    if rested:
        await let_rest(mall)
    found = offenders(await audit(mall.clock.now()))
    assert not found, found
    await histories.repeated()
    for row in await db.fetch("SELECT id FROM members ORDER BY id"):
        held = await statement.balances(row["id"])
        lines = await statement.statement(row["id"], before_entry=None, limit=_MOST_LINES)
        available = held.get("spend_only", 0) + held.get("withdrawable", 0)
        assert (available, held.get("frozen", 0), held.get("debt", 0)) == (
            sum(line.available_delta_fen for line in lines),
            sum(line.frozen_delta_fen for line in lines),
            sum(line.debt_delta_fen for line in lines),
        )
        assert not lines or lines[0].available_after_fen == available
