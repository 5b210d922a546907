"""Databases in which nothing was created yet."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.support.databases import EngineUrls, administer, drop, named_database


@pytest.fixture
async def empty_database(engines: EngineUrls) -> AsyncIterator[str]:
    """Make a database without tables; return its URL for its owner."""
    name = f"tuisan_empty_{secrets.token_hex(6)}"
    await administer(engines.owner, f'CREATE DATABASE "{name}"')
    yield named_database(engines.owner, name)
    await drop(engines.owner, name)


@pytest.fixture
def empty_app_url(empty_database: str, engines: EngineUrls) -> str:
    """Return the empty database's URL for the application."""
    return named_database(engines.database, urlsplit(empty_database).path[1:])
