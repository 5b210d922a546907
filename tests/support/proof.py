"""After every story: the audit finds nothing, rebates are what their rule gives, wallets what their statement says."""

from server import db
from server.ledger import statement
from server.ledger.audit import audit
from tests.support import histories
from tests.support.mall import Mall

_MOST_LINES = 10_000


async def proved(mall: Mall) -> None:
    """Prove the books of a mall that is at rest."""
    report = await audit(mall.clock.now())
    assert {check.name: check.offenders for check in report.checks if check.wrong} == {}
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
