import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from server import db, outbox
from server.core.errors import Busy
from server.gateways.ports import Deps
from server.jobs import ticks
from server.jobs.ticks import Tick, keep_ticking
from server.outbox import Job
from server.services.common import security
from tests.support.mall import Mall
from tests.support.patience import limit


async def run_until(done: Callable[[], bool], *work: Awaitable[None]) -> float:
    """Run endless work until `done` is true; return the seconds it took."""
    began = time.monotonic()
    running = asyncio.gather(*work)
    try:
        while not done():
            assert time.monotonic() - began < limit(20), "it did not happen"
            await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    return time.monotonic() - began


def counting(times: list[float], trouble: Exception | None = None) -> Callable[[Deps], Awaitable[None]]:
    async def body(_deps: Deps) -> None:
        times.append(time.monotonic())
        if trouble is not None:
            raise trouble

    return body


async def test_a_tick_comes_once_a_period_however_many_workers_there_are(mall: Mall) -> None:
    times: list[float] = []
    tick = Tick("test", 0.2, counting(times))
    took = await run_until(lambda: len(times) >= 5, *(keep_ticking(mall.deps, tick) for _ in range(4)))
    assert len(times) <= took / tick.every_s + 2


async def test_a_tick_does_not_wait_for_the_clock_of_the_mall(mall: Mall) -> None:
    times: list[float] = []
    mall.clock.advance(3600)
    await run_until(lambda: len(times) >= 2, keep_ticking(mall.deps, Tick("test", 0.2, counting(times))))


@pytest.mark.parametrize("trouble", [Busy(), ConnectionResetError(), ZeroDivisionError()], ids=type)
async def test_trouble_does_not_end_a_tick(mall: Mall, trouble: Exception, caplog: pytest.LogCaptureFixture) -> None:
    times: list[float] = []
    await run_until(lambda: len(times) >= 2, keep_ticking(mall.deps, Tick("test", 0.1, counting(times, trouble))))
    assert "tick test" in caplog.text
    assert ("Traceback" in caplog.text) == isinstance(trouble, ZeroDivisionError)


async def test_what_is_old_is_cleaned_away(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    now = mall.clock.now()
    async with db.transaction() as tx:
        await outbox.put(tx, [Job("one", {}), Job("two", {})], now)
        await tx.execute("UPDATE outbox SET done_at = $1", now - timedelta(days=8))
        for days in (200, 190, 10, 5, 1):
            await tx.execute(
                "INSERT INTO security_events (at, kind, reason, remote_ip) VALUES ($1, 'notice', $2, '')",
                now - timedelta(days=days),
                str(days),
            )
    monkeypatch.setattr(security, "_CLEAN_ROWS", 1)
    monkeypatch.setattr(security, "_MOST", 2)
    await ticks.clean_outbox(mall.deps)
    await ticks.clean_security_events(mall.deps)
    left = await db.fetch("SELECT job FROM outbox")
    assert [row["job"] for row in left] == ["two"]  # the newest stays, so that an emptied outbox is noticed
    kept = await db.fetch("SELECT reason FROM security_events ORDER BY id")
    assert [row["reason"] for row in kept] == ["5", "1"]


def test_ticks_have_names_of_their_own() -> None:
    names = [tick.name for tick in ticks.TICKS]
    assert len(names) == len(set(names))
    assert {"ledger_roll_up", "outbox_clean", "security_events_clean"} <= set(names)
