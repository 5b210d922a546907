"""Databases of tests come and go."""

import asyncio
import contextlib
from urllib.parse import urlsplit, urlunsplit

import asyncpg


def named_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def administer(url: str, statement: str) -> None:
    """One statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop(url: str, name: str) -> None:
    """Drop a database, waiting for PostgreSQL's own vacuum to leave it: that may not be ended by us."""
    for _ in range(100):
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await administer(url, f'DROP DATABASE "{name}" WITH (FORCE)')
            return
        await asyncio.sleep(0.1)
    raise AssertionError(name)
