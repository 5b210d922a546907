"""A rule with stages posts a part for each friend; losing a friend reverses the last part."""

import pytest

from server import db
from tests.support.circle import Circle, circle, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import make_sku, pass_days, publish, work

STAGES = {"stages_bp": [3_000, 3_000, 4_000]}


async def frozen(a: Circle) -> int:
    return (await a.me.wallet())["frozen_fen"]


async def parts(a: Circle) -> list[int]:
    return [one["amount_fen"] for one in (await a.rebate())["explanation"]["qualifications"]]


async def test_given_stages_when_each_friend_joins_then_its_part_is_posted(mall: Mall) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall, own_fen=10_001)
    for total, shown in ((3_000, [3_000]), (6_000, [3_000, 3_000]), (10_001, [3_000, 3_000, 4_001])):
        await a.bring()
        assert (await frozen(a), await parts(a)) == (total, shown)
    rebate = await a.rebate()
    assert (rebate["amount_fen"], rebate["whole_fen"]) == (10_001, 10_001)
    assert (await a.me.progress())["cycles_closed"] == 1
    await a.receive_all()
    await pass_days(mall, 7.01)
    assert (await a.rebate())["state"] == "settled"
    assert (await a.me.wallet())["available_fen"] == 10_001


async def test_given_stages_that_sum_to_less_when_all_joined_then_only_that_part_returns(mall: Mall) -> None:
    await publish(mall, stages_bp=[1_000, 1_000, 3_333])
    a = await circle(mall)
    await a.bring(3)
    assert (await parts(a), await frozen(a)) == ([1_000, 1_000, 3_333], 5_333)


@pytest.mark.parametrize("loser", [0, 1])
async def test_given_two_joined_when_one_is_lost_then_the_last_part_goes_and_a_new_friend_fills_it(
    mall: Mall, loser: int
) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    await a.bring(2)
    await a.friends[loser].refund()
    await work(mall)
    assert (await frozen(a), await parts(a)) == (3_000, [3_000])
    assert (await a.rebate())["state"] == "frozen"
    await a.bring(2)
    assert (await frozen(a), await parts(a)) == (10_000, [3_000, 3_000, 4_000])
    assert len(await a.me.rebates()) == 1


async def test_given_one_joined_when_it_is_lost_then_the_rebate_is_reversed(mall: Mall) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    await a.bring()
    await a.friends[0].refund()
    await work(mall)
    assert ((await a.rebate())["state"], await frozen(a)) == ("reversed", 0)
    await a.bring()
    assert ((await a.rebate())["state"], await frozen(a)) == ("frozen", 3_000)


async def test_given_a_settled_staged_rebate_when_a_friend_is_refunded_then_only_the_last_part_is_taken(
    mall: Mall,
) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    await pass_days(mall, 7.01)
    await shop_refunds(mall, a.friends[0].order_no)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["frozen_fen"], wallet["debt_fen"]) == (6_000, 0, 0)
    assert (await a.rebate())["state"] == "frozen"
    (new,) = await a.bring()
    assert (await a.me.wallet())["frozen_fen"] == 4_000
    await new.receive()
    await work(mall)
    await pass_days(mall, 7.01)
    assert ((await a.rebate())["state"], (await a.me.wallet())["available_fen"]) == ("settled", 10_000)


async def test_given_early_receipts_when_they_are_observed_then_each_part_settles_by_itself(mall: Mall) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    await a.bring(1)
    await a.receive_all()
    await pass_days(mall, 7.01)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["frozen_fen"], (await a.rebate())["state"]) == (3_000, 0, "frozen")
    sums = (await a.me.get("/me/referral"))["rebates"]
    assert sums == {"count": 1, "settled_fen": 3_000, "frozen_fen": 0}


async def test_given_a_payout_cap_when_friends_spend_little_then_no_part_exceeds_it(mall: Mall) -> None:
    await publish(mall, payout_cap_bp=1_000, **STAGES)
    a = await circle(mall)
    await a.bring(3)
    assert (await parts(a), await frozen(a)) == ([2_000, 2_000, 2_000], 6_000)
    rebate = await a.rebate()
    assert sum(step["amount_fen"] for step in rebate["explanation"]["steps"]) == rebate["amount_fen"] == 6_000


async def test_given_a_payout_cap_when_the_big_spender_is_lost_then_the_rest_still_keeps_to_it(mall: Mall) -> None:
    await publish(mall, payout_cap_bp=1_000, **STAGES)
    a = await circle(mall)
    await a.bring(1, sku=await make_sku(500_000))
    await a.bring(1)
    assert await parts(a) == [3_000, 3_000]
    await a.friends[0].refund()
    await work(mall)
    assert await frozen(a) <= 2_000, "a tenth of what the one friend left has paid"


async def test_given_a_budget_when_stages_join_then_it_books_what_they_grant_and_the_last_one_waits(
    mall: Mall,
) -> None:
    await publish(mall, stages_bp=[3_000, 3_000, 4_000], budget_fen=10_000)
    used = "SELECT budget_used_fen FROM rule_versions"
    a, b = await circle(mall), await circle(mall)
    await a.bring(1)
    await b.bring(1)
    assert await db.fetch_value(used) == 6_000
    await a.bring(1)
    assert (await db.fetch_value(used), await parts(a)) == (9_000, [3_000, 3_000])
    await b.bring(1)
    assert (await db.fetch_value(used), await parts(b), await b.states()) == (9_000, [3_000], ["consumed", "counted"])
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'rebate_budget'") == 1
    await a.friends[1].refund()
    await work(mall)
    assert (await db.fetch_value(used), await parts(b)) == (9_000, [3_000, 3_000]), "another waited for it"
    await proved(mall)


async def test_given_an_open_cycle_when_my_order_is_refunded_then_friends_wait_for_another(mall: Mall) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    await a.bring(2)
    await a.me.refund(a.own)
    await work(mall)
    assert ((await a.rebate())["state"], await frozen(a)) == ("reversed", 0)
    assert (await a.me.progress())["counted"] == 2
    await a.me.buy(a.sku)
    await work(mall)
    assert await frozen(a) == 12_000, "both friends join the new order at once"


async def test_given_one_friend_without_receipt_when_they_are_lost_then_the_part_left_settles_in_time(
    mall: Mall,
) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    slow, quick = await a.bring(2)
    await a.me.receive(a.own)
    await quick.receive()
    await work(mall)
    await slow.refund()
    await work(mall)
    await pass_days(mall, 7.01)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["frozen_fen"]) == (3_000, 0)


async def test_given_one_friend_with_receipt_when_they_are_lost_then_the_part_left_waits_for_the_other(
    mall: Mall,
) -> None:
    await publish(mall, **STAGES)
    a = await circle(mall)
    quick, slow = await a.bring(2)
    await a.me.receive(a.own)
    await quick.receive()
    await work(mall)
    await shop_refunds(mall, quick.order_no)
    await pass_days(mall, 7.01)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["frozen_fen"]) == (0, 3_000)
    await slow.receive()
    await work(mall)
    await pass_days(mall, 7.01)
    assert (await a.me.wallet())["available_fen"] == 3_000


async def test_given_used_coupons_and_a_payout_cap_when_the_big_spender_is_lost_then_what_was_too_much_is_debt(
    mall: Mall,
) -> None:
    await publish(mall, payout_cap_bp=1_000, pay_as="coupon", observe_days=0, **STAGES)
    a = await circle(mall)
    await a.bring(1, sku=await make_sku(500_000))
    await a.bring(1)
    await a.receive_all()
    for held in (await a.me.get("/coupons"))["items"]:
        await a.me.buy(await make_sku(20_000), coupon_id=held["id"])
    await shop_refunds(mall, a.friends[0].order_no)
    assert (await a.rebate())["amount_fen"] == 2_000
    assert (await a.me.wallet())["debt_fen"] == 4_000, "a whole coupon of 3 000, and 1 000 of the other"
