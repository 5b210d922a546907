"""Clients that disconnect during a transaction must not take connections out of the pool."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis.asyncio as aioredis

from server import db
from server.handlers import rooms
from server.handlers.endpoint import Call, NoBody, Room
from tests.support.databases import EngineUrls
from tests.support.mall import Mall, running_mall
from tests.support.patience import limit

ABORTS = 1000


_begun: list[str] = []
"""Calls that got a transaction: their client had not left before they were read, and a connection was free."""


async def act(_call: Call, _taken: Any) -> NoBody:
    async with db.transaction() as tx:
        _begun.append("act")
        await tx.fetchval("SELECT pg_sleep(0.004)")
        await tx.execute("INSERT INTO security_events (at, kind, reason, remote_ip) SELECT 'epoch', 'test', '', ''")
    return NoBody()


async def read(call: Call, taken: Any) -> NoBody:
    return await act(call, taken)


@pytest.fixture
async def small_mall(
    own_database_url: str, redis: "aioredis.Redis", engines: EngineUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Mall]:
    room = Room("test_room", "test")
    room.get("/test-read", "a cancelled call", auth="guest")(read)
    room.post("/test-act", "a call that is finished", auth="guest")(act)
    monkeypatch.setattr(rooms, "SHOP", (room,))
    async with running_mall(tmp_path, own_database_url, engines.redis) as running:
        yield running


async def abort_many(base_url: str, request: bytes) -> None:
    address = urlsplit(base_url)
    chance = random.Random(7)
    gate = asyncio.Semaphore(10)

    async def one(patience_s: float) -> None:
        async with gate:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(request)
            await writer.drain()
            await asyncio.sleep(patience_s)
            writer.transport.abort()

    await asyncio.gather(*(one(chance.random() * 0.006) for _ in range(ABORTS)))


@pytest.mark.parametrize("request_line", ["GET /api/test-read", "POST /api/test-act"], ids=["cancelled", "finished"])
async def test_the_pool_is_whole_after_a_thousand_aborts(small_mall: Mall, request_line: str) -> None:
    method, path = request_line.split()
    _begun.clear()
    # Open all connections first: that takes longer than the clients wait.
    await asyncio.gather(*(small_mall.http.request(method, path) for _ in range(20)))
    request = f"{request_line} HTTP/1.1\r\nHost: mall\r\nContent-Length: 0\r\n\r\n".encode()
    await abort_many(small_mall.base_url, request)
    pool = await db._pool()
    end = time.monotonic() + min(limit(5), 15)  # far below idle_in_transaction_session_timeout, which would hide a leak
    while pool.get_idle_size() != pool.get_size():
        assert time.monotonic() < end, "a connection was never given back"
        await asyncio.sleep(0.05)
    stuck = await db.fetch_value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    assert stuck == 0
    answers = await asyncio.gather(*(small_mall.http.request(method, path) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    written = await db.fetch_value("SELECT count(*) FROM security_events")
    if method == "POST":
        assert written == len(_begun) > ABORTS // 2  # none was lost although every client disconnected
    else:
        assert 40 <= written < ABORTS + 40
