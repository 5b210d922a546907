"""The payout cap after the fact: what a rebate's qualifying orders still carry when parts of them are refunded."""

from server import db
from tests.support.circle import Circle, Friend, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import join, make_sku, publish, publish_commission, work


async def capped(mall: Mall, **terms: object) -> Circle:
    """Return a circle whose three friends each bought two pieces of 10 000, under a cap of half."""
    await publish(mall, payout_cap_bp=5_000, observe_days=0, **terms)
    me = await join(mall)
    a = Circle(mall, me, await me.buy(await make_sku(30_000)), await make_sku(10_000), [])
    for _ in range(3):
        person = await join(mall, me)
        a.friends.append(Friend(person, await person.buy(a.sku, await make_sku(10_000))))
        await work(mall)
    return a


async def refund_one(mall: Mall, friend: Friend) -> None:
    """Refund the second of a friend's two pieces."""
    mall.clock.advance(61)
    await shop_refunds(mall, friend.order_no, {(await line_ids(friend.person, friend.order_no))[1]: 1})


async def granted(a: Circle) -> tuple[str, int, int]:
    rebate = await a.rebate()
    wallet = await a.me.wallet()
    return rebate["state"], rebate["amount_fen"], wallet["available_fen"] - wallet["debt_fen"]


async def test_given_a_frozen_rebate_when_parts_of_friends_orders_are_refunded_then_it_falls_to_what_they_carry(
    mall: Mall,
) -> None:
    a = await capped(mall)
    assert await granted(a) == ("frozen", 30_000, 0)
    for left_fen, friend in zip((25_000, 20_000, 15_000), a.friends, strict=True):
        await refund_one(mall, friend)
        assert await granted(a) == ("frozen", left_fen, 0)
        assert await a.states() == ["consumed"] * 3
    steps = (await a.rebate())["explanation"]["steps"]
    assert (sum(one["amount_fen"] for one in steps), steps[-1]) == (
        15_000,
        {"label": "相关订单部分退款", "amount_fen": -15_000},
    )
    await proved(mall)
    await a.receive_all()
    assert await granted(a) == ("settled", 15_000, 15_000)
    await proved(mall)


async def test_given_a_settled_and_spent_rebate_when_a_part_of_a_friends_order_is_refunded_then_the_rest_is_debt(
    mall: Mall,
) -> None:
    a = await capped(mall)
    await a.receive_all()
    await a.me.buy(await make_sku(28_000), use_balance_fen=28_000)
    await refund_one(mall, a.friends[0])
    assert await granted(a) == ("settled", 25_000, -3_000)
    await proved(mall)


async def test_given_a_rebate_as_coupon_when_a_part_of_a_friends_order_is_refunded_then_the_coupon_falls(
    mall: Mall,
) -> None:
    a = await capped(mall, pay_as="coupon", coupon_days=30)
    await a.receive_all()
    await refund_one(mall, a.friends[0])
    (coupon,) = (await a.me.get("/coupons"))["items"]
    assert (coupon["state"], coupon["amount_fen"]) == ("unused", 25_000)
    await a.me.buy(await make_sku(40_000), coupon_id=coupon["id"])
    await refund_one(mall, a.friends[1])
    assert (await a.me.wallet())["debt_fen"] == 5_000
    await proved(mall)


async def test_given_a_budget_when_a_rebate_falls_then_the_budget_comes_back(mall: Mall) -> None:
    a = await capped(mall, budget_fen=100_000)
    await refund_one(mall, a.friends[0])
    assert await db.fetch_value("SELECT budget_used_fen FROM rule_versions") == 25_000
    await proved(mall)


async def test_given_commission_when_a_part_of_a_friends_order_is_refunded_then_it_is_reduced_first(mall: Mall) -> None:
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 1_000}])
    a = await capped(mall)
    assert (await granted(a))[1] == 30_000 - 6_000
    await refund_one(mall, a.friends[0])
    assert (await granted(a))[1] == 25_000 - 5_000
    await proved(mall)


async def test_given_stages_when_a_part_of_a_friends_order_is_refunded_then_later_ones_may_still_fill_it(
    mall: Mall,
) -> None:
    await publish(mall, payout_cap_bp=5_000, observe_days=0, stages_bp=[3_000, 3_000, 4_000])
    me = await join(mall)
    a = Circle(mall, me, await me.buy(await make_sku(30_000)), await make_sku(10_000), [])
    person = await join(mall, me)
    a.friends.append(Friend(person, await person.buy(a.sku, await make_sku(10_000))))
    await work(mall)
    assert (await granted(a))[1] == 9_000
    await refund_one(mall, a.friends[0])
    assert (await granted(a))[1] == 5_000
    await a.bring(2, await make_sku(60_000))
    assert (await granted(a))[1] == 30_000
    await proved(mall)
