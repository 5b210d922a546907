"""Orders and cycles that another call changes between a read and its lock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from server import db
from server.core.errors import Busy, NotFound
from server.services.checkout import closing, placing
from server.services.checkout.facts import Wanted
from server.services.orders import fulfilment
from server.services.rebates import cycles
from tests.races.arena import Arena, outcomes
from tests.support.circle import circle
from tests.support.locks import MEMBER, WAITING, held, waiting
from tests.support.mall import Mall
from tests.support.shop import DAY_S, join, make_sku, publish

BUDGET = "SELECT 1 FROM rule_versions FOR NO KEY UPDATE"


@pytest.fixture
def arena(mall: Mall) -> Arena:
    return Arena(mall)


@asynccontextmanager
async def breaking() -> AsyncIterator[None]:
    """Break the connection of an order placed in the block, at the moment when it reads its key."""
    async with held("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE"):
        yield
        await waiting()
        assert await db.fetch_value(f"SELECT bool_and(pg_terminate_backend(pid)) {WAITING}")
        await waiting()


async def test_a_repetition_whose_connection_breaks_gets_the_first_answer(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    first = await arena.place(member, sku, key="k")
    async with breaking():
        again = asyncio.create_task(arena.place(member, sku, key="k"))
    assert await again == first
    assert await db.fetch_value("SELECT count(*) FROM orders") == 1


async def test_a_placing_whose_connection_breaks_before_anything_is_stored_may_be_repeated(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    async with breaking():
        broken = asyncio.create_task(arena.place(member, sku, key="k"))
    with pytest.raises(Busy):
        await broken
    assert await arena.place(member, sku, key="k")
    assert await db.fetch_value("SELECT count(*) FROM orders") == 1


async def test_a_repetition_that_waited_for_the_first_gets_its_answer(arena: Arena) -> None:
    sku = await make_sku(stock=1)
    (member,) = await arena.members(1)
    async with held("SELECT 1 FROM skus WHERE id = $1 FOR UPDATE", sku):
        both = [asyncio.create_task(arena.place(member, sku, key="k")) for _ in range(2)]
        await waiting(2)
    first, second = await asyncio.gather(*both)
    assert first == second
    assert await db.fetch_value("SELECT reserved FROM skus") == 1


async def test_nobody_cannot_ask_for_a_price(mall: Mall) -> None:
    with pytest.raises(NotFound):
        await placing.preview(mall.deps, 0, Wanted(((await make_sku(), 1),)))


async def test_a_payment_opened_while_its_order_closes_is_shut_at_wechat_first(mall: Mall) -> None:
    me = await join(mall)
    order_no = (await me.place(await make_sku()))["order_no"]
    async with held(MEMBER, me.id):
        closes = asyncio.create_task(closing.close(mall.deps, order_no, "timeout"))
        await waiting()
        await me.post(f"/orders/{order_no}/pay")
    assert await closes
    assert (await me.order(order_no))["status"] == "closed"
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await mall.control("pay", out_trade_no=order_no)


async def test_an_order_received_by_two_workers_at_once_moves_on_once(mall: Mall) -> None:
    a = await circle(mall)
    await publish(mall)
    await a.bring(3)
    await fulfilment.ship(mall.deps, a.own, "SF", "SF1", "tester")
    mall.clock.advance(60 * DAY_S)
    async with held(MEMBER, a.me.id):
        both = [asyncio.create_task(fulfilment.receive_overdue(mall.deps)) for _ in range(2)]
        await waiting(2)
    assert await asyncio.gather(*both) == [1, 1]
    assert await db.fetch_value("SELECT status FROM orders WHERE order_no = $1", a.own) == "received"
    assert await db.fetch_value("SELECT count(*) FROM outbox WHERE job = 'schedule_release'") == 1


async def test_cards_of_no_order_are_not_delivered(mall: Mall) -> None:
    with pytest.raises(NotFound):
        await fulfilment.deliver_cards(mall.deps, 0)


async def ready(arena: Arena, sku: int, friends: int = 3) -> int:
    """Return a referrer whose cycle could close, but was not checked yet."""
    (referrer,) = await arena.members(1)
    for person in (referrer, *await arena.members(friends, referrer)):
        await arena.buy(person, sku)
    return referrer


async def test_a_sweep_of_several_pages_reaches_everybody(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycles, "_MEMBERS_PER_SWEEP", 2)
    await publish(arena.mall)
    sku = await make_sku()
    referrers = [await ready(arena, sku) for _ in range(3)]
    await cycles.sweep(arena.mall.deps)
    rows = await db.fetch("SELECT member_id FROM rebates ORDER BY member_id")
    assert [row["member_id"] for row in rows] == referrers


async def test_two_cycles_that_saw_the_same_budget_do_not_both_spend_it(arena: Arena) -> None:
    await publish(arena.mall, budget_fen=15_000)
    sku = await make_sku(10_000)
    referrers = [await ready(arena, sku) for _ in range(2)]
    async with held(BUDGET):
        both = [asyncio.create_task(cycles.close_cycle(arena.mall.deps, one)) for one in referrers]
        await waiting(2)
    assert sorted(await outcomes(*both)) == [0, 1]
    assert await db.fetch_value("SELECT budget_used_fen FROM rule_versions") == 10_000
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'rebate_budget'") == 1


async def test_a_qualification_that_moves_in_spite_of_the_lock_stops_the_cycle(arena: Arena) -> None:
    await publish(arena.mall, budget_fen=15_000)
    referrer = await ready(arena, await make_sku(10_000))
    async with held("LOCK TABLE rebates IN SHARE MODE") as holder:
        closes = asyncio.create_task(cycles.close_cycle(arena.mall.deps, referrer))
        await waiting()
        await holder.execute(
            "UPDATE qualifications SET state = 'void', void_for = 'refund'"
            " WHERE id = (SELECT min(id) FROM qualifications)"
        )
    with pytest.raises(RuntimeError, match="moved although their referrer is locked"):
        await closes
    assert await db.fetch_value("SELECT count(*) FROM rebates") == 0
    assert await db.fetch_value("SELECT budget_used_fen FROM rule_versions") == 0


async def test_a_stage_of_nothing_is_not_told(arena: Arena) -> None:
    await publish(arena.mall, stages_bp=[0, 5_000, 5_000])
    sku = await make_sku(10_000)
    referrer = await ready(arena, sku, friends=1)
    seen = []
    for _ in range(2):
        assert await cycles.close_cycle(arena.mall.deps, referrer) == 1
        told = "SELECT count(*) FROM outbox WHERE job = 'send_notice' AND args ->> 'template' = 'rebate_frozen'"
        granted_fen = await db.fetch_value("SELECT granted_fen FROM rebates")
        seen.append((granted_fen, await db.fetch_value(told)))
        (friend,) = await arena.members(1, referrer)
        await arena.buy(friend, sku)
    assert seen == [(0, 0), (5_000, 1)]
