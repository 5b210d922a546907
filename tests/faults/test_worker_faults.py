"""Workers killed in their jobs, Redis emptied and killed: the outbox hands out unfinished jobs again."""

import asyncio
import sys
from collections.abc import Iterator

import pytest

from tests.faults.chaos import buy_under_fire, circles, ends_well, entered, processes, shots
from tests.faults.test_dev import Dev
from tests.support.mall import Mall

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from processes(tmp_path_factory.mktemp("working"))


async def empty_redis(mall: Mall, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0.3)
        await mall.deps.redis.flushall()


async def test_workers_killed_in_their_jobs(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        orders = await buy_under_fire(mall, people, shots(dev, "roles.worker", 4))
        await ends_well(mall, people, orders)


async def test_redis_emptied(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        orders = await buy_under_fire(mall, people, empty_redis(mall, 10))
        await ends_well(mall, people, orders)


async def test_redis_killed(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        orders = await buy_under_fire(mall, people, shots(dev, "/valkey-server ", 3))
        await ends_well(mall, people, orders)
