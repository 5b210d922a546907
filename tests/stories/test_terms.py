"""Every field of the rule has the effect that the rule promises."""

from typing import Any

import pytest

from server import db
from server.services.rebates import cycles
from tests.support.calendar import HOUR, MINUTE, UTC_BEHIND, move_to, next_month
from tests.support.circle import circle
from tests.support.mall import Mall
from tests.support.shop import DAY_S, join, make_sku, pass_days, publish, work


@pytest.mark.parametrize(("pick", "place"), [("oldest", 0), ("newest", 3), ("highest", 2), ("lowest", 1)])
async def test_given_four_orders_when_a_cycle_closes_then_the_rule_picks_one(mall: Mall, pick: str, place: int) -> None:
    await publish(mall, pick=pick)
    a = await circle(mall, own_fen=30_000)
    orders = [a.own]
    for price_fen in (10_000, 50_000, 20_000):
        mall.clock.advance(60)
        orders.append(await a.me.buy(await make_sku(price_fen)))
    await a.bring(3)
    rebate = await a.rebate()
    assert (rebate["order_no"], rebate["amount_fen"]) == (orders[place], [30_000, 10_000, 50_000, 20_000][place])


async def test_given_equal_orders_when_the_highest_is_picked_then_the_older_wins(mall: Mall) -> None:
    await publish(mall, pick="highest")
    a = await circle(mall)
    mall.clock.advance(60)
    await a.me.buy(await make_sku(10_000))
    await a.bring(3)
    assert (await a.rebate())["order_no"] == a.own


async def test_given_the_member_chooses_when_they_have_chosen_then_that_order_comes_back(mall: Mall) -> None:
    await publish(mall, pick="member_chooses")
    a = await circle(mall)
    second = await a.me.buy(await make_sku(30_000))
    await a.bring(3)
    assert await a.me.rebates() == []
    offered = (await a.me.get("/me/referral/returnable"))["items"]
    assert [(one["order_no"], one["in_scope_fen"], one["chosen"]) for one in offered] == [
        (a.own, 10_000, False),
        (second, 30_000, False),
    ]
    answer = await a.me.post("/me/referral/choose", {"order_no": second})
    assert [one["chosen"] for one in answer["items"]] == [False, True]
    await work(mall)
    assert ((await a.rebate())["order_no"], (await a.rebate())["amount_fen"]) == (second, 30_000)
    assert [one["order_no"] for one in (await a.me.get("/me/referral/returnable"))["items"]] == [a.own]


async def test_given_no_choice_when_thirty_days_are_over_then_the_oldest_comes_back(mall: Mall) -> None:
    await publish(mall, pick="member_chooses")
    a = await circle(mall)
    mall.clock.advance(60)
    await a.me.buy(await make_sku(30_000))
    await a.bring(3)
    await pass_days(mall, 29.9)
    assert await a.me.rebates() == []
    await pass_days(mall, 0.2)
    assert (await a.rebate())["order_no"] == a.own


CAPS: list[tuple[dict[str, Any], int, list[int]]] = [
    ({"ratio_bp": 3_333}, 3_333, [10_001, -6_668]),
    ({"cap_fen": 8_000}, 8_000, [10_001, -2_001]),
    ({"cap_fen": 20_000}, 10_001, [10_001]),
    ({"member_month_cap_fen": 7_000}, 7_000, [10_001, -3_001]),
    ({"payout_cap_bp": 1_000}, 6_000, [10_001, -4_001]),
    ({"ratio_bp": 9_000, "cap_fen": 8_500, "payout_cap_bp": 1_000}, 6_000, [10_001, -1_001, -500, -2_500]),
]


@pytest.mark.parametrize(("terms", "amount_fen", "steps"), CAPS)
async def test_given_a_cap_when_a_cycle_closes_then_every_cut_is_explained(
    mall: Mall, terms: dict[str, Any], amount_fen: int, steps: list[int]
) -> None:
    await publish(mall, **terms)
    a = await circle(mall, own_fen=10_001)
    await a.bring(3)
    rebate = await a.rebate()
    assert rebate["amount_fen"] == amount_fen
    assert [step["amount_fen"] for step in rebate["explanation"]["steps"]] == steps
    assert (await a.me.wallet())["frozen_fen"] == amount_fen


async def test_given_a_month_cap_when_too_little_is_left_then_the_cycle_waits_for_the_next_month(mall: Mall) -> None:
    await publish(mall, member_month_cap_fen=15_000)
    a = await circle(mall)
    await a.me.buy(await make_sku(12_000))
    await a.bring(6)
    assert [rebate["amount_fen"] for rebate in await a.me.rebates()] == [10_000]
    assert (await a.me.progress())["counted"] == 3
    await pass_days(mall, 31)
    await a.me.log_in_again()
    assert [rebate["amount_fen"] for rebate in await a.me.rebates()] == [12_000, 10_000]


async def test_given_a_month_cap_then_months_begin_at_midnight_in_shanghai(mall: Mall) -> None:
    """
    Given a cap of one rebate a month, and a referrer with three rebates to come
    When one came an hour before the month ends in Shanghai
    Then the next comes after the month ends, and the last waits, although the month then begins in UTC
    """
    await publish(mall, member_month_cap_fen=15_000)
    edge = next_month(mall)
    move_to(mall, edge - HOUR)
    a = await circle(mall)
    for price_fen in (11_000, 12_000):
        await a.me.buy(await make_sku(price_fen))
    await a.bring(9)
    came: list[list[int]] = []
    for moment in (edge - MINUTE * 5, edge + MINUTE, edge + UTC_BEHIND + MINUTE):
        move_to(mall, moment)
        await cycles.sweep(mall.deps)
        came.append([rebate["amount_fen"] for rebate in await a.me.rebates()])
    assert came == [[10_000], [11_000, 10_000], [11_000, 10_000]]


async def test_given_a_month_cap_when_a_rebate_is_reversed_then_the_cap_is_free_again(mall: Mall) -> None:
    await publish(mall, member_month_cap_fen=15_000)
    a = await circle(mall)
    second = await a.me.buy(await make_sku(12_000))
    await a.bring(6)
    await a.friends[0].refund()
    await work(mall)
    newest, reversed_one = await a.me.rebates()
    assert (newest["state"], newest["order_no"], reversed_one["state"]) == ("frozen", a.own, "reversed")
    assert (await a.me.progress())["counted"] == 2
    assert (await a.me.order(second))["rebate_id"] is None


async def test_given_a_budget_when_it_is_used_up_then_cycles_wait_and_operators_are_told_once(mall: Mall) -> None:
    first = await publish(mall, budget_fen=15_000)
    a, b = await circle(mall), await circle(mall)
    await a.bring(3)
    await b.bring(3)
    await work(mall)
    assert (len(await a.me.rebates()), await b.me.rebates()) == (1, [])
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'rebate_budget'") == 1

    second = await publish(mall, budget_fen=15_000)
    c = await circle(mall)
    await c.bring(3)
    assert (await c.rebate())["explanation"]["rule_version"] == second
    assert await b.me.rebates() == [], "its cycle runs under the version of its oldest qualification"

    await a.friends[0].refund()
    await work(mall)  # the reversal gives budget back, so the job checks the cycles that waited for it
    assert (await b.rebate())["explanation"]["rule_version"] == first
    used = await db.fetch("SELECT budget_used_fen FROM rule_versions ORDER BY version")
    assert [row["budget_used_fen"] for row in used] == [10_000, 10_000]


async def test_given_max_cycles_when_one_is_closed_then_no_other_closes_until_it_is_reversed(mall: Mall) -> None:
    await publish(mall, max_cycles=1)
    a = await circle(mall)
    await a.me.buy(await make_sku(30_000))
    await a.bring(6)
    assert len(await a.me.rebates()) == 1
    assert await a.me.progress() == {"required": 3, "counted": 3, "pending": 0, "held": 0, "cycles_closed": 1}
    await a.friends[0].refund()
    await work(mall)
    assert [rebate["state"] for rebate in await a.me.rebates()] == ["frozen", "reversed"]


async def test_given_six_friends_when_two_orders_wait_then_two_cycles_close(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    second = await a.me.buy(await make_sku(30_000))
    await a.bring(4)
    assert [rebate["order_no"] for rebate in await a.me.rebates()] == [a.own]
    assert (await a.me.progress())["counted"] == 1, "the fourth friend counts for the next cycle"
    await a.bring(2)
    assert [rebate["order_no"] for rebate in await a.me.rebates()] == [second, a.own]
    assert await a.me.progress() == {"required": 3, "counted": 0, "pending": 0, "held": 0, "cycles_closed": 2}


async def test_given_a_scope_when_lines_are_outside_then_they_neither_qualify_nor_come_back(mall: Mall) -> None:
    inside, outside = await make_sku(6_000, category="face"), await make_sku(9_000, category="food")
    category = await db.fetch_value("SELECT id FROM categories WHERE slug = 'face'")
    await publish(mall, scope={"categories": [category]}, min_paid_fen=12_000)
    me = await join(mall)
    own = await me.buy(inside, outside)
    for skus in ([outside], [inside, outside], [inside]):
        await (await join(mall, me)).buy(*skus)
    await work(mall)
    assert (await me.progress())["counted"] == 0
    for _ in range(3):
        friend = await join(mall, me)
        placed = await friend.post(
            "/orders",
            {"items": [{"sku_id": inside, "quantity": 2}], "address_id": await friend.address()},
        )
        await friend.pay(placed["order_no"])
    await work(mall)
    (rebate,) = await me.rebates()
    assert (rebate["order_no"], rebate["amount_fen"]) == (own, 6_000)


async def test_given_a_scope_of_products_when_somebody_bought_another_then_nothing_comes_back(mall: Mall) -> None:
    a = await circle(mall)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", a.sku)
    await publish(mall, scope={"products": [product]})
    await a.bring(3)
    assert ((await a.me.progress())["counted"], await a.me.rebates()) == (3, [])
    late = await a.me.buy(a.sku)
    await work(mall)
    assert (await a.rebate())["order_no"] == late


async def test_given_an_age_limit_when_an_order_is_too_old_then_a_younger_comes_back(mall: Mall) -> None:
    await publish(mall, returnable_days=30)
    a = await circle(mall)
    mall.clock.advance(31 * DAY_S)
    await a.me.log_in_again()
    await a.bring(3)
    assert await a.me.rebates() == []
    young = await a.me.buy(await make_sku(5_000))
    await work(mall)
    assert ((await a.rebate())["order_no"], (await a.rebate())["amount_fen"]) == (young, 5_000), "freight never returns"


async def test_given_receipt_decides_when_friends_have_paid_then_they_are_pending_until_receipt(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    await a.bring(3)
    assert (await a.me.progress())["pending"] == 3
    for friend in a.friends:
        assert await a.me.rebates() == []
        await friend.receive()
        await work(mall)
    assert (await a.rebate())["state"] == "frozen"


async def test_given_balance_may_be_withdrawn_when_it_settles_then_it_is_withdrawable(mall: Mall) -> None:
    await publish(mall, withdrawable=True, observe_days=0)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["withdrawable_fen"], wallet["frozen_fen"]) == (10_000, 10_000, 0)
