"""Creating and dropping test databases, and the application's role on a server that the environment names."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg


@dataclass(frozen=True)
class EngineUrls:
    """The addresses of the engines of this run."""

    database: str
    """As the application's role."""
    owner: str
    """As the role that makes databases and owns what is in them."""
    redis: str

    def named(self, database: str) -> tuple[str, str]:
        """Return the URLs of a database for the owner and for the application."""
        return named_database(self.owner, database), named_database(self.database, database)


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


@contextlib.asynccontextmanager
async def application_role(owner_url: str) -> AsyncIterator[str]:
    """Make a role for the application during the block; yield its URL. The owner may end its connections."""
    name, password = f"tuisan_app_{secrets.token_hex(4)}", secrets.token_hex(16)
    await administer(owner_url, f"CREATE ROLE {name} LOGIN PASSWORD '{password}' ROLE CURRENT_USER")
    parts = urlsplit(owner_url)
    address = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{address}"))
    await administer(owner_url, f"DROP ROLE {name}")


async def drop(url: str, name: str) -> None:
    """Drop a database once PostgreSQL's own vacuum has left it; we may not terminate that one."""
    for _ in range(100):
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await administer(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            return
        await asyncio.sleep(0.1)
    raise AssertionError(name)
