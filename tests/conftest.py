"""Real PostgreSQL and Redis for every test: embedded engines, or the servers named by DATABASE_URL and REDIS_URL."""

import os
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import hypothesis
import pytest
import redis.asyncio as aioredis

from server import schema
from server.embedded import Engines
from tests.support import chance, cli, orphans
from tests.support.databases import EngineUrls, administer, application_role, drop, named_database
from tests.support.house import House
from tests.support.mall import Mall
from tests.support.patience import limit

_LIMIT_S = 120
_HEAVY = ("tests/browser", "tests/faults", "tests/seed", "tests/bench", "tests/races", "tests/stories")
"""Folders whose tests start first, so that the processes of a run end at about the same time."""


def pytest_configure(config: pytest.Config) -> None:
    """Set the time limit of each test by the speed of this machine."""
    if not config.getoption("timeout", None):
        config.option.timeout = limit(_LIMIT_S)
    orphans.adopt()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that take longest."""
    items.sort(key=lambda item: next((n for n, part in enumerate(_HEAVY) if item.nodeid.startswith(part)), len(_HEAVY)))


def pytest_report_header() -> str:
    """Print how to repeat the run with the same random numbers."""
    return f"{chance.VARIABLE}={chance.SEED}"


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int) -> None:
    """Print it again at the end if a test failed."""
    if exitstatus:
        terminalreporter.write_line(f"{chance.VARIABLE}={chance.SEED} draws the same chance again")


@pytest.fixture(autouse=True)
def _drawn_again(request: pytest.FixtureRequest) -> None:
    """Start each test with the same random numbers for a seed, whatever ran before."""
    random.seed(f"{chance.SEED} {request.node.nodeid}")


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """End every process that a test started, also when it fails."""
    before = orphans.present()
    yield
    left = orphans.end_those_left(before | cli.kept())
    assert not left, f"left running: {left}"


# How long an example takes depends on the machine. The benches measure times.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EngineUrls]:
    """Start the engines for the whole run.

    On a server named by DATABASE_URL alone, that role is the owner, and the application's is made for the run.
    """
    database, owner, redis_url = (os.environ.get(f"{n}_URL") for n in ("DATABASE", "DATABASE_OWNER", "REDIS"))
    if database and redis_url:
        # Each process of the run has a numbered Redis database of its own and empties it.
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        redis_url = urlunsplit(urlsplit(redis_url)._replace(path=f"/{number}"))
        if owner:
            yield EngineUrls(database, owner, redis_url)
            return
        async with application_role(database) as application:
            yield EngineUrls(application, database, redis_url)
        return
    folder: Path = tmp_path_factory.mktemp("engines")
    with Engines(folder, durable=False) as running:
        addresses = running.start()
        yield EngineUrls(addresses.database_url, addresses.database_owner_url, addresses.redis_url)


@pytest.fixture(scope="session")
async def template_database(engines: EngineUrls) -> AsyncIterator[str]:
    """Make a migrated, empty database to copy from; return its name."""
    name = f"tuisan_template_{secrets.token_hex(4)}"
    await administer(engines.owner, f'CREATE DATABASE "{name}"')
    await schema.migrate(*engines.named(name))
    yield name
    await drop(engines.owner, name)


@pytest.fixture(scope="session")
async def house(
    engines: EngineUrls, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Return what all tests of this process share."""
    shared = House(tmp_path_factory.mktemp("house"), engines, template_database)
    yield shared
    await shared.close()


@pytest.fixture
async def mall(house: House) -> AsyncIterator[Mall]:
    """Return a whole new mall: application, sandbox, pool, clock, Redis."""
    yield await house.new()
    await house.settle()


@pytest.fixture
async def database(house: House) -> str:
    """Make a migrated database without rows and connect this process's pool to it; return its URL."""
    await house.empty()
    return house.database_url


@pytest.fixture
async def owner(house: House) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection to the shared database as the owner of its tables, for what the application may not do."""
    async with house.owner() as connection:
        yield connection


@pytest.fixture
async def redis(engines: EngineUrls) -> AsyncIterator["aioredis.Redis"]:
    """Return an empty Redis database."""
    client = aioredis.Redis.from_url(engines.redis)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
async def own_database_url(house: House, engines: EngineUrls, template_database: str) -> AsyncIterator[str]:
    """Make a migrated database for this test alone; this process has no pool for it. Returns its URL."""
    await house.disconnect()
    name = f"tuisan_test_{secrets.token_hex(6)}"
    await administer(engines.owner, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    yield named_database(engines.database, name)
    await drop(engines.owner, name)


@pytest.fixture
def own_owner_url(own_database_url: str, engines: EngineUrls) -> str:
    """Return the URL of the test's own database for its owner."""
    return named_database(engines.owner, urlsplit(own_database_url).path[1:])
