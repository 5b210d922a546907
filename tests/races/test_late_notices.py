"""Late notices beside other acts, on real connections: in either order everybody gets what is right."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server import db
from server.gateways.ports import PaymentNotice
from server.services.rebates import cycles, first_orders
from server.services.referrals import bindings
from tests.races import proofs
from tests.races.arena import Arena, outcomes
from tests.support.mall import Mall
from tests.support.shop import make_sku, publish, run_jobs

ROUNDS = 6


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    await publish(mall, required=2)
    return Arena(mall)


async def work(mall: Mall) -> None:
    while await run_jobs(mall):
        pass


async def paid_now(arena: Arena, order_no: str) -> PaymentNotice:
    """Open the payment of an order and take the money; return the notice, to be told later."""
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE orders SET prepay_started_at = $2 WHERE order_no = $1", order_no, arena.mall.clock.now()
        )
    arena.mall.clock.advance(1)
    said = await arena.notice(order_no)
    arena.mall.clock.advance(1)
    return said


async def test_an_earlier_payment_becomes_known_while_the_cycle_closes(arena: Arena) -> None:
    sku = await make_sku()
    mall = arena.mall
    for turn in range(ROUNDS):
        a, b = await arena.members(2)
        await arena.buy(a, sku)
        await arena.buy(b, sku)
        (friend,) = await arena.members(1, b)
        said = await paid_now(arena, await arena.place(friend, sku))
        await bindings.correct_binding(mall.deps, friend, a, "误绑", "boss")
        others = await arena.members(2, a)
        for buyer in (friend, others[0]):
            await arena.buy(buyer, sku)
        async with db.transaction() as tx:
            await tx.execute("UPDATE outbox SET done_at = due_at WHERE job = 'close_cycle'")
        acts = [arena.settle(said), first_orders.look_at(mall.deps, friend), cycles.close_cycle(mall.deps, a)]
        found = await outcomes(*acts[turn % 3 :], *acts[: turn % 3])
        assert set(found) <= {"settled", None, 0, 1}
        await work(mall)
        (live,) = await db.fetch(
            "SELECT referrer_id, state FROM qualifications WHERE referee_id = $1 AND state <> 'void'", friend
        )
        assert (live["referrer_id"], live["state"]) in {(a, "consumed"), (b, "counted")}
        await proofs.check(mall)


async def test_two_look_at_the_same_referee(arena: Arena) -> None:
    sku = await make_sku()
    mall = arena.mall
    a, b = await arena.members(2)
    (friend,) = await arena.members(1, b)
    said = await paid_now(arena, await arena.place(friend, sku))
    await bindings.correct_binding(mall.deps, friend, a, "误绑", "boss")
    await arena.buy(friend, sku)
    await arena.settle(said)
    await outcomes(*(first_orders.look_at(mall.deps, friend) for _ in range(4)))
    rows = await db.fetch("SELECT referrer_id, state FROM qualifications WHERE referee_id = $1 ORDER BY id", friend)
    assert [(row["referrer_id"], row["state"]) for row in rows] == [(a, "void"), (b, "counted")]


async def test_a_referrer_who_comes_in_between_the_look_and_the_lock_is_locked_too(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = await make_sku()
    a, b = await arena.members(2)
    (friend,) = await arena.members(1, b)
    said = await paid_now(arena, await arena.place(friend, sku))
    await bindings.correct_binding(arena.mall.deps, friend, a, "误绑", "boss")
    await arena.buy(friend, sku)
    read, told = first_orders._referrers, list[PaymentNotice]()

    async def read_then_settle(referee_id: int) -> list[int]:
        found = await read(referee_id)
        if not told:
            told.append(said)
            await arena.settle(said)
        return found

    monkeypatch.setattr(first_orders, "_referrers", read_then_settle)
    await first_orders.look_at(arena.mall.deps, friend)
    live = "SELECT referrer_id FROM qualifications WHERE referee_id = $1 AND state <> 'void'"
    assert await db.fetch_value(live, friend) == b


@pytest.mark.parametrize("before", [True, False], ids=["asked first", "paid first"])
async def test_a_binding_is_asked_for_as_the_notice_arrives(arena: Arena, before: bool) -> None:
    sku = await make_sku()
    mall = arena.mall
    for turn in range(ROUNDS):
        (a,) = await arena.members(1)
        (friend,) = await arena.members(1)
        said = await paid_now(arena, await arena.place(friend, sku))
        if before:  # WeChat's clock says that the money was taken after the asking
            said = replace(said, success_time=mall.clock.now() + timedelta(seconds=30))
        acts = [arena.settle(said), bindings.bind_late(mall.deps, friend, f"S{a}")]
        found = await outcomes(*(acts if turn % 2 else reversed(acts)))
        mall.clock.advance(60)
        await work(mall)
        await first_orders.decide_due_bindings(mall.deps)
        bound = bindings.Binding("pending") in found and before
        row = await db.fetch_row(
            "SELECT m.referrer_id, o.referrer_id AS snapshot, (SELECT count(*) FROM pending_bindings) AS waiting"
            " FROM members m JOIN orders o ON o.member_id = m.id WHERE m.id = $1",
            friend,
        )
        assert row is not None
        expected = a if bound else None
        assert (row["referrer_id"], row["snapshot"], row["waiting"]) == (expected, expected, 0)


async def test_a_binding_is_decided_by_several_at_once(arena: Arena) -> None:
    sku = await make_sku()
    mall = arena.mall
    a, b, friend = await arena.members(3)
    said = await paid_now(arena, await arena.place(friend, sku))
    asked = await outcomes(*(bindings.bind_late(mall.deps, friend, f"S{one}") for one in (a, b)))
    assert asked == [bindings.Binding("pending")] * 2
    first = await db.fetch_value("SELECT share_code FROM pending_bindings ORDER BY asked_at, id LIMIT 1")
    mall.clock.advance(1)
    await arena.settle(replace(said, success_time=mall.clock.now()))
    await outcomes(*(first_orders.decide_bindings(mall.deps, friend) for _ in range(4)))
    rows = await db.fetch("SELECT referrer_id FROM bindings WHERE member_id = $1", friend)
    assert [f"S{row['referrer_id']}" for row in rows] == [first]
    await work(mall)
    await proofs.check(mall)
