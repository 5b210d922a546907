"""A whole mall as processes to be killed, and customers who retry until they are answered."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from server import db, wiring
from server.commands.runtime import environment_of, places_of
from server.core.clock import SharedClock
from server.core.errors import Busy
from server.ledger.audit import audit
from server.settings import Settings
from tests.faults.test_dev import Dev, end, start
from tests.support.mall import Mall
from tests.support.patience import limit
from tests.support.proof import offenders
from tests.support.shop import Shopper, join, make_sku, publish

TRIES_S = 60
CIRCLES = 4


class Stubborn(httpx.AsyncClient):
    """Repeats a request under the same idempotency key until it is answered; logs in again when asked to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.known: dict[str, Shopper] = {}

    async def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        ends = time.monotonic() + limit(TRIES_S)
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await super().request(method, url, **options)
                if answer.status_code == 401:
                    options["headers"] |= await self._logged_in(self.known[options["headers"]["Authorization"]])
                elif answer.status_code < 500:
                    return answer
            assert time.monotonic() < ends, "nobody answered"
            await asyncio.sleep(0.05)

    async def _logged_in(self, one: Shopper) -> dict[str, str]:
        one.token = (await join(one.mall, openid=one.openid)).token
        self.known[one.headers["Authorization"]] = one
        return one.headers


def processes(folder: Path) -> Iterator[Dev]:
    """Run the mall as `dev` does, in its own folder."""
    one = start(folder / "data")
    try:
        yield one
    finally:
        end(one)


@contextlib.asynccontextmanager
async def entered(dev: Dev) -> AsyncIterator[Mall]:
    """Reach that mall from outside: by HTTP, and by connections of this process to its engines."""
    settings = Settings.from_env(environment_of(dev.data, places_of(dev.data)), dev.data / "no.env")
    async with wiring.build_deps(settings) as deps, Stubborn(base_url=dev.url, timeout=10) as http:
        assert isinstance(deps.clock, SharedClock)
        yield Mall(deps, dev.url, deps.sandbox_control_url, deps.clock, settings, http, dev.data, None)


def shoot(dev: Dev, role: str) -> None:
    """Kill one process of this role, if one runs."""
    if running := dev.role(role):
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(running), signal.SIGKILL)


_WAITED_FOR = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))
"""


async def shoot_in_the_middle(dev: Dev, role: str, row: str, *args: Any) -> None:
    """Lock a row (`SELECT … FOR UPDATE`) until a transaction waits for it, then kill all processes of the role.

    What that transaction has written so far is never committed.
    """
    async with db.transaction() as tx:
        assert await tx.fetch(row, *args)
        await in_time(lambda: tx.fetchval(_WAITED_FOR))
        for pid in dev.role(role):
            os.kill(pid, signal.SIGKILL)


async def circles(mall: Mall) -> list[Shopper]:
    """Make referrers with three friends each, all logged in and with addresses."""
    await publish(mall)
    people = []
    for _ in range(CIRCLES):
        referrer = await join(mall)
        people += [referrer, *[await join(mall, referrer) for _ in range(3)]]
    for one in people:
        assert isinstance(mall.http, Stubborn)
        mall.http.known[one.headers["Authorization"]] = one
        await one.address()
    return people


async def buy_under_fire(mall: Mall, people: list[Shopper], harm: Awaitable[None]) -> list[str]:
    """Let everybody buy, again and again until the harm is done; return their orders."""
    sku = await make_sku(stock=10_000)
    harming = asyncio.ensure_future(harm)
    orders: list[str] = []
    while not harming.done():
        orders += await asyncio.gather(*(one.buy(sku) for one in people))
    await harming
    return orders


async def shots(dev: Dev, role: str, times: int) -> None:
    """Kill a process of this role several times, each time when all processes run."""
    before = len(dev.role(role))
    for _ in range(times):
        await in_time(lambda: asyncio.sleep(0, len(dev.role(role)) == before))
        await asyncio.sleep(random.uniform(0.1, 1.0))
        shoot(dev, role)


async def ends_well(mall: Mall, people: list[Shopper], orders: list[str]) -> None:
    """Check that it ended as if nothing had failed: each order paid once, each circle's rebate made, clean books."""
    await quiet(mall)
    rows = await db.fetch(
        "SELECT o.status, (SELECT count(*) FROM payments WHERE order_id = o.id) AS payments FROM orders o"
        " WHERE o.member_id = ANY ($1)",
        [one.id for one in people],
    )
    assert [tuple(row) for row in rows] == [("paid", 1)] * len(orders)
    made = await db.fetch(
        "SELECT (SELECT count(*) FROM qualifications WHERE rebate_id = r.id) AS friends FROM rebates r"
        " WHERE r.member_id = ANY ($1)",
        [one.id for one in people],
    )
    assert [row["friends"] for row in made] == [3] * CIRCLES


async def quiet(mall: Mall) -> None:
    """Wait until all work is done, and check that the audit finds nothing."""
    await in_time(lambda: _is_quiet(mall))
    found = offenders(await audit(mall.clock.now()))
    assert not found, found


async def _is_quiet(mall: Mall) -> bool:
    mall.clock.advance(30)  # WeChat retries after 15 s, and so do we
    try:
        return not await db.fetch_value(
            "SELECT EXISTS (SELECT FROM orders WHERE status = 'pending') OR EXISTS (SELECT FROM outbox WHERE done_at"
            " IS NULL) OR EXISTS (SELECT FROM refunds WHERE state IN ('approved', 'processing'))"
            " OR EXISTS (SELECT FROM ledger_deltas)"
        )
    except Busy:
        return False


async def in_time(happened: Callable[[], Awaitable[bool]], within_s: float = 60) -> None:
    """Wait until it has happened. Raises AssertionError with the open jobs."""
    ends = time.monotonic() + limit(within_s)
    while not await happened():
        if time.monotonic() > ends:
            raise AssertionError(
                await db.fetch("SELECT job, args, attempts, last_error FROM outbox WHERE done_at IS NULL")
            )
        await asyncio.sleep(0.3)
