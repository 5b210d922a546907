"""Every transaction takes its locks in one order, so no deadlock is possible: checked with the database's own locks."""

from collections.abc import AsyncIterator

import pytest

from server import db
from server.services.common import locks
from server.services.orders import refunds
from server.services.rebates import cycles, releases
from server.services.referrals import bindings
from server.services.withdrawals import requests, transfers
from tests.races.arena import Arena, keyed
from tests.support.house import House
from tests.support.lock_order import Watch, watching
from tests.support.mall import Mall
from tests.support.purse import rich
from tests.support.shop import make_sku, publish

BUDGET = "SELECT 1 FROM rule_versions ORDER BY version FOR NO KEY UPDATE"


@pytest.fixture
async def watch(mall: Mall, house: House) -> AsyncIterator[Watch]:
    async with watching(house.owner_url) as watch:
        yield watch


async def cycle_of(arena: Arena) -> tuple[int, list[tuple[int, str]]]:
    """Make a referrer whose cycle has closed, and its friends with their orders."""
    sku = await make_sku()
    (referrer,) = await arena.members(1)
    await arena.buy(referrer, sku)
    friends = [(one, await arena.buy(one, sku)) for one in await arena.members(3, referrer)]
    assert await cycles.close_cycle(arena.mall.deps, referrer) == 1
    return referrer, friends


async def test_placing_paying_and_closing_a_cycle(mall: Mall, watch: Watch) -> None:
    await publish(mall, budget_fen=1_000_000)
    await cycle_of(Arena(mall))
    assert watch.seen >= {"members", "orders", "qualifications", "skus", "rule_versions"}
    assert watch.problems == []


async def test_a_refund_that_takes_a_rebate_back(mall: Mall, watch: Watch) -> None:
    await publish(mall, budget_fen=1_000_000)
    arena = Arena(mall)
    _, friends = await cycle_of(arena)
    opened = await refunds.open_for(mall.deps, friends[0][1], None, "售后", "tester")
    await refunds.approve(mall.deps, opened.refund_no, "boss")
    assert await db.fetch_value("SELECT state FROM rebates") == "reversed"
    assert watch.problems == []


async def test_a_release(mall: Mall, watch: Watch) -> None:
    await publish(mall, observe_days=0, budget_fen=1_000_000)
    await cycle_of(Arena(mall))
    await db.fetch("UPDATE rebate_stages SET release_at = created_at")
    assert await releases.release_due(mall.deps)
    assert watch.problems == []


async def test_a_withdrawal(mall: Mall, watch: Watch) -> None:
    anna = await rich(mall)
    await requests.request(mall.deps, anna.id, 2_000, None, keyed())
    number = await db.fetch_value("SELECT withdrawal_no FROM withdrawals")
    await requests.approve(mall.deps, number, "boss")
    await transfers.send(mall.deps, number)
    assert watch.problems == []


async def test_a_corrected_binding(mall: Mall, watch: Watch) -> None:
    first, second, third = await Arena(mall).members(3)
    await bindings.correct_binding(mall.deps, second, third, "扫错了码", "boss")
    await bindings.correct_binding(mall.deps, third, first, "扫错了码", "boss")
    assert "members" in watch.seen
    assert watch.problems == []


async def test_a_wrong_order_is_seen(mall: Mall, watch: Watch) -> None:
    await publish(mall)
    arena = Arena(mall)
    low, high = await arena.members(2)
    sku = await make_sku()
    order_no = await arena.place(low, sku)
    async with db.transaction() as tx:
        await locks.order_of_no(tx, order_no)
        await locks.member(tx, low)
    async with db.transaction() as tx:
        await locks.member(tx, high)
        await locks.member(tx, low)
    async with db.transaction() as tx:
        await tx.execute(BUDGET)
        await tx.execute("UPDATE skus SET alert_at = alert_at")
    assert [problem.partition(":")[0] for problem in watch.problems] == [
        f"members {low} after orders",
        f"members {low} after a higher one",
        f"skus {sku} after rule_versions",
    ]
