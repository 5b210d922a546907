"""Locks that a test holds, so that data change between a transaction's read and its lock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server import db

MEMBER = "SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE"
"""Lock one member; money of the member moves only under this lock."""
STOCK = "SELECT 1 FROM skus WHERE id = $1 FOR UPDATE"
"""Lock one SKU; every movement of its pieces waits."""
WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
"""The end of a statement: the connections of this database that wait for a lock."""


@asynccontextmanager
async def held(lock: str, *args: Any, by: db.Connection | None = None) -> AsyncIterator[db.Connection]:
    """Hold this lock during the block; the writes of its connection are committed at the end."""
    async with contextlib.nullcontext(by) if by else db.connection() as holder, holder.transaction():
        await holder.execute(lock, *args)
        yield holder


async def waiting(count: int = 1) -> None:
    """Wait until so many connections wait for a lock. Raises TimeoutError after twenty seconds."""
    async with asyncio.timeout(20):
        while await db.fetch_value(f"SELECT count(*) {WAITING}") < count:  # noqa: ASYNC110 - PostgreSQL sends no event for this
            await asyncio.sleep(0.01)
