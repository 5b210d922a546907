"""Concurrent rebates: closing, receipt, release, blocking and reversal, in every order that chance picks."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from server import db
from server.jobs import ticks
from server.ledger import book, entries
from server.services.orders import fulfilment, refunds
from server.services.rebates import blocking, cycles, releases
from tests.races import proofs
from tests.races.arena import Arena, outcomes
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.shop import DAY_S, make_sku, publish, run_jobs

ROUNDS = 8


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    await publish(mall)
    return Arena(mall)


async def work(mall: Mall) -> None:
    """Run all jobs except those that need WeChat."""
    await db.fetch("UPDATE outbox SET done_at = due_at WHERE job IN ('send_refund', 'upload_shipping') RETURNING id")
    while await run_jobs(mall):
        await db.fetch(
            "UPDATE outbox SET done_at = due_at WHERE job IN ('send_refund', 'upload_shipping') RETURNING id"
        )


async def paid_circle(arena: Arena, sku: int) -> tuple[list[int], list[str]]:
    """Make a referrer and three friends with a paid order each; no cycle is closed yet."""
    (referrer,) = await arena.members(1)
    people = [referrer, *await arena.members(3, referrer)]
    orders = [await arena.buy(person, sku) for person in people]
    theirs = "UPDATE outbox SET done_at = due_at WHERE args ->> 'member_id' = $1 RETURNING id"
    await db.fetch(theirs, str(referrer))
    return people, orders


async def test_close_cycle_many_times_at_once(arena: Arena) -> None:
    sku = await make_sku()
    people, _ = await paid_circle(arena, sku)
    found = await outcomes(*(cycles.close_cycle(arena.mall.deps, people[0]) for _ in range(5)))
    assert sorted(found) == [0] * 4 + [1]
    await work(arena.mall)
    await proofs.check(arena.mall)


async def test_received_while_the_cycle_closes(arena: Arena) -> None:
    """All orders were received, so every rebate has a release time, whichever transaction read first."""
    sku = await make_sku()
    deps = arena.mall.deps
    for _ in range(ROUNDS):
        people, orders = await paid_circle(arena, sku)
        for order_no in orders:
            await fulfilment.ship(deps, order_no, "SF", "SF1", "tester")
        calls = [fulfilment.receive(deps, *pair) for pair in zip(people, orders, strict=True)]
        await asyncio.gather(cycles.close_cycle(deps, people[0]), *calls)
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates") == ROUNDS
    assert await db.fetch_value("SELECT count(*) FROM rebates WHERE release_at IS NULL") == 0
    await proofs.check(arena.mall)


@asynccontextmanager
async def outbox_held() -> AsyncIterator[None]:
    """Block every writer of the outbox at its insert; the block runs when one of them waits."""
    async with db.connection() as holder, holder.transaction():
        await holder.execute("LOCK TABLE outbox IN SHARE MODE")
        yield


async def someone_waits() -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'outbox'::regclass AND NOT granted"
    while not await db.fetch_value(waiting):  # noqa: ASYNC110 - PostgreSQL sends no event for this
        await asyncio.sleep(0.01)


async def test_received_between_the_look_and_the_commit_of_a_closing_cycle(arena: Arena) -> None:
    """The cycle has read the receipts but not committed; the receipt cannot see the rebate."""
    sku = await make_sku()
    deps = arena.mall.deps
    people, orders = await paid_circle(arena, sku)
    for order_no in orders:
        await fulfilment.ship(deps, order_no, "SF", "SF1", "tester")
    for pair in list(zip(people, orders, strict=True))[:-1]:
        await fulfilment.receive(deps, *pair)
    async with outbox_held():
        closes = asyncio.create_task(cycles.close_cycle(deps, people[0]))
        await someone_waits()
        receives = asyncio.create_task(fulfilment.receive(deps, people[-1], orders[-1]))
        await asyncio.wait({receives}, timeout=1)
    await asyncio.gather(closes, receives)
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates WHERE release_at IS NOT NULL") == 1
    await proofs.check(arena.mall)


async def test_paid_while_the_referrer_is_unblocked(arena: Arena) -> None:
    """A qualification from a block counts after it, also if it was paid at the moment the block ended."""
    sku = await make_sku()
    deps = arena.mall.deps
    for _ in range(ROUNDS):
        (referrer,) = await arena.members(1)
        friends = await arena.members(3, referrer)
        await blocking.block(deps, referrer, "looked at", "boss")
        words = [await arena.notice(await arena.place(friend, sku)) for friend in friends]
        await asyncio.gather(blocking.unblock(deps, referrer, "fine", "boss"), *(arena.settle(said) for said in words))
    await work(arena.mall)
    states = await db.fetch("SELECT DISTINCT state FROM qualifications")
    assert [row["state"] for row in states] == ["counted"]
    await proofs.check(arena.mall)


async def test_received_while_the_referrer_is_unblocked(mall: Mall) -> None:
    arena = Arena(mall)
    await publish(mall, qualify_at="received")
    sku = await make_sku()
    for _ in range(ROUNDS):
        people, orders = await paid_circle(arena, sku)
        await blocking.block(mall.deps, people[0], "looked at", "boss")
        for order_no in orders[1:]:
            await fulfilment.ship(mall.deps, order_no, "SF", "SF1", "tester")
        calls = [fulfilment.receive(mall.deps, *pair) for pair in zip(people[1:], orders[1:], strict=True)]
        await asyncio.gather(blocking.unblock(mall.deps, people[0], "fine", "boss"), *calls)
    await work(mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates") == ROUNDS
    await proofs.check(arena.mall)


async def test_a_budget_for_one_of_two(mall: Mall) -> None:
    arena = Arena(mall)
    await publish(mall, budget_fen=25_000)
    sku = await make_sku()
    circles = [await paid_circle(arena, sku) for _ in range(4)]
    found = await outcomes(*(cycles.close_cycle(mall.deps, people[0]) for people, _ in circles * 2))
    assert sum(one for one in found if isinstance(one, int)) == 2
    assert await db.fetch_value("SELECT budget_used_fen FROM rule_versions") == 20_000
    await work(mall)
    await proofs.check(arena.mall)


async def received_circle(arena: Arena, sku: int) -> tuple[list[int], list[str]]:
    """Make a closed cycle: all its orders are received and its release is due."""
    people, orders = await paid_circle(arena, sku)
    await cycles.close_cycle(arena.mall.deps, people[0])
    for person, order_no in zip(people, orders, strict=True):
        await fulfilment.ship(arena.mall.deps, order_no, "SF", "SF1", "tester")
        await fulfilment.receive(arena.mall.deps, person, order_no)
    await work(arena.mall)
    return people, orders


async def open_refund(arena: Arena, order_no: str) -> str:
    view = await refunds.open_for(arena.mall.deps, order_no, None, "坏了", "boss")
    return view.refund_no


async def test_release_twice_at_once(arena: Arena) -> None:
    sku = await make_sku()
    circles = [await received_circle(arena, sku) for _ in range(3)]
    arena.mall.clock.advance(8 * DAY_S)
    await outcomes(*(releases.release_due(arena.mall.deps) for _ in range(4)))
    for people, _ in circles:
        wallet = await db.fetch("SELECT code, balance FROM ledger_accounts WHERE member_id = $1", people[0])
        assert {row["code"]: row["balance"] for row in wallet} == {"frozen": 0, "spend_only": 10_000}
    await work(arena.mall)
    await proofs.check(arena.mall)


async def test_a_release_that_is_put_off_between_the_look_and_the_lock_waits(arena: Arena) -> None:
    """The release saw that the rebate was due; when it gets the member's lock, the rebate is due no longer."""
    mall = arena.mall
    people, orders = await received_circle(arena, await make_sku())
    mall.clock.advance(8 * DAY_S)
    async with held(MEMBER, people[0]) as holder:
        releasing = asyncio.create_task(releases.release_due(mall.deps))
        await waiting()
        await holder.execute("UPDATE orders SET received_at = $2 WHERE order_no = $1", orders[0], mall.clock.now())
        await releases.schedule(holder, await holder.fetchval("SELECT id FROM rebates"))
    await releasing
    assert await db.fetch_value("SELECT count(*) FROM rebate_stages WHERE state <> 'frozen'") == 0
    mall.clock.advance(7.01 * DAY_S)
    assert await releases.release_due(mall.deps) == 3
    assert await db.fetch_value("SELECT state FROM rebates") == "settled"


async def test_a_stage_that_cannot_be_released_holds_up_nobody(arena: Arena) -> None:
    sku = await make_sku()
    circles = [await received_circle(arena, sku) for _ in range(3)]
    arena.mall.clock.advance(8 * DAY_S)
    stage = await db.fetch_value("SELECT min(id) FROM rebate_stages WHERE amount_fen > 0")
    async with db.transaction() as tx:  # the state that a bug of ours would leave
        taken = entries.rebate_stage(0, 0, 0, circles[0][0][0], 1)
        key = await db.fetch_value(
            "SELECT 'rebate:' || rebate_id || ':release:' || id FROM rebate_stages WHERE id = $1", stage
        )
        await book.post(tx, replace(taken, key=key, link=f"member:{circles[0][0][0]}"), arena.mall.clock.now())
    assert await releases.release_due(arena.mall.deps) == 8
    left = await db.fetch("SELECT id FROM rebate_stages WHERE state = 'frozen'")
    assert [row["id"] for row in left] == [stage]


@pytest.mark.parametrize("who", [0, 1])
async def test_refunded_while_it_is_released(arena: Arena, who: int) -> None:
    """`who`: 0 refunds the returned order, 1 a qualifying order."""
    sku = await make_sku()
    circles = [await received_circle(arena, sku) for _ in range(ROUNDS)]
    arena.mall.clock.advance(8 * DAY_S)
    asked = [await open_refund(arena, orders[who]) for _, orders in circles]
    calls = [refunds.approve(arena.mall.deps, refund_no, "boss") for refund_no in asked]
    await outcomes(*calls, *(releases.release_due(arena.mall.deps) for _ in range(4)))
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates WHERE state <> 'reversed'") == 0
    left = await db.fetch_value("SELECT sum(balance)::bigint FROM ledger_accounts WHERE member_id > 0")
    assert left == 0
    await proofs.check(arena.mall)


async def test_refunded_while_the_cycle_closes(arena: Arena) -> None:
    sku = await make_sku()
    for turn in range(ROUNDS):
        people, orders = await paid_circle(arena, sku)
        who = turn % 4
        calls = [arena.refund(people[who], orders[who]), cycles.close_cycle(arena.mall.deps, people[0])]
        random.Random(turn).shuffle(calls)
        await outcomes(*calls)
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates WHERE state <> 'reversed'") == 0
    await proofs.check(arena.mall)


async def test_two_friends_of_one_rebate_refunded_at_once(arena: Arena) -> None:
    sku = await make_sku()
    for _ in range(ROUNDS):
        people, orders = await paid_circle(arena, sku)
        await cycles.close_cycle(arena.mall.deps, people[0])
        pairs = list(zip(people, orders, strict=True))
        await outcomes(*(arena.refund(*pair) for pair in random.Random(5).sample(pairs, 3)))
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM refunds") == 3 * ROUNDS
    assert await db.fetch_value("SELECT count(*) FROM rebates WHERE state <> 'reversed'") == 0
    await proofs.check(arena.mall)


async def test_two_orders_of_one_friend_refunded_at_once(arena: Arena) -> None:
    """The second order takes the place of the first while it is refunded itself: both refunds are granted."""
    sku = await make_sku()
    for _ in range(ROUNDS):
        (referrer,) = await arena.members(1)
        (friend,) = await arena.members(1, referrer)
        orders = [await arena.buy(friend, sku) for _ in range(2)]
        found = await outcomes(*(arena.refund(friend, order_no) for order_no in orders))
        assert not [one for one in found if isinstance(one, str)], found
        assert await db.fetch_value("SELECT count(*) FROM qualifications WHERE state <> 'void'") == 0
    await work(arena.mall)
    await proofs.check(arena.mall)


async def test_completed_while_refunded(arena: Arena) -> None:
    sku = await make_sku()
    circles = [await received_circle(arena, sku) for _ in range(4)]
    arena.mall.clock.advance(timedelta(days=8).total_seconds())
    calls = [open_refund(arena, order_no) for _, orders in circles for order_no in orders]
    await outcomes(*calls, *(fulfilment.complete_overdue(arena.mall.deps) for _ in range(3)))
    asked = [row["refund_no"] for row in await db.fetch("SELECT refund_no FROM refunds")]
    approve = [refunds.approve(arena.mall.deps, refund_no, "boss") for refund_no in asked * 2]
    found = await outcomes(*approve, *(ticks.roll_up_ledger(arena.mall.deps) for _ in range(8)))
    assert found.count("state_conflict") == len(asked) == 16
    await work(arena.mall)
    await proofs.check(arena.mall)
