"""Shared by all tests of one process: one database, application and sandbox, reset before each test."""

import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from tortoise.exceptions import ConfigurationError

from server import db
from server.handlers import endpoint
from server.services.common import audit_log
from tests.support import cli
from tests.support.databases import EngineUrls, administer, drop, named_database
from tests.support.emptying import Emptying
from tests.support.kept import Kept, set_clock
from tests.support.mall import Mall, running_mall

_DRAIN_S = 20.0


class House:
    """A mall that runs as long as the process. `new()` resets it, undoing only what a test has left."""

    def __init__(self, folder: Path, engines: EngineUrls, template: str) -> None:
        self._folder = folder
        self._engines, self._template = engines, template
        self._name = f"tuisan_house_{secrets.token_hex(4)}"
        self._stack = contextlib.AsyncExitStack()
        self._mall: Mall | None = None

    @property
    def database_url(self) -> str:
        """The URL of the shared database for the application."""
        return named_database(self._engines.database, self._name)

    @property
    def owner_url(self) -> str:
        """Its URL for the owner of its tables."""
        return named_database(self._engines.owner, self._name)

    @contextlib.asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection]:
        """Connect to the shared database as the owner of its tables."""
        if self._mall is None:
            await self._build()
        connection = await asyncpg.connect(self.owner_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def new(self) -> Mall:
        """Return the mall as if it had just been started on an empty database and an empty Redis."""
        if self._mall is None:
            await self._build()
        assert self._mall is not None
        await self.empty()
        self._mall.swap()
        self._mall.http.cookies.clear()
        return replace(self._mall)

    async def empty(self) -> None:
        """Reset the database, Redis, the clock's offset and the media."""
        if self._mall is None:
            await self._build()
        assert self._mall is not None
        await self.emptying.empty()
        await self._mall.deps.redis.flushdb()
        set_clock(self._folder, 0)
        if media := self._mall.settings.media_dir:
            shutil.rmtree(media, ignore_errors=True)
        await self.connect()

    async def connect(self) -> None:
        """Connect the process's pool to the shared database, which was just reset."""
        assert self._mall is not None
        if not self._is_connected():
            await db.connect(self.database_url, self._mall.settings.db_pool_size)
        db.forget_identity()
        audit_log.seal_with(self._mall.deps.cipher)

    async def disconnect(self) -> None:
        """Close the pool, for tests that open their own."""
        await db.disconnect()

    def _is_connected(self) -> bool:
        """Return whether the pool is still ours: a test may have connected elsewhere or closed it."""
        try:
            client = db._client()
            return bool((client.database, client.user) == (self._name, urlsplit(self.database_url).username))
        except (ConfigurationError, KeyError, RuntimeError):  # RuntimeError: Tortoise has no context at all
            return False

    async def settle(self) -> None:
        """Stop what a test left running: the sandbox's notifications, calls whose clients disconnected."""
        assert self._mall is not None
        await self._mall.control("forget")
        await endpoint.drain(_DRAIN_S)

    async def keep(self, mall: Mall) -> Kept:
        """Save the mall's present state, to restore it later."""
        return await Kept.of(mall, self.emptying)

    async def again(self, kept: Kept) -> Mall:
        """Restore a saved state. The clock has advanced by as much as the machine's clock."""
        mall = await self.new()
        await kept.put(mall, self.emptying)
        audit_log.seal_with(mall.deps.cipher)
        return mall

    async def close(self) -> None:
        """Stop everything and drop the database."""
        await cli.stop()
        if self._mall is not None:
            await self.connect()
        await self._stack.aclose()
        await drop(self._engines.owner, self._name)

    async def _build(self) -> None:
        await administer(self._engines.owner, f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}"')
        self.emptying = await Emptying.of(self.owner_url, self.database_url)
        self._stack.push_async_callback(self.emptying.close)
        self._mall = await self._stack.enter_async_context(
            running_mall(self._folder, self.database_url, self._engines.redis, self.owner_url)
        )
