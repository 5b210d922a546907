"""Refunds at every moment: of the order that counted, and of the order that was returned."""

from server import db
from tests.support.circle import Circle, circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import set_policy
from tests.support.shop import Shopper, join, make_sku, pass_days, publish, work


async def money(shopper: Shopper) -> tuple[int, int, int]:
    """Return available, frozen and debt."""
    wallet = await shopper.wallet()
    return wallet["available_fen"], wallet["frozen_fen"], wallet["debt_fen"]


async def settled(mall: Mall, *, own_fen: int = 10_000) -> Circle:
    """Return a circle whose only rebate is settled."""
    await publish(mall)
    a = await circle(mall, own_fen=own_fen)
    await a.bring(3)
    await a.receive_all()
    await pass_days(mall, 7.01)
    assert await money(a.me) == (own_fen, 0, 0)
    return a


async def spend(shopper: Shopper, amount_fen: int) -> str:
    """Place an order paid with balance; freight is paid in cash if it is due."""
    return await shopper.buy(await make_sku(amount_fen), use_balance_fen=amount_fen)


async def test_given_a_pending_qualification_when_its_order_is_refunded_then_it_is_void(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    (friend,) = await a.bring()
    refund = await friend.refund()
    await work(mall)
    assert (refund["cash_fen"], refund["state"], await a.states()) == (20_000, "processing", ["void"])
    assert (await friend.person.order(friend.order_no))["status"] == "refunded"
    (shown,) = (await friend.person.get(f"/orders/{friend.order_no}/refunds"))["items"]
    assert shown["state"] == "processing"
    mall.clock.advance(120)
    await work(mall)
    (shown,) = (await friend.person.get(f"/orders/{friend.order_no}/refunds"))["items"]
    assert shown["state"] == "succeeded"


async def test_given_a_counted_one_when_its_order_is_refunded_then_the_cycle_needs_another(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(2)
    await a.friends[0].refund()
    await a.bring()
    assert (await a.me.rebates(), (await a.me.progress())["counted"]) == ([], 2)
    await a.bring()
    assert (await a.rebate())["amount_fen"] == 10_000


async def test_given_a_frozen_rebate_when_a_friend_is_refunded_then_it_is_reversed_and_the_others_count(
    mall: Mall,
) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.friends[1].refund()
    await work(mall)
    rebate = await a.rebate()
    assert (rebate["state"], rebate["amount_fen"], await money(a.me)) == ("reversed", 0, (0, 0, 0))
    assert sum(step["amount_fen"] for step in rebate["explanation"]["steps"]) == 0
    assert await a.states() == ["counted", "void", "counted"]
    assert (await a.me.get("/me/referral/returnable"))["items"][0]["order_no"] == a.own
    await a.bring()
    assert ((await a.rebate())["order_no"], await money(a.me)) == (a.own, (0, 10_000, 0))


async def test_given_a_settled_rebate_with_its_money_there_when_a_friend_is_refunded_then_it_is_taken_back(
    mall: Mall,
) -> None:
    a = await settled(mall)
    await shop_refunds(mall, a.friends[0].order_no)
    assert ((await a.rebate())["state"], await money(a.me)) == ("reversed", (0, 0, 0))
    newest = (await a.me.get("/wallet/statement"))["items"][0]
    assert (newest["kind"], newest["available_delta_fen"]) == ("rebate_take_back", -10_000)


async def test_given_a_settled_and_spent_rebate_when_a_friend_is_refunded_then_what_lacks_is_debt(mall: Mall) -> None:
    a = await settled(mall)
    spent = await spend(a.me, 9_900)
    await shop_refunds(mall, a.friends[0].order_no)
    assert await money(a.me) == (0, 0, 9_900)
    # Any later credit pays the debt first.
    await a.me.refund(spent)
    await work(mall)
    assert await money(a.me) == (0, 0, 0)


async def test_given_two_debts_when_money_comes_then_the_oldest_is_paid_first(mall: Mall) -> None:
    await publish(mall, required=2, observe_days=0)
    a = await circle(mall)
    second = await a.me.buy(await make_sku(9_900))
    await a.bring(4)
    await a.receive_all()
    await a.me.receive(second)
    await work(mall)
    assert await money(a.me) == (19_900, 0, 0)
    await spend(a.me, 19_900)
    first_rebate = (await a.me.rebates())[-1]["id"]
    await shop_refunds(mall, a.friends[0].order_no)
    assert await money(a.me) == (0, 0, 10_000)
    await shop_refunds(mall, a.friends[2].order_no)
    # The two friends left close a new cycle. Its rebate comes at once and pays a part of the older debt only.
    assert await money(a.me) == (0, 0, 9_900)
    rows = await db.fetch("SELECT source, balance FROM ledger_accounts WHERE code = 'debt' ORDER BY id")
    assert [row["balance"] for row in rows] == [0, 9_900]
    assert rows[0]["source"] == f"rebate:{first_rebate}"


async def test_given_a_frozen_rebate_when_the_returned_order_is_refunded_then_the_refund_is_whole(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    refund = await a.me.refund(a.own)
    await work(mall)
    assert (refund["cash_fen"], refund["withheld_fen"], await money(a.me)) == (10_000, 0, (0, 0, 0))
    assert ((await a.rebate())["state"], (await a.me.progress())["counted"]) == ("reversed", 3)
    later = await a.me.buy(await make_sku(6_000))
    await work(mall)
    assert ((await a.rebate())["order_no"], await money(a.me)) == (later, (0, 6_000, 0))


async def test_given_a_spent_rebate_when_the_returned_order_is_refunded_then_the_shortage_is_withheld(
    mall: Mall,
) -> None:
    a = await settled(mall)
    await spend(a.me, 9_900)
    granted = await shop_refunds(mall, a.own)
    assert (granted.cash_fen, granted.withheld_fen) == (100, 9_900)
    assert ((await a.rebate())["state"], await money(a.me)) == ("reversed", (0, 0, 0))
    assert (await a.me.order(a.own))["status"] == "refunded"


async def test_given_all_of_it_spent_when_the_returned_order_is_refunded_then_nothing_is_paid_and_nothing_owed(
    mall: Mall,
) -> None:
    a = await settled(mall)
    await spend(a.me, 10_000)
    granted = await shop_refunds(mall, a.own)
    assert (granted.cash_fen, granted.withheld_fen, granted.state) == (0, 10_000, "succeeded")
    assert await money(a.me) == (0, 0, 0)


async def two_lines(mall: Mall, *, friend_fen: int = 20_000) -> tuple[Circle, list[int]]:
    """Return a circle whose own order has lines of 10 000 and 6 000, and the ids of the lines."""
    me = await join(mall)
    own = await me.buy(await make_sku(10_000), await make_sku(6_000))
    a = Circle(mall, me, own, await make_sku(friend_fen), [])
    await a.bring(3)
    return a, await line_ids(me, own)


async def test_given_a_frozen_rebate_when_a_part_of_its_order_is_refunded_then_it_shrinks(mall: Mall) -> None:
    await publish(mall)
    a, lines = await two_lines(mall)
    assert await money(a.me) == (0, 16_000, 0)
    granted = await shop_refunds(mall, a.own, {lines[1]: 1})
    rebate = await a.rebate()
    assert (granted.cash_fen, granted.withheld_fen, rebate["amount_fen"]) == (6_000, 0, 10_000)
    assert await money(a.me) == (0, 10_000, 0)
    assert [step["amount_fen"] for step in rebate["explanation"]["steps"]] == [16_000, -6_000]
    await a.receive_all()
    await pass_days(mall, 7.01)
    assert await money(a.me) == (10_000, 0, 0)


async def test_given_a_spent_rebate_when_a_part_of_its_order_is_refunded_then_that_part_is_withheld(
    mall: Mall,
) -> None:
    await publish(mall, observe_days=0)
    a, lines = await two_lines(mall)
    await a.receive_all()
    await spend(a.me, 15_000)
    granted = await shop_refunds(mall, a.own, {lines[1]: 1})
    assert (granted.cash_fen, granted.withheld_fen) == (1_000, 5_000)
    assert ((await a.rebate())["amount_fen"], await money(a.me)) == (10_000, (0, 0, 0))
    granted = await shop_refunds(mall, a.own)
    assert (granted.cash_fen, granted.withheld_fen) == (0, 10_000)
    assert (await a.me.order(a.own))["status"] == "refunded"


async def test_given_a_capped_rebate_when_a_part_of_its_order_is_refunded_then_only_what_exceeds_goes(
    mall: Mall,
) -> None:
    await publish(mall, cap_fen=12_000)
    a, lines = await two_lines(mall)
    assert await money(a.me) == (0, 12_000, 0)
    await shop_refunds(mall, a.own, {lines[1]: 1})
    assert await money(a.me) == (0, 10_000, 0)


async def test_given_stages_when_a_part_of_the_returned_order_is_refunded_then_later_parts_shrink_first(
    mall: Mall,
) -> None:
    await publish(mall, stages_bp=[3_000, 3_000, 4_000])
    me = await join(mall)
    own = await me.buy(await make_sku(10_000), await make_sku(10_000))
    a = Circle(mall, me, own, await make_sku(20_000), [])
    await a.bring(2)
    assert await money(me) == (0, 12_000, 0)
    await shop_refunds(mall, own, {(await line_ids(me, own))[0]: 1})
    assert await money(me) == (0, 6_000, 0)
    await a.bring()
    assert await money(me) == (0, 10_000, 0)


async def test_given_an_order_not_shipped_when_its_parts_go_back_one_by_one_then_freight_comes_with_the_last(
    mall: Mall,
) -> None:
    await set_policy(mall, freight_fen=900)
    me = await join(mall)
    order_no = await me.buy(await make_sku(2_000), await make_sku(3_000))
    first, second = await line_ids(me, order_no)
    assert (await shop_refunds(mall, order_no, {first: 1})).cash_fen == 2_000
    mall.clock.advance(61)
    assert (await shop_refunds(mall, order_no, {second: 1})).cash_fen == 3_900
    assert (await me.order(order_no))["status"] == "refunded"
    await proved(mall)


async def test_given_a_shipped_order_when_its_parts_go_back_one_by_one_then_freight_stays(mall: Mall) -> None:
    await set_policy(mall, freight_fen=900)
    me = await join(mall)
    order_no = await me.buy(await make_sku(2_000), await make_sku(3_000))
    first, second = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {first: 1})
    await me.receive(order_no)
    mall.clock.advance(61)
    assert (await shop_refunds(mall, order_no, {second: 1})).cash_fen == 3_000
    await proved(mall)


async def test_given_a_balance_order_when_it_is_refunded_then_each_account_gets_its_own_back(mall: Mall) -> None:
    await publish(mall, required=2, observe_days=0, withdrawable=True)
    a = await circle(mall)
    await a.bring(2)
    await a.receive_all()
    await publish(mall, required=2, observe_days=0)
    b = await a.me.buy(await make_sku(12_000))
    await a.bring(2)
    await a.me.receive(b)
    for friend in a.friends[2:]:
        await friend.receive()
    await work(mall)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["withdrawable_fen"]) == (22_000, 10_000)
    order_no = await a.me.buy(await make_sku(30_000), use_balance_fen=20_000)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["withdrawable_fen"]) == (2_000, 2_000), "spend-only is spent first"
    refund = await a.me.refund(order_no)
    await work(mall)
    assert (refund["cash_fen"], refund["balance_fen"]) == (10_000, 20_000)
    wallet = await a.me.wallet()
    assert (wallet["available_fen"], wallet["withdrawable_fen"]) == (22_000, 10_000)
