"""Processes that are killed at a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from server import db

Crash = Literal["", "undone", "done"]


class Killed(Exception):  # noqa: N818 - it stands for the end of a process, not for an error
    """The process was killed at this point."""


@asynccontextmanager
async def crashing(when: Crash) -> AsyncIterator[None]:
    """Kill the process at the first transaction of the block: before its commit (`undone`) or right after (`done`)."""
    real = db.transaction

    @asynccontextmanager
    async def transaction() -> AsyncIterator[db.Connection]:
        async with real() as tx:
            yield tx
            if when == "undone":
                raise Killed
        raise Killed

    if when:
        db.transaction = transaction
    try:
        yield
    finally:
        db.transaction = real
