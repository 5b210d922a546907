"""The scheduler's beats, from which the audit knows how long the scheduler has run."""

from datetime import datetime, timedelta

from server import db
from server.core.advisory import Advisory
from server.rules.running import continues
from server.services.common import locks

_KEPT = timedelta(days=30)


async def beat(at: datetime) -> None:
    """Record that the scheduler runs: the current run lasts until now, or a new one starts after a gap. Raises Busy."""
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.SCHEDULER)
        run = await tx.fetchrow("SELECT id, beat_at FROM scheduler_runs ORDER BY id DESC LIMIT 1")
        if run is not None and continues(run["beat_at"], at):
            await tx.execute("UPDATE scheduler_runs SET beat_at = $2 WHERE id = $1", run["id"], at)
        else:
            await tx.execute("INSERT INTO scheduler_runs (started_at, beat_at) VALUES ($1, $1)", at)
            await tx.execute("DELETE FROM scheduler_runs WHERE beat_at < $1", at - _KEPT)
