"""Real PostgreSQL and Redis for every test: embedded engines, or the servers named by DATABASE_URL and REDIS_URL."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import pytest
import redis.asyncio as aioredis

from server import db, schema
from server.embedded import Engines
from tests.support.databases import administer, drop
from tests.support.mall import Mall, running_mall

# How long an example takes is the machine's affair: timings stand in benchmarks.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@dataclass(frozen=True)
class EngineUrls:
    """Where the engines of this run listen."""

    database: str
    redis: str


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineUrls]:
    """The engines of the whole run."""
    named = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if named[0] and named[1]:
        # Each process of the run empties a numbered database of its own.
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield EngineUrls(named[0], urlunsplit(urlsplit(named[1])._replace(path=f"/{number}")))
        return
    folder: Path = tmp_path_factory.mktemp("engines")
    with Engines(folder, durable=False) as running:
        addresses = running.start()
        yield EngineUrls(addresses.database_url, addresses.redis_url)


def named_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
async def template_database(engines: EngineUrls) -> AsyncIterator[str]:
    """A migrated, empty database to copy from; its name."""
    name = f"tuisan_template_{secrets.token_hex(4)}"
    await administer(engines.database, f'CREATE DATABASE "{name}"')
    await schema.migrate(named_database(engines.database, name))
    yield name
    await drop(engines.database, name)


@pytest.fixture
async def database_url(engines: EngineUrls, template_database: str) -> AsyncIterator[str]:
    """A fresh migrated database of the test's own."""
    name = f"tuisan_test_{secrets.token_hex(6)}"
    await administer(engines.database, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    yield named_database(engines.database, name)
    await drop(engines.database, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The test's own database with this process's pool connected to it; its URL."""
    await db.connect(database_url)
    yield database_url
    await db.disconnect()


@pytest.fixture
async def redis(engines: EngineUrls) -> AsyncIterator["aioredis.Redis"]:
    """An empty Redis."""
    client = aioredis.Redis.from_url(engines.redis)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
async def mall(database_url: str, redis: "aioredis.Redis", engines: EngineUrls, tmp_path: Path) -> AsyncIterator[Mall]:
    """A whole mall: application, sandbox, pool, clock. Redis is emptied first."""
    async with running_mall(tmp_path, database_url, engines.redis) as running:
        yield running
