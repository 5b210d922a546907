"""Concurrent payments: the same notification, different ones, and other events on the same order."""

import asyncio
import random
from collections.abc import Awaitable

import pytest

from server import db
from server.rules.payments import Outcome
from server.services.checkout import closing
from server.services.rebates import cycles
from tests.races import proofs
from tests.races.arena import Arena, in_one_moment, outcomes
from tests.support.locks import STOCK, held, waiting
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, publish, run_jobs


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    await publish(mall)
    return Arena(mall)


async def work(mall: Mall) -> None:
    while await run_jobs(mall):
        pass


async def test_one_word_twenty_times(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    said = await arena.notice(await arena.place(member, sku))
    found = await outcomes(*(arena.settle(said) for _ in range(20)))
    assert sorted(found) == [Outcome.ALREADY] * 19 + [Outcome.SETTLE]
    assert await db.fetch_value("SELECT count(*) FROM payments") == 1
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries") == 1
    await work(arena.mall)
    await proofs.check(arena.mall)


async def test_two_payments_of_one_order(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    order_no = await arena.place(member, sku)
    words = [await arena.notice(order_no) for _ in range(5)]
    found = await outcomes(*(arena.settle(said) for said in words))
    assert sorted(found) == [Outcome.SETTLE] + [Outcome.TWICE] * 4
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE kind = 'stray'") == 4


async def test_three_friends_at_once(arena: Arena) -> None:
    sku = await make_sku()
    referrers = await arena.members(20)
    words = []
    for referrer in referrers:
        await arena.buy(referrer, sku)
        friends = await arena.members(3, referrer)
        words += [await arena.notice(await arena.place(friend, sku)) for friend in friends]
    random.Random(1).shuffle(words)
    assert set(await outcomes(*(arena.settle(said) for said in words))) == {Outcome.SETTLE}
    jobs = [cycles.close_cycle(arena.mall.deps, referrer) for referrer in referrers * 3]
    await asyncio.gather(*jobs)
    await work(arena.mall)
    made = await db.fetch("SELECT member_id FROM rebates")
    assert sorted(row["member_id"] for row in made) == referrers
    await proofs.check(arena.mall)


async def test_two_first_orders_of_one_friend_at_once(arena: Arena) -> None:
    """Both are paid, and one of them counts."""
    sku = await make_sku()
    (referrer,) = await arena.members(1)
    (friend,) = await arena.members(1, referrer)
    words = [await arena.notice(await arena.place(friend, sku)) for _ in range(2)]
    assert await in_one_moment(STOCK, sku, *(arena.settle(said) for said in words)) == [Outcome.SETTLE] * 2
    assert await db.fetch_value("SELECT count(*) FROM qualifications") == 1


async def test_own_order_and_the_last_friend_at_once(arena: Arena) -> None:
    """In either order of commits, the job of the second finds the cycle."""
    sku = await make_sku()
    for _ in range(10):
        (referrer,) = await arena.members(1)
        friends = await arena.members(3, referrer)
        words = [await arena.notice(await arena.place(one, sku)) for one in (referrer, *friends)]
        await outcomes(*(arena.settle(said) for said in words))
    await work(arena.mall)
    assert await db.fetch_value("SELECT count(*) FROM rebates") == 10
    await proofs.check(arena.mall)


@pytest.mark.parametrize("reason", ["timeout", "cancelled"])
async def test_paid_while_it_closes(arena: Arena, reason: str) -> None:
    sku = await make_sku(stock=30)
    members = await arena.members(30)
    orders = [await arena.place(member, sku) for member in members]
    words = [await arena.notice(order_no) for order_no in orders]
    calls: list[Awaitable[object]] = [closing.close(arena.mall.deps, order_no, reason) for order_no in orders]
    calls += [arena.settle(said) for said in words]
    random.Random(reason).shuffle(calls)
    found = await outcomes(*calls)
    assert found.count(True) == found.count(Outcome.AFTER_CLOSE)
    assert found.count(False) == found.count(Outcome.SETTLE)
    assert found.count(True) + found.count(False) == 30
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE kind = 'stray'") == found.count(True)
    row = await db.fetch_row("SELECT available, reserved, sold FROM skus")
    assert row is not None
    assert tuple(row) == (found.count(True), 0, found.count(False))


async def test_paid_in_the_moment_of_closing(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    order_no = await arena.place(member, sku)
    said = await arena.notice(order_no)
    async with held(STOCK, sku):
        closed = asyncio.ensure_future(closing.close(arena.mall.deps, order_no, "timeout"))
        await waiting()
        paid = asyncio.ensure_future(outcomes(arena.settle(said)))
        await waiting(2)
    assert (await closed, await paid) == (True, [Outcome.AFTER_CLOSE])


async def test_paid_while_it_is_refunded(arena: Arena) -> None:
    sku = await make_sku()
    (referrer,) = await arena.members(1)
    members = await arena.members(12, referrer)
    orders = [await arena.place(member, sku) for member in members]
    words = [await arena.notice(order_no) for order_no in orders]
    pairs = list(zip(members, orders, strict=True))
    calls = [arena.settle(said) for said in words] + [arena.refund(*pair) for pair in pairs]
    random.Random(3).shuffle(calls)
    found = await outcomes(*calls)
    assert found.count(Outcome.SETTLE) == 12
    assert {one for one in found if isinstance(one, str) and one != Outcome.SETTLE} <= {
        "refund_not_allowed",
        "state_conflict",
    }
    await outcomes(*(arena.refund(*pair) for pair in pairs))
    live = await db.fetch_value("SELECT count(*) FROM qualifications WHERE state <> 'void'")
    assert live == 0
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE kind = 'order'") == 12


async def test_wechat_was_paid_before_it_was_asked_to_close(arena: Arena) -> None:
    """No notification came, so closing and cancelling find the payment out. Money that came too late is refunded."""
    mall, deps = arena.mall, arena.mall.deps
    sku = await make_sku()
    await mall.control("knobs", drop={"op": "pay_notify"})
    for close_first in (False, True):
        buyer = await join(mall)
        placed = (await buyer.place(sku))["order_no"]
        await buyer.post(f"/orders/{placed}/pay")
        if close_first:
            assert await deps.pay.close(placed)  # the process dies after this
            assert await closing.close(deps, placed, "timeout")
        else:
            await mall.control("pay", out_trade_no=placed)
            calls = [closing.close(deps, placed, "timeout"), closing.cancel(deps, buyer.id, placed)]
            assert await outcomes(*calls, closing.close(deps, placed, "timeout")) == [False, "state_conflict", False]
        assert (await buyer.order(placed))["status"] == ("closed" if close_first else "paid")
    row = await db.fetch_row("SELECT reserved, sold FROM skus WHERE id = $1", sku)
    assert row is not None
    assert tuple(row) == (0, 1)
    await work(mall)
    await proofs.check(mall)
