"""The payout cap: what a rebate's qualifying orders carry, less what else they give, now and after partial refunds."""

from typing import Any

import orjson

from server import db
from server.rules.levels import Level
from server.services.growth import progress
from server.services.rebates import cycles
from server.services.terms import levels
from tests.support.circle import Circle, Friend, circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import set_policy
from tests.support.shop import join, make_sku, pass_days, publish, publish_commission, work


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


async def explained(a: Circle) -> tuple[int, str]:
    """Return the rebate's amount, and the last step of its sum at closing."""
    rebate = await a.rebate()
    return rebate["amount_fen"], rebate["explanation"]["steps"][-1]["label"]


async def test_given_points_that_come_after_closing_then_their_value_was_deducted(mall: Mall) -> None:
    """Each friend pays 10 000 and will earn 1 000 points at receipt, of which two take off one fen."""
    await set_policy(mall, points_per_yuan=10, points_per_fen=2)
    await publish(mall, payout_cap_bp=3_000, observe_days=7)
    a = await circle(mall, own_fen=50_000, friend_fen=10_000)
    await a.bring(3)
    told = "不超过好友订单实付的 30.00%，减去这些订单带来的积分 15.00 元"
    assert await explained(a) == (9_000 - 3 * 500, told)
    await a.receive_all()
    await pass_days(mall, 7.1)
    assert await granted(a) == ("settled", 7_500, 7_500)
    for friend in a.friends:
        assert (await friend.person.wallet())["points"] == 1_000
    await proved(mall)


async def test_given_friends_on_a_level_then_the_points_count_as_often_as_they_will_come(mall: Mall) -> None:
    """What changes after joining changes nothing: the level, points and what they are worth."""
    known = [Level("普通", 0), Level("金卡", 100, points_bp=30_000)]
    await levels.change(mall.deps, known, levels.version(()), "test", "tester")
    await set_policy(mall, points_per_yuan=10, points_per_fen=2)
    await publish(mall, payout_cap_bp=3_000, observe_days=7)
    a = await circle(mall, own_fen=50_000, friend_fen=10_000)
    for position in (1, 1, 0):
        person = await join(mall, a.me)
        await _stands(mall, person.id, position)
        a.friends.append(Friend(person, await person.buy(a.sku)))
        await work(mall)
    assert (await explained(a))[0] == 9_000 - 1_500 - 1_500 - 500
    await _stands(mall, a.friends[2].person.id, 1)
    await set_policy(mall, points_per_yuan=0, points_per_fen=1)
    await a.receive_all()
    assert (await granted(a))[1] == 5_500
    await proved(mall)


async def _stands(mall: Mall, member_id: int, position: int) -> None:
    """Raise a member to the second level (`position` 1), or leave it on the first."""
    if position:
        assert await progress.correct(mall.deps, member_id, 100, str(member_id), "老会员", "tester", anew=False)


async def test_given_commission_that_no_job_has_decided_then_it_is_decided_before_the_order_joins(mall: Mall) -> None:
    """Points that an order has earned count as they are; those of an order that earned none before count as none."""
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 500}])
    await publish(mall, payout_cap_bp=3_000, observe_days=7, qualify_at="received")
    a = await circle(mall, own_fen=50_000, friend_fen=10_000)
    early = await join(mall, a.me)
    await early.receive(await early.buy(a.sku))
    await set_policy(mall, points_per_yuan=10)
    for _ in range(2):
        person = await join(mall, a.me)
        await person.receive(await person.buy(a.sku))
    assert await db.fetch_value("SELECT count(*) FROM commissions") == 0
    assert await cycles.close_cycle(mall.deps, a.me.id) == 1
    told = "不超过好友订单实付的 30.00%，减去这些订单带来的佣金 15.00 元、积分 20.00 元"
    assert await explained(a) == (9_000 - 3 * 500 - 2 * 1_000, told)
    await work(mall)
    assert (await granted(a))[1] == 5_500
    await proved(mall)


async def test_given_partial_refunds_then_what_the_orders_give_shrinks_with_them(mall: Mall) -> None:
    """Commission is 10 % of one product only. What it was at joining shrinks with the order, whichever line goes."""
    await set_policy(mall, points_per_yuan=10, points_per_fen=2)
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 1_000}])
    a = await capped(mall)
    before = 30_000 - 3 * 2_000 - 3 * 1_000
    assert (await explained(a))[0] == before
    await refund_one(mall, a.friends[0])
    assert (await granted(a))[1] == before - 5_000 + 1_000 + 500
    await a.receive_all()
    await refund_one(mall, a.friends[1])
    assert (await granted(a))[1] == before - 7_000
    steps = (await a.rebate())["explanation"]["steps"]
    assert sum(step["amount_fen"] for step in steps) == before - 7_000
    await proved(mall)


async def test_given_refunds_that_leave_nothing_under_the_cap_then_the_rebate_falls_to_nothing(mall: Mall) -> None:
    await publish(mall, payout_cap_bp=100, observe_days=0)
    me = await join(mall)
    a = Circle(mall, me, await me.buy(await make_sku(30_000)), await make_sku(10), [])
    for _ in range(3):
        person = await join(mall, me)
        a.friends.append(Friend(person, await person.buy(a.sku, await make_sku(10_000))))
        await work(mall)
    assert (await granted(a))[1] == 300
    for friend in a.friends:
        await refund_one(mall, friend)
    assert await granted(a) == ("frozen", 0, 0)
    assert await a.states() == ["consumed"] * 3
    await proved(mall)
    await shop_refunds(mall, a.own)
    assert await a.states() == ["counted"] * 3
    await proved(mall)


async def test_given_a_month_cap_a_choice_and_a_budget_then_the_facts_of_closing_are_kept(mall: Mall) -> None:
    await publish(mall, payout_cap_bp=5_000, member_month_cap_fen=50_000, budget_fen=90_000, pick="member_chooses")
    a = await circle(mall, own_fen=30_000, friend_fen=20_000)
    second = await a.me.buy(await make_sku(20_000))
    await a.me.post("/me/referral/choose", {"order_no": second})
    await a.bring(3)
    await a.me.post("/me/referral/choose", {"order_no": a.own})
    await a.bring(3)
    facts = await _facts(a.me.id)
    assert [one["candidates"] for one in facts] == [[a.own, second], [a.own]]
    assert [(one["month_granted_fen"], one["budget_used_fen"], one["live_cycles"]) for one in facts] == [
        (0, 0, 0),
        (20_000, 20_000, 1),
    ]
    numbers = {order_no: await db.fetch_value(_ID, order_no) for order_no in (a.own, second)}
    assert [one["chosen_order_id"] for one in facts] == [numbers[second], numbers[a.own]]
    assert [one["nets"] for one in facts] == [[20_000] * 3] * 2
    await proved(mall)


_ID = "SELECT id FROM orders WHERE order_no = $1"


async def _facts(member_id: int) -> list[dict[str, Any]]:
    rows = await db.fetch(
        "SELECT f ->> 'chosen_order_id' AS chosen, f ->> 'month_granted_fen' AS month, f ->> 'budget_used_fen' AS used,"
        " f ->> 'live_cycles' AS cycles, jsonb_path_query_array(f, '$.candidates[*].order_no')::text AS candidates,"
        " jsonb_path_query_array(f, '$.counted[*].order_net_fen')::text AS nets"
        " FROM rebates, LATERAL (SELECT history -> 0 -> 'facts' AS f) x WHERE member_id = $1 ORDER BY id",
        member_id,
    )
    return [
        {
            "candidates": orjson.loads(row["candidates"]),
            "nets": orjson.loads(row["nets"]),
            "chosen_order_id": int(row["chosen"]),
            "month_granted_fen": int(row["month"]),
            "budget_used_fen": int(row["used"]),
            "live_cycles": int(row["cycles"]),
        }
        for row in rows
    ]
