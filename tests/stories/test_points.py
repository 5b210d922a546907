"""积分 from receipt to expiry: earned, frozen, spent, taken back, given, expired; twice and at the same time."""

import asyncio

import orjson
import pytest

from server import db
from server.core.errors import BadRequest, NotFound
from server.rules.levels import Level
from server.services.checkout import closing
from server.services.common import locks
from server.services.growth import progress
from server.services.orders import fulfilment
from server.services.points import check_ins
from server.services.points import movements as point_movements
from server.services.rebates import blocking
from server.services.terms import levels
from tests.support.calendar import MINUTE, UTC_BEHIND, move_to, next_day
from tests.support.circle import line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.purse import earn, give_points
from tests.support.shop import Shopper, join, make_sku, pass_days, work


async def rewards(**terms: int) -> None:
    """Set the shop's rules of points."""
    given = {"points_per_yuan": 1, "points_months": 1, "check_in_points": 5, "check_in_week_points": 20} | terms
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $1::jsonb, now())", orjson.dumps(given).decode()
        )


async def held(shopper: Shopper) -> tuple[int, int, int]:
    """Return the points that are available, frozen and owed."""
    found = await check_ins.held(shopper.mall.deps, shopper.id)
    return found.points, found.frozen, found.debt


async def received(mall: Mall, shopper: Shopper, *prices_fen: int) -> str:
    order_no = await shopper.buy(*[await make_sku(price) for price in prices_fen])
    await work(mall)
    await shopper.receive(order_no)
    await work(mall)
    return order_no


async def kinds(shopper: Shopper) -> list[tuple[str, int, int, int]]:
    """Return the statement, oldest first."""
    items = (await shopper.get("/points/statement"))["items"]
    return [(one["kind"], one["points_delta"], one["frozen_delta"], one["debt_delta"]) for one in reversed(items)]


async def to_month_end(mall: Mall, shopper: Shopper, before_s: float = -1) -> None:
    """Move the clock to `before_s` before the member's next points expire; by default a second after."""
    end = (await check_ins.held(mall.deps, shopper.id)).ends_at
    assert end is not None
    mall.clock.advance((end - mall.clock.now()).total_seconds() - before_s)


async def test_given_no_rule_then_points_wait_until_the_order_can_no_longer_be_returned(mall: Mall) -> None:
    await rewards(points_months=12, refund_days=15)
    me = await join(mall)
    await me.receive(await me.buy(await make_sku(5_000)))
    for days, points in ((14, 0), (1, 50)):
        await pass_days(mall, days)
        assert (await held(me))[0] == points


async def test_given_a_shop_without_points_then_orders_bring_none_and_there_is_no_check_in(mall: Mall) -> None:
    me = await join(mall)
    await received(mall, me, 10_000)
    assert await held(me) == (0, 0, 0)
    assert await me.refused("POST", "/points/check-in") == "404 not_found"
    assert (await me.get("/points"))["check_in_points"] == 0


async def test_given_a_received_order_then_its_points_are_frozen_and_come_after_observation(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    order_no = await received(mall, me, 12_399)
    assert await held(me) == (0, 123, 0)
    async with db.transaction() as tx:
        order = await locks.order_of_no(tx, order_no)
        await point_movements.earn(tx, order, mall.clock.now())
    await pass_days(mall, 6.9)
    assert await held(me) == (0, 123, 0)
    await pass_days(mall, 0.2)
    assert await held(me) == (123, 0, 0)
    assert (await me.wallet())["points"] == 123
    assert await point_movements.release_due(mall.deps) == 0
    await point_movements._release(mall.deps, me.id, order.id)
    assert await kinds(me) == [("points_frozen", 0, 123, 0), ("points_release", 123, -123, 0)]
    page = await me.get("/points/statement?limit=1")
    assert page["items"][0]["label"] == "积分解冻到账"
    rest = await me.get(f"/points/statement?cursor={page['next_cursor']}")
    assert (rest["items"][0]["link"], rest["next_cursor"]) == (f"order:{order_no}", None)


async def test_given_a_level_then_points_are_multiplied(mall: Mall) -> None:
    await rewards()
    wanted = (Level("普通", 0), Level("金卡", 300, points_bp=15_000))
    await levels.change(mall.deps, wanted, levels.version(()), "test", "tester")
    me = await join(mall)
    await received(mall, me, 10_000)
    await progress.correct(mall.deps, me.id, 400, "a", "老会员", "anna", anew=False)
    await received(mall, me, 10_100)
    assert await held(me) == (0, 100 + 151, 0)


async def test_given_refunds_then_points_go_in_proportion_frozen_then_available_then_debt(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    order_no = await received(mall, me, 10_000, 5_000, 3_000)
    first, second, third = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {first: 1})
    assert await held(me) == (0, 80, 0)
    await pass_days(mall, 7.1)
    assert await held(me) == (80, 0, 0)
    await me.place(await make_sku(10_000), points=60)
    assert await held(me) == (20, 0, 0)
    await shop_refunds(mall, order_no, {second: 1})
    assert await held(me) == (0, 0, 30)
    mall.clock.advance(61)
    await shop_refunds(mall, order_no, {third: 1})
    assert await held(me) == (0, 0, 60)
    assert await db.fetch_value("SELECT state FROM point_earnings") == "reversed"
    await give_points(mall, me.id, 50)
    assert await held(me) == (0, 0, 10)
    await pass_days(mall, 1)  # the unpaid order closes: the points it held pay the rest of the debt first
    assert await held(me) == (50, 0, 0)


async def test_given_a_small_refund_then_just_its_few_points_go(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    order_no = await received(mall, me, 10_000, 300)
    assert await held(me) == (0, 103, 0)
    _, small = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {small: 1})
    assert await held(me) == (0, 100, 0)


async def test_given_a_refund_that_gives_no_cash_back_then_no_point_goes(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await earn(mall, me.id, 10_000)
    order_no = await me.buy(await make_sku(10_099), await make_sku(1), use_balance_fen=10_000)
    await work(mall)
    await me.receive(order_no)
    _, second = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {second: 1})
    assert await held(me) == (0, 1, 0)


async def test_given_an_order_of_less_than_a_yuan_then_it_brings_no_point(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    order_no = await received(mall, me, 99)
    await shop_refunds(mall, order_no)
    assert await kinds(me) == []


async def test_given_a_block_then_frozen_points_wait_for_its_end(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await received(mall, me, 10_000)
    await blocking.block(mall.deps, me.id, "查证", "tester")
    await pass_days(mall, 7.1)
    assert await held(me) == (0, 100, 0)
    await blocking.unblock(mall.deps, me.id, "误会", "tester")
    await work(mall)
    assert await held(me) == (100, 0, 0)


async def test_given_the_same_receipt_twice_and_at_once_then_it_counts_once(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    order_no = await me.buy(await make_sku(10_000))
    await work(mall)
    await fulfilment.ship(mall.deps, order_no, "SF", "1", "tester")
    await asyncio.gather(*(fulfilment.receive(mall.deps, me.id, order_no) for _ in range(5)))
    assert await held(me) == (0, 100, 0)


async def test_given_check_ins_then_once_a_day_with_more_for_a_week(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    found = await asyncio.gather(*(check_ins.check_in(mall.deps, me.id) for _ in range(5)))
    assert sorted(one.new for one in found) == [False] * 4 + [True]
    assert {(one.points, one.days) for one in found} == {(5, 1)}
    for day in range(2, 8):
        mall.clock.advance(86_400)
        assert (await me.get("/points"))["checked_in"] is False
        answer = await me.post("/points/check-in")
        assert answer == {"points": 25 if day == 7 else 5, "days": day, "new": True}
    assert await held(me) == (55, 0, 0)
    found_now = await me.get("/points")
    assert (found_now["checked_in"], found_now["days"], found_now["check_in_points"]) == (True, 7, 5)
    mall.clock.advance(2 * 86_400)
    gap = await me.get("/points")
    assert (gap["checked_in"], gap["days"], gap["check_in_points"]) == (False, 0, 5)


async def test_given_check_ins_then_a_day_begins_at_midnight_in_shanghai(mall: Mall) -> None:
    """Check-ins before and after midnight are two days. When the day changes in UTC, it is still the same day."""
    await rewards()
    me, edge = await join(mall), next_day(mall)
    seen = []
    for moment in (edge - MINUTE * 5, edge + MINUTE, edge + UTC_BEHIND + MINUTE):
        move_to(mall, moment)
        found = await check_ins.check_in(mall.deps, me.id)
        seen.append((found.days, found.new))
    assert seen == [(1, True), (2, True), (2, False)]


async def test_given_points_whose_month_is_over_then_what_is_left_of_them_goes_first_in_first_out(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await give_points(mall, me.id, 100)
    await to_month_end(mall, me, before_s=20 * 86_400)
    await give_points(mall, me.id, 40)
    order = await me_places(mall, me, 70)
    found = await check_ins.held(mall.deps, me.id)
    assert (found.points, found.ending) == (70, 30)
    await to_month_end(mall, me)
    await asyncio.gather(*(point_movements.expire_due(mall.deps) for _ in range(3)))
    assert await held(me) == (40, 0, 0)
    await closing.cancel(mall.deps, me.id, order)
    assert await held(me) == (110, 0, 0)
    await work(mall)  # the points that came back had expired meanwhile
    assert await held(me) == (40, 0, 0)
    await to_month_end(mall, me)
    await work(mall)
    assert await held(me) == (0, 0, 0)
    assert [line[:2] for line in await ledger_of(me)] == [
        ("points_gift", 100),
        ("points_gift", 40),
        ("order_hold", -70),
        ("points_expired", -30),
        ("order_release", 70),
        ("points_expired", -70),
        ("points_expired", -40),
    ]


async def me_places(mall: Mall, me: Shopper, spent: int) -> str:
    """Log in again and place an unpaid order that holds points; return its number."""
    assert me.mall is mall
    await me.log_in_again()
    return str((await me.place(await make_sku(10_000), points=spent))["order_no"])


async def ledger_of(me: Shopper) -> list[tuple[str, int, int]]:
    rows = await db.fetch(
        "SELECT l.code, e.kind, l.amount FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id"
        " WHERE l.member_id = $1 AND l.currency = 'POINT' ORDER BY l.id",
        me.id,
    )
    return [(row["kind"], row["amount"], 0) for row in rows]


async def test_given_points_that_end_soon_then_their_member_is_told_once(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await give_points(mall, me.id, 30)
    other = await join(mall)
    await give_points(mall, other.id, 30)
    assert await point_movements.adjust(mall.deps, other.id, -30, "abc", "收回", "anna")
    end = (await check_ins.held(mall.deps, me.id)).ends_at
    assert end
    await to_month_end(mall, me, before_s=6 * 86_400)
    assert [await point_movements.tell_expiring(mall.deps) for _ in range(2)] == [2, 0]
    rows = await db.fetch("SELECT args FROM outbox WHERE job = 'send_notice'")
    told = [orjson.loads(row["args"]) for row in rows]
    assert [(one["member_id"], one["template"], one["values"]["points"]) for one in told] == [
        (me.id, "points_expiring", "30")
    ]


async def test_given_two_orders_at_once_then_points_are_spent_once(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await give_points(mall, me.id, 100)
    sku = await make_sku(10_000)
    basket = await me.basket(sku, points=100)
    answers = await asyncio.gather(
        *(me.call("POST", "/orders", basket, key=f"twice-{n}") for n in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    assert await held(me) == (0, 0, 0)


async def test_given_spending_against_the_end_then_no_point_is_both_spent_and_gone(mall: Mall) -> None:
    await rewards()
    me = await join(mall)
    await give_points(mall, me.id, 100)
    await to_month_end(mall, me)
    order = await me_places(mall, me, 0)
    assert order
    basket = await me.basket(await make_sku(10_000), points=100)
    answer, *_ = await asyncio.gather(
        me.call("POST", "/orders", basket, key="against"),
        point_movements.expire_due(mall.deps),
        point_movements.expire_due(mall.deps),
    )
    await work(mall)
    spent = 100 if answer.status_code == 200 else 0
    gone = -sum(amount for kind, amount, _ in await ledger_of(me) if kind == "points_expired")
    assert spent + gone == 100
    assert await held(me) == (0, 0, 0)


async def test_given_a_refund_against_the_end_then_every_point_is_accounted_for(mall: Mall) -> None:
    await rewards(points_per_yuan=0)
    me = await join(mall)
    await give_points(mall, me.id, 100)
    order_no = await me_places(mall, me, 60)
    await me.pay(order_no)
    await work(mall)
    await to_month_end(mall, me)
    await asyncio.gather(shop_refunds(mall, order_no), point_movements.expire_due(mall.deps))
    await work(mall)
    assert await held(me) == (0, 0, 0)
    assert sum(amount for kind, amount, _ in await ledger_of(me) if kind == "points_expired") == -100


async def test_given_an_operator_then_points_are_given_and_taken_once_with_a_reason(mall: Mall) -> None:
    me = await join(mall)
    assert await point_movements.adjust(mall.deps, me.id, 50, "a", "补偿", "anna")
    assert not await point_movements.adjust(mall.deps, me.id, 50, "a", "补偿", "anna")
    assert await point_movements.adjust(mall.deps, me.id, -20, "b", "多发", "anna")
    for wrong in (0, -31):
        with pytest.raises(BadRequest):
            await point_movements.adjust(mall.deps, me.id, wrong, "c", "x", "anna")
    with pytest.raises(NotFound):
        await point_movements.adjust(mall.deps, 10**9, 1, "d", "x", "anna")
    assert await held(me) == (30, 0, 0)
    rows = await db.fetch("SELECT detail FROM audit_log WHERE action = 'member.points' ORDER BY id")
    assert [orjson.loads(row["detail"])["points"] for row in rows] == [50, -20]
