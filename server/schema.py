"""The schema's version: migrate up and down under one lock, and say what is missing."""

from importlib import import_module

import asyncpg
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey

from server import db
from server.core.advisory import Advisory
from server.core.unfit import UnfitDatabaseError

EMPTY = "__first__"
"""The target before the first migration."""

_FIRST = MigrationKey(app_label="models", name="0001_initial")


def _executor() -> MigrationExecutor:
    return MigrationExecutor(get_connection("default"), db.config("postgres://nobody@nowhere/nothing")["apps"])


async def migrate(database_url: str, target: str = "__latest__") -> list[str]:
    """Bring the database to `target` (`__latest__`, a migration's name, or `EMPTY`); returns the steps taken.

    Waits, without limit, for whoever migrates at the same time. Safe to repeat. Manages its own connections,
    so no pool may be open in this process. Raises UnfitDatabaseError, having changed nothing.
    """
    guard = await asyncpg.connect(database_url)
    try:
        await db.hold(guard, Advisory.MIGRATIONS)  # several roles may start at once, one migrates
        await db.connect(database_url, pool_size=2, patient=True)  # an index on a large table takes minutes
        try:
            await refuse_unfit()
            executor = _executor()
            goal = [MigrationTarget(app_label="models", name=target)]
            steps = [step.migration.name for step in await executor.plan(goal)]
            await executor.migrate(goal)
            return steps
        finally:
            await db.disconnect()
    finally:
        await guard.close()


async def pending() -> list[str]:
    """Names of migrations that this database lacks, in order. Needs a connected pool."""
    return [step.migration.name for step in await _executor().plan()]


async def refuse_unfit() -> None:
    """Raise UnfitDatabaseError where another initial migration made the database. Needs a connected pool.

    The initial migration's name tells nothing, because it is made anew until the first release, and the one of before
    stood for less. So the database keeps the fingerprint of what made it. An empty database fits, and so does one that
    a later version migrated further: processes of this version still start while that one is rolled out.
    """
    if _FIRST not in await _executor().recorder.applied_migrations():
        return
    kept = await db.fetch_value("SELECT obj_description('tortoise_migrations'::regclass, 'pg_class')")
    if kept != import_module(f"{db.MIGRATIONS}.{_FIRST.name}").FINGERPRINT:
        raise UnfitDatabaseError
