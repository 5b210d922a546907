import asyncio
import collections
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis.asyncio as aioredis
from arq.constants import default_queue_name

from server import db, outbox, schema, wiring, worker
from server.commands.environment import CLOCK_FILE, development_environment
from server.core.clock import SharedClock
from server.embedded import Engines
from server.gateways.ports import Deps
from server.jobs.registry import JOBS
from server.jobs.relay import hand_over, relay
from server.outbox import Job
from server.settings import Settings
from tests.support.databases import EngineUrls
from tests.support.patience import limit
from tests.support.working import TEST_JOBS


class Shop:
    """A database with an outbox, a clock for it, and any number of worker processes."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.clock = SharedClock(folder / CLOCK_FILE)
        self.environment = {
            **development_environment(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
        self.settings = Settings.from_env(self.environment, folder / "no.env")
        self.workers: list[asyncio.subprocess.Process] = []

    async def put(self, *jobs: Job) -> None:
        async with db.transaction() as tx:
            await outbox.put(tx, jobs, self.clock.now())

    async def start_worker(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.working", env=os.environ | self.environment
        )
        self.workers.append(process)
        return process

    async def stop_workers(self) -> None:
        for process in self.workers:
            with contextlib.suppress(ProcessLookupError):  # it has already ended
                process.kill()
            await process.wait()

    async def ran(self) -> collections.Counter[str]:
        return collections.Counter(
            row["subject"] for row in await db.fetch("SELECT subject FROM alarms WHERE kind = 'ran'")
        )

    async def all_done(self) -> bool:
        return not await db.fetch_value("SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL)")


async def until(happened: Callable[[], Awaitable[Any]], within_s: float = 20) -> None:
    end = time.monotonic() + limit(within_s)
    while not await happened():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.05)


@pytest.fixture
async def shop(tmp_path: Path, database: str, redis: "aioredis.Redis", engines: EngineUrls) -> AsyncIterator[Shop]:
    one = Shop(tmp_path, database, engines.redis)
    yield one
    await one.stop_workers()


@pytest.fixture
async def deps(shop: Shop) -> AsyncIterator[Deps]:
    """Return the parts of this process, to run relay and jobs in it."""
    await db.disconnect()
    async with wiring.build_deps(shop.settings) as parts:
        yield parts
    await db.connect(shop.settings.database_url)


async def test_every_job_runs_once_and_redis_sees_only_numbers(shop: Shop, redis: "aioredis.Redis") -> None:
    await shop.put(*(Job("note", {"n": n}) for n in range(300)))
    await shop.start_worker()
    await shop.start_worker()
    await until(shop.all_done)
    assert await shop.ran() == {str(n): 1 for n in range(300)}

    async def queue_is_empty() -> bool:
        return not await redis.zcard(default_queue_name) and not await redis.keys("arq:job:*")

    await until(queue_is_empty)
    assert not await redis.keys("arq:result:*")


async def test_a_failed_job_says_so_without_its_text_and_is_tried_again(shop: Shop) -> None:
    await shop.put(Job("stumble", {"n": 1}))
    await shop.start_worker()

    async def failed() -> Any:
        return await db.fetch_value("SELECT last_error FROM outbox WHERE last_error IS NOT NULL")

    await until(failed)
    assert await failed() == "ValueError"
    shop.clock.advance(3)
    await until(shop.all_done)
    assert await shop.ran() == {"1": 2}


async def test_an_unknown_job_is_kept_and_told(shop: Shop) -> None:
    await shop.put(Job("nobody", {}), Job("note", {"n": 1}))
    await shop.start_worker()

    async def told() -> bool:
        return bool(await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'job_unknown'"))

    await until(told)
    await until(shop.ran)
    assert not await shop.all_done()


async def test_what_redis_forgot_is_handed_out_again(shop: Shop, redis: "aioredis.Redis", deps: Deps) -> None:
    await shop.put(*(Job("note", {"n": n}) for n in range(20)))
    async with worker.queue_of(shop.settings) as queue:
        assert await hand_over(deps, queue) == 20
        assert await hand_over(deps, queue) == 0
    await redis.flushall()
    await shop.start_worker()
    await until(lambda: redis.exists("arq:queue:health-check"))
    assert not await shop.ran()
    shop.clock.advance(31)
    await until(shop.all_done)
    assert await shop.ran() == {str(n): 1 for n in range(20)}


async def test_the_job_of_a_killed_worker_runs_again(shop: Shop) -> None:
    await shop.put(Job("linger", {"seconds": 1}))
    first = await shop.start_worker()
    await until(shop.ran)
    first.kill()
    await first.wait()
    await shop.start_worker()
    shop.clock.advance(31)
    await until(shop.all_done)
    assert await shop.ran() == {"begin": 2, "end": 1}


async def test_a_stopped_worker_finishes_its_jobs(shop: Shop) -> None:
    await shop.put(Job("linger", {"seconds": 1}))
    process = await shop.start_worker()
    await until(shop.ran)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert await shop.all_done()
    assert await shop.ran() == {"begin": 1, "end": 1}


async def test_a_job_handed_out_twice_runs_once(shop: Shop, deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOBS, "note", TEST_JOBS["note"])
    await shop.put(Job("note", {"n": 1}))
    number = await db.fetch_value("SELECT id FROM outbox")
    await worker.run_outbox({"deps": deps}, number)
    await worker.run_outbox({"deps": deps}, number)
    assert await shop.ran() == {"1": 1}


async def test_a_job_that_hangs_is_cut_and_recorded(shop: Shop, deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOBS, "linger", TEST_JOBS["linger"])
    monkeypatch.setattr(worker, "JOB_TIMEOUT_S", 0.2)
    await shop.put(Job("linger", {"seconds": 60}))
    await worker.run_outbox({"deps": deps}, await db.fetch_value("SELECT id FROM outbox"))
    assert await db.fetch_value("SELECT last_error FROM outbox") == "TimeoutError"


async def test_two_relays_hand_out_each_row_once_and_nothing_but_its_number(
    shop: Shop, deps: Deps, redis: "aioredis.Redis"
) -> None:
    await shop.put(*(Job("note", {"n": n, "openid": "secret"}) for n in range(1000)))
    async with worker.queue_of(shop.settings) as one, worker.queue_of(shop.settings) as other:
        while sum(await asyncio.gather(hand_over(deps, one), hand_over(deps, other))):
            pass
    assert await redis.zcard(default_queue_name) == 1000
    names = await redis.zrange(default_queue_name, 0, -1)
    numbers = {row["id"] for row in await db.fetch("SELECT id FROM outbox")}
    assert {name.decode() for name in names} == {f"ob:{number}:1" for number in numbers}
    payloads = await redis.mget([b"arq:job:" + name for name in names])
    assert sorted(orjson.loads(payload)["a"] for payload in payloads) == [[number] for number in sorted(numbers)]


async def test_a_long_queue_is_not_made_longer(shop: Shop, deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.jobs.relay._QUEUED_MOST", 1)
    async with worker.queue_of(shop.settings) as queue:
        await shop.put(Job("note", {"n": 1}))
        assert await hand_over(deps, queue) == 1
        await shop.put(Job("note", {"n": 2}))
        assert await hand_over(deps, queue) == 0


async def test_relay_and_worker_outlive_redis(tmp_path: Path) -> None:
    with Engines(tmp_path / "engines", durable=False) as engines:
        addresses = engines.start()
        await schema.migrate(addresses.database_owner_url, addresses.database_url)
        shop = Shop(tmp_path, addresses.database_url, addresses.redis_url)
        async with wiring.build_deps(shop.settings) as deps, worker.queue_of(shop.settings) as queue:
            handing = asyncio.create_task(relay(deps, queue))
            try:
                process = await shop.start_worker()
                await shop.put(Job("note", {"n": 1}))
                await until(shop.all_done)
                engines.kill("redis")
                assert await asyncio.wait_for(process.wait(), 30) == 1  # the supervisor would start it again
                await shop.put(*(Job("note", {"n": n}) for n in range(2, 50)))
                await asyncio.sleep(0.3)
                engines.restart("redis")
                await shop.start_worker()
                await until(shop.all_done)
                assert await shop.ran() == {str(n): 1 for n in range(1, 50)}
                assert await db.fetch_value("SELECT max(attempts) FROM outbox") == 1
            finally:
                handing.cancel()
                await shop.stop_workers()


async def test_a_task_that_lost_its_cancellation_is_cancelled_again() -> None:
    """`asyncio.wait_for` can lose a cancellation before Python 3.12."""
    lost = 0

    async def deaf_once() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await worker._end([task])
    assert (lost, task.cancelled()) == (2, True)
