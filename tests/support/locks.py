"""Locks that a test holds, so that the world moves between a look and its lock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server import db

MEMBER = "SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE"
"""The lock of one member, under which its money moves."""
WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
"""The connections of this database that wait for a lock, as the end of a statement."""


@asynccontextmanager
async def held(lock: str, *args: Any) -> AsyncIterator[db.Connection]:
    """The block runs while this lock is held; what its connection writes is committed at the end."""
    async with db.connection() as holder, holder.transaction():
        await holder.execute(lock, *args)
        yield holder


async def waiting(count: int = 1) -> None:
    """Until so many connections wait for a lock. Raises TimeoutError after twenty seconds."""
    async with asyncio.timeout(20):
        while await db.fetch_value(f"SELECT count(*) {WAITING}") < count:  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.01)
