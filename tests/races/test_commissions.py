"""Concurrent commission: decided twice, against refunds, receipt, release and closing; and a worker that dies."""

import asyncio
import random
from datetime import datetime
from typing import Any

import pytest

from server import db, outbox
from server.ledger import book
from server.services.commissions import earnings
from server.services.common import batches
from server.services.orders import fulfilment, refunds
from tests.races.arena import Arena, outcomes
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import DAY_S, make_sku, publish, publish_commission, run_jobs

ROUNDS = 6
TERMS = {
    "policies": [{"kind": "ratio", "ratio_bp": 2_000}, {"kind": "fixed", "fixed_fen": 300, "level": 2}],
    "depth": 2,
}


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    await publish(mall, payout_cap_bp=5_000)
    await publish_commission(mall, **TERMS)
    return Arena(mall)


async def family(arena: Arena) -> list[int]:
    """Return grandparent, parent and child."""
    (first,) = await arena.members(1)
    (second,) = await arena.members(1, first)
    return [first, second, *await arena.members(1, second)]


async def order_id(order_no: str) -> int:
    return int(await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", order_no))


async def settle_down(mall: Mall) -> None:
    """Run all jobs except those that need WeChat, then prove the books."""
    theirs = "UPDATE outbox SET done_at = due_at WHERE job IN ('send_refund', 'upload_shipping') RETURNING id"
    await db.fetch(theirs)
    while await run_jobs(mall):
        await db.fetch(theirs)
    await proved(mall)


async def found() -> list[tuple[int, str, int]]:
    rows = await db.fetch("SELECT level, state, granted_fen FROM commissions ORDER BY order_id, level")
    return [(row["level"], row["state"], row["granted_fen"]) for row in rows]


async def test_decided_many_times_at_once(arena: Arena) -> None:
    deps = arena.mall.deps
    _, _, child = await family(arena)
    number = await order_id(await arena.buy(child, await make_sku()))
    await asyncio.gather(*(earnings.decide(deps, number) for _ in range(6)))
    assert await found() == [(1, "frozen", 2_000), (2, "frozen", 300)]
    await settle_down(arena.mall)


async def test_a_refund_against_the_decision(arena: Arena) -> None:
    deps, sku = arena.mall.deps, await make_sku()
    for _ in range(ROUNDS):
        _, _, child = await family(arena)
        order_no = await arena.buy(child, sku)
        number = await order_id(order_no)
        await outcomes(arena.refund(child, order_no), earnings.decide(deps, number))
    await settle_down(arena.mall)
    assert {state for _, state, _ in await found()} <= {"reversed"}


async def test_receipt_and_release_against_a_refund(arena: Arena) -> None:
    """In any order: after half an order is refunded, half of its commission is left, in one account."""
    deps, mall, sku, dice = arena.mall.deps, arena.mall, await make_sku(), random.Random(7)
    for _ in range(ROUNDS):
        _, _, child = await family(arena)
        order_no = await arena.buy(child, sku, 2)
        number = await order_id(order_no)
        line_id = await db.fetch_value("SELECT id FROM order_lines WHERE order_id = $1", number)
        await fulfilment.ship(deps, order_no, "SF", "1", "tester")
        opened = await refunds.open_for(deps, order_no, {line_id: 1}, "售后", "tester")
        first: list[Any] = [earnings.decide(deps, number), fulfilment.receive(deps, child, order_no)]
        dice.shuffle(first)
        await outcomes(*first)
        mall.clock.advance(7.01 * DAY_S)
        second: list[Any] = [earnings.release_due(deps), refunds.approve(deps, opened.refund_no, "tester")]
        dice.shuffle(second)
        await outcomes(*second, earnings.release_due(deps))
    while await earnings.release_due(deps):
        continue
    await settle_down(mall)
    assert await found() == [(1, "settled", 2_000), (2, "settled", 300)] * ROUNDS


@pytest.mark.parametrize(
    "moved",
    [
        "UPDATE members SET state = 'blocked' WHERE id = $1",
        "UPDATE commissions SET release_at = release_at + interval '1 day' WHERE member_id = $1",
    ],
)
async def test_a_release_looks_again_under_the_lock(arena: Arena, moved: str) -> None:
    """The referrer is blocked, or the release put off, between the read and the lock: the money stays frozen."""
    mall = arena.mall
    _, parent, child = await family(arena)
    order_no = await arena.buy(child, await make_sku())
    await fulfilment.ship(mall.deps, order_no, "SF", "1", "tester")
    await fulfilment.receive(mall.deps, child, order_no)
    await settle_down(mall)
    mall.clock.advance(7.01 * DAY_S)
    async with held(MEMBER, parent) as holder:
        releasing = asyncio.create_task(earnings.release_due(mall.deps))
        await waiting()
        await holder.execute(moved, parent)
    await releasing
    assert await found() == [(1, "frozen", 2_000), (2, "settled", 300)]
    await settle_down(mall)


async def test_a_worker_that_dies_while_deciding_leaves_nothing(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    deps = arena.mall.deps
    _, _, child = await family(arena)
    number = await order_id(await arena.buy(child, await make_sku()))
    post = book.post

    async def dying(tx: db.Connection, entry: Any, at: datetime) -> int | None:
        await post(tx, entry, at)
        raise RuntimeError(entry.key)

    monkeypatch.setattr(book, "post", dying)
    with pytest.raises(RuntimeError, match="commission:1:frozen"):
        await earnings.decide(deps, number)
    assert await found() == []
    monkeypatch.undo()
    assert (await outbox.state(arena.mall.clock.now())).open > 0
    await settle_down(arena.mall)
    assert [state for _, state, _ in await found()] == ["frozen", "frozen"]


async def test_one_that_cannot_be_released_holds_up_no_other(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    deps, mall, sku = arena.mall.deps, arena.mall, await make_sku()
    for _ in range(2):
        _, _, child = await family(arena)
        order_no = await arena.buy(child, sku)
        await fulfilment.ship(deps, order_no, "SF", "1", "tester")
        await fulfilment.receive(deps, child, order_no)
    await settle_down(mall)
    mall.clock.advance(7.01 * DAY_S)
    post, calls = book.post, []

    async def once_broken(tx: db.Connection, entry: Any, at: datetime) -> int | None:
        calls.append(entry.key)
        if len(calls) == 1:
            raise RuntimeError(entry.key)
        return await post(tx, entry, at)

    monkeypatch.setattr(book, "post", once_broken)
    assert await earnings.release_due(deps) == 3
    monkeypatch.undo()
    assert await earnings.release_due(deps) == 1
    assert await earnings.release_due(deps) == 0
    assert batches.SIZE > 4
    await settle_down(mall)
