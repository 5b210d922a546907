"""Creating and dropping test databases."""

import asyncio
import contextlib
from urllib.parse import urlsplit, urlunsplit

import asyncpg


def named_database(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def administer(url: str, statement: str) -> None:
    """Run one statement on a new connection."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop(url: str, name: str) -> None:
    """Drop a database once PostgreSQL's own vacuum has left it; we may not terminate that one."""
    for _ in range(100):
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await administer(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            return
        await asyncio.sleep(0.1)
    raise AssertionError(name)
