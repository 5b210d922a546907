"""The schema's version: migrate up and down under one lock, and say what is missing."""

from typing import Any

import asyncpg
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from server import db

EMPTY = "__first__"
"""The target before the first migration."""

_LOCK = 7_224_100_001
"""Advisory lock of migrating: several roles may start at once, one migrates."""


def _executor() -> MigrationExecutor:
    # Before each operation Tortoise copies every model. Those that name no connection are spared their query sets,
    # which no migration asks and which take longer to make than all the rest.
    apps: dict[str, Any] = db.config("postgres://nobody@nowhere/nothing")["apps"]
    unconnected = {label: {**app, "default_connection": None} for label, app in apps.items()}
    return MigrationExecutor(get_connection("default"), unconnected)


async def migrate(database_url: str, target: str = "__latest__") -> list[str]:
    """Bring the database to `target` (`__latest__`, a migration's name, or `EMPTY`); returns the steps taken.

    Waits, without limit, for whoever migrates at the same time. Safe to repeat. Manages its own connections,
    so no pool may be open in this process.
    """
    guard = await asyncpg.connect(database_url)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await db.connect(database_url, pool_size=2, patient=True)  # an index on a large table takes minutes
        try:
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
