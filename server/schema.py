"""The schema's version: migrate up and down under one lock, and list missing migrations."""

from importlib import import_module

import asyncpg
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey

from server import db
from server.core.advisory import Advisory
from server.core.unfit import UnfitDatabaseError

EMPTY = "__first__"
"""The target that means "before the first migration"."""

_FIRST = MigrationKey(app_label="models", name="0001_initial")


def _executor() -> MigrationExecutor:
    return MigrationExecutor(get_connection("default"), db.config("postgres://nobody@nowhere/nothing")["apps"])


async def migrate(database_url: str, target: str = "__latest__") -> list[str]:
    """Migrate the database to `target` (`__latest__`, a migration's name, or `EMPTY`) and return the steps taken.

    Waits without a limit while another process migrates. Safe to repeat. Manages its own connections, so this process
    must not have an open pool. Raises UnfitDatabaseError before it changes anything.
    """
    guard = await asyncpg.connect(database_url)
    try:
        await db.hold(guard, Advisory.MIGRATIONS)  # several processes may start at once; only one migrates
        await db.connect(database_url, pool_size=2, patient=True)  # building an index on a large table takes minutes
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
    """Return the names of migrations that this database lacks, in order. Needs a connected pool."""
    return [step.migration.name for step in await _executor().plan()]


async def refuse_unfit() -> None:
    """Raise UnfitDatabaseError when another initial migration made the database. Needs a connected pool.

    The name of the initial migration proves nothing, because until the first release the migration is generated again
    under the same name. So the database stores a fingerprint of the migration that made it. An empty database is
    accepted. A database that a later version migrated further is accepted too, because processes of this version still
    start during the rollout of the later one.
    """
    if _FIRST not in await _executor().recorder.applied_migrations():
        return
    kept = await db.fetch_value("SELECT obj_description('tortoise_migrations'::regclass, 'pg_class')")
    if kept != import_module(f"{db.MIGRATIONS}.{_FIRST.name}").FINGERPRINT:
        raise UnfitDatabaseError
