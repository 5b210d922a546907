"""Databases in which nothing was created yet."""

import secrets
from collections.abc import AsyncIterator

import pytest

from tests.conftest import EngineUrls
from tests.support.databases import administer, drop, named_database


@pytest.fixture
async def empty_database(engines: EngineUrls) -> AsyncIterator[str]:
    """Make a database without tables; return its URL."""
    name = f"tuisan_empty_{secrets.token_hex(6)}"
    await administer(engines.database, f'CREATE DATABASE "{name}"')
    yield named_database(engines.database, name)
    await drop(engines.database, name)
