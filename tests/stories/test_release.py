"""A rebate stays frozen until the observation period after the latest receipt of all its orders is over."""

import asyncio

from server import db
from server.services.orders import fulfilment
from server.services.points import movements as points
from server.services.rebates import blocking
from server.services.rebates import releases as rebates
from tests.support.circle import Circle, circle
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import set_policy
from tests.support.shop import DAY_S, join, make_virtual_sku, pass_days, publish, work


async def state(a: Circle) -> str:
    return str((await a.rebate())["state"])


async def test_given_no_observation_when_all_is_received_then_it_settles_at_once(mall: Mall) -> None:
    await publish(mall, observe_days=0)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    assert await state(a) == "settled"


async def test_given_a_late_receipt_when_the_others_are_observed_then_it_stays_frozen(mall: Mall) -> None:
    await publish(mall, observe_days=5)
    a = await circle(mall)
    await a.bring(3)
    await a.me.receive(a.own)
    for friend in a.friends[:2]:
        await friend.receive()
    await work(mall)
    assert (await a.rebate())["release_at"] is None
    await pass_days(mall, 6)
    await a.friends[2].receive()
    await work(mall)
    assert (await state(a), (await a.rebate())["release_at"] is not None) == ("frozen", True)
    await pass_days(mall, 4.9)
    assert await state(a) == "frozen"
    await pass_days(mall, 0.2)
    assert await state(a) == "settled"


async def test_given_a_blocked_member_when_the_observation_is_over_then_rebate_and_points_wait_for_the_blocks_end(
    mall: Mall,
) -> None:
    await set_policy(mall, points_per_yuan=1)
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    await blocking.block(mall.deps, a.me.id, "刷单嫌疑", "tester")
    await pass_days(mall, 8)
    frozen = "SELECT (SELECT state FROM rebates) AS rebate, (SELECT state FROM point_earnings WHERE member_id = $1)"
    assert await db.fetch_row(frozen, a.me.id) == ("frozen", "frozen")
    await blocking.unblock(mall.deps, a.me.id, "已核实", "tester")
    await work(mall)
    assert await db.fetch_row(frozen, a.me.id) == ("settled", "settled")
    await proved(mall)


async def test_given_a_member_who_is_blocked_while_money_is_released_then_nothing_is_released(mall: Mall) -> None:
    await set_policy(mall, points_per_yuan=1)
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    mall.clock.advance(8 * DAY_S)
    async with held(MEMBER, a.me.id) as holder:
        releases = [asyncio.create_task(one(mall.deps)) for one in (rebates.release_due, points.release_due)]
        await waiting(2)
        await holder.execute("UPDATE members SET state = 'blocked' WHERE id = $1", a.me.id)
    await asyncio.gather(*releases)
    assert await state(a) == "frozen"
    assert await db.fetch_value("SELECT state FROM point_earnings WHERE member_id = $1", a.me.id) == "frozen"


async def test_given_nobody_confirms_when_ten_days_pass_then_receipt_comes_by_itself_and_observation_begins(
    mall: Mall,
) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    for order_no in [a.own, *(friend.order_no for friend in a.friends)]:
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    await pass_days(mall, 9.9)
    assert (await a.me.order(a.own))["status"] == "shipped"
    await pass_days(mall, 0.2)
    assert (await a.me.order(a.own))["status"] == "received"
    await pass_days(mall, 6.9)
    assert await state(a) == "frozen"
    await pass_days(mall, 0.2)
    assert (await state(a), (await a.me.order(a.own))["status"]) == ("settled", "completed")


async def test_given_an_order_that_never_leaves_when_weeks_pass_then_the_rebate_stays_frozen(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    for friend in a.friends:
        await friend.receive()
    await pass_days(mall, 25)
    assert ((await a.rebate())["release_at"], await state(a)) == (None, "frozen")
    assert await a.me.refused_post("/orders", await a.me.basket(a.sku, use_balance_fen=1)) == "422 balance_insufficient"


async def test_given_virtual_goods_when_they_are_delivered_then_that_is_receipt(mall: Mall) -> None:
    await publish(mall, qualify_at="received", observe_days=2)
    sku = await make_virtual_sku(mall, [f"CARD-{n}" for n in range(4)])
    me = await join(mall)
    await me.buy(sku)
    for _ in range(3):
        await (await join(mall, me)).buy(sku)
    await work(mall)
    (rebate,) = await me.rebates()
    assert (rebate["state"], rebate["release_at"] is not None) == ("frozen", True)
    await pass_days(mall, 2.01)
    assert (await me.rebates())[0]["state"] == "settled"
