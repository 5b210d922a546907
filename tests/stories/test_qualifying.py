"""Which orders count, for whom, when, and under which version."""

import asyncio

from server import db
from server.services.rebates import blocking, cycles, qualifications
from tests.support.circle import circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import join, make_sku, pass_days, publish, work


async def test_given_no_own_order_when_the_third_friend_has_bought_then_the_cycle_waits_for_it(mall: Mall) -> None:
    await publish(mall)
    me = await join(mall)
    sku = await make_sku(20_000)
    for _ in range(3):
        await (await join(mall, me)).buy(sku)
    await work(mall)
    assert ((await me.progress())["counted"], await me.rebates()) == (3, [])
    own = await me.buy(await make_sku(7_000))
    await work(mall)
    (rebate,) = await me.rebates()
    assert (rebate["order_no"], rebate["amount_fen"]) == (own, 7_000)


async def test_given_three_friends_who_pay_in_one_moment_then_exactly_one_cycle_closes(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    second = await a.me.buy(await make_sku(30_000))
    friends = [await join(mall, a.me) for _ in range(3)]
    orders = [(await friend.place(a.sku))["order_no"] for friend in friends]
    await asyncio.gather(*(friend.pay(order_no) for friend, order_no in zip(friends, orders, strict=True)))
    closed = await asyncio.gather(*(cycles.close_cycle(mall.deps, a.me.id) for _ in range(3)))
    await work(mall)
    assert sum(closed) == 1
    (rebate,) = await a.me.rebates()
    assert (rebate["order_no"], rebate["amount_fen"]) == (a.own, 10_000)
    assert (await a.me.order(second))["rebate_id"] is None


async def test_given_a_friend_who_buys_again_then_only_the_first_order_counts(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    (friend,) = await a.bring()
    later = [await friend.person.buy(a.sku) for _ in range(2)]
    await work(mall)
    assert (await a.states(), await a.me.rebates()) == (["counted"], [])
    assert {(await friend.person.order(order_no))["status"] for order_no in later} == {"paid"}


async def test_given_a_binding_when_another_card_is_used_then_nothing_changes(mall: Mall) -> None:
    await publish(mall)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    again = await join(mall, b.me, openid=friend.openid)
    assert again.binding["status"] == "already_bound"
    assert await again.refused_post("/me/binding", {"share_code": await b.me.share_code()}) == "422 already_bound"
    await friend.buy(a.sku)
    await work(mall)
    assert (await a.states(), await b.states()) == (["counted"], [])


async def test_given_a_zero_cash_order_then_it_neither_qualifies_nor_comes_back(mall: Mall) -> None:
    await publish(mall, observe_days=0, required=2)
    a = await circle(mall, own_fen=12_000)
    await a.bring(2)
    await a.receive_all()
    b = await join(mall)
    rich = a.me
    free = await rich.place(await make_sku(12_000), use_balance_fen=12_000)
    assert (free["cash_due_fen"], free["balance_fen"]) == (0, 12_000)
    assert (await rich.post(f"/orders/{free['order_no']}/pay"))["paid"] is True
    await work(mall)
    assert (await rich.order(free["order_no"]))["status"] == "paid"
    offered = (await rich.get("/me/referral/returnable"))["items"]
    assert offered == [], "the one order paid in cash has come back already"
    await b.buy(a.sku)


async def test_given_a_referee_who_pays_all_by_balance_then_only_a_later_cash_order_counts(mall: Mall) -> None:
    await publish(mall, observe_days=0, required=2)
    a = await circle(mall)
    (friend,) = await a.bring()
    await a.bring()
    # The friend earns balance from two friends of their own; then the friend's first order is refunded.
    for _ in range(2):
        third = await join(mall, friend.person)
        order_no = await third.buy(a.sku)
        await work(mall)
        await third.receive(order_no)
    await a.receive_all()
    assert (await friend.person.wallet())["available_fen"] == 20_000
    await friend.person.place(await make_sku(20_000), use_balance_fen=20_000)
    pending = (await friend.person.get("/orders?status=pending"))["items"][0]["order_no"]
    await friend.person.pay(pending)
    await work(mall)
    assert await a.states() == ["consumed", "consumed"]
    rows = await db.fetch("SELECT referee_id FROM qualifications WHERE referrer_id = $1 ORDER BY id", a.me.id)
    await shop_refunds(mall, friend.order_no)
    assert await a.states() == ["void", "counted"], "the order paid by balance does not take its place"
    assert rows[0]["referee_id"] == friend.person.id


async def test_given_a_blocked_referrer_when_friends_buy_then_they_are_held_until_the_block_ends(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(2)
    late = await join(mall, a.me)
    await blocking.block(mall.deps, a.me.id, "调查", "tester")
    assert await a.states() == ["held", "held"]
    await late.buy(a.sku)
    await work(mall)
    assert await a.states() == ["held"] * 3
    await blocking.unblock(mall.deps, a.me.id, "查清", "tester")
    await work(mall)
    await a.me.log_in_again()
    assert (await a.states(), (await a.rebate())["state"]) == (["consumed"] * 3, "frozen")


async def test_given_a_closed_referrer_when_a_friend_buys_then_the_order_counts_for_nobody(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    friend, later = await join(mall, a.me), await join(mall, a.me)
    await db.fetch("UPDATE members SET state = 'closed' WHERE id = $1 RETURNING id", a.me.id)
    await friend.buy(a.sku)
    first = await later.buy(a.sku)
    await later.buy(a.sku)
    await later.refund(first)
    await work(mall)
    assert await a.states() == []


async def test_given_receipt_decides_when_it_comes_during_a_block_then_it_is_held(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    (friend,) = await a.bring()
    await blocking.block(mall.deps, a.me.id, "调查", "tester")
    await friend.receive()
    await work(mall)
    assert await a.states() == ["held"]


async def test_given_a_held_one_when_it_passes_review_then_it_counts_and_the_cycle_closes(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(2)
    suspect = await join(mall, a.me)
    await suspect.buy(a.sku)
    held = await db.fetch_value(
        "UPDATE qualifications SET state = 'held', held_for = 'risk', counted_at = NULL WHERE referee_id = $1"
        " RETURNING id",
        suspect.id,
    )
    await work(mall)
    assert (await a.me.progress())["held"] == 1
    assert await a.me.rebates() == []
    await qualifications.review(mall.deps, held, "pass", "tester")
    await work(mall)
    assert (await a.rebate())["state"] == "frozen"


async def test_given_a_review_that_voids_then_the_rebate_goes_and_that_friend_never_counts_again(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    suspect = a.friends[0].person
    qualification = await db.fetch_value("SELECT id FROM qualifications WHERE referee_id = $1", suspect.id)
    await qualifications.review(mall.deps, qualification, "void", "tester")
    await work(mall)
    assert ((await a.rebate())["state"], await a.states()) == ("reversed", ["void", "counted", "counted"])
    await suspect.buy(a.sku)
    await a.friends[0].refund()
    await work(mall)
    assert await a.states() == ["void", "counted", "counted"]


async def test_given_a_refunded_first_order_when_a_later_one_matches_then_it_takes_its_place(mall: Mall) -> None:
    await publish(mall, required=2)
    a = await circle(mall)
    (friend,) = await a.bring()
    await friend.person.buy(a.sku)
    await friend.refund()
    await work(mall)
    assert await a.states() == ["void", "counted"], "the second order stands in at once"
    (other,) = await a.bring()
    await other.refund()
    await work(mall)
    assert await a.states() == ["void", "counted", "void"]
    assert (await a.rebate())["state"] == "reversed"
    await other.person.buy(a.sku)
    await work(mall)
    assert await a.states() == ["void", "consumed", "void", "consumed"]


async def told() -> list[str]:
    """Return the progress in the notices about friends who count."""
    rows = await db.fetch(
        "SELECT args -> 'values' ->> 'progress' AS progress FROM outbox WHERE job = 'send_notice'"
        " AND args ->> 'template' = 'qualified' ORDER BY id"
    )
    return [row["progress"] for row in rows]


async def test_given_a_completed_second_order_when_the_first_is_refunded_then_it_brings_all_that_a_first_brings(
    mall: Mall,
) -> None:
    await publish(mall)
    a = await circle(mall)
    (friend,) = await a.bring()
    again = await friend.person.buy(a.sku)
    for order_no in (friend.order_no, again):
        await friend.person.receive(order_no)
    await pass_days(mall, 8)
    gained = "SELECT COALESCE(sum(amount), 0) FROM growth_entries WHERE member_id = $1"
    before = await db.fetch_value(gained, a.me.id)
    assert (before > 0, await told()) == (True, []), "the first notice was sent and cleared away"
    await shop_refunds(mall, friend.order_no)
    assert await a.states() == ["void", "counted"]
    assert (await db.fetch_value(gained, a.me.id), await told()) == (before, ["第1位有效推荐"])
    await proved(mall)


async def test_given_a_blocked_referrer_when_a_later_order_stands_in_then_it_is_held_and_nobody_is_told(
    mall: Mall,
) -> None:
    await publish(mall)
    a = await circle(mall)
    (friend,) = await a.bring()
    await friend.person.buy(a.sku)
    await blocking.block(mall.deps, a.me.id, "刷单嫌疑", "tester")
    before = await told()
    await friend.refund()
    await work(mall)
    assert (await a.states(), await told()) == (["void", "held"], before)


async def test_given_a_rule_that_counts_receipts_when_friends_receive_then_each_is_told(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    for friend in await a.bring(2):
        await friend.receive()
    await work(mall)
    assert await told() == ["第1位有效推荐", "第2位有效推荐"]


async def test_given_a_partial_refund_below_the_minimum_then_the_order_counts_no_more(mall: Mall) -> None:
    await publish(mall, min_paid_fen=15_000)
    a = await circle(mall)
    friend = await join(mall, a.me)
    order_no = await friend.buy(await make_sku(12_000), await make_sku(5_000))
    await work(mall)
    first, second = await line_ids(friend, order_no)
    await friend.receive(order_no)
    assert await a.states() == ["counted"]
    await shop_refunds(mall, order_no, {second: 1})
    assert await a.states() == ["void"]
    assert (await friend.order(order_no))["status"] == "received"
    assert first != second


async def test_given_a_new_version_between_two_friends_then_the_oldest_one_decides(mall: Mall) -> None:
    old = await publish(mall)
    a = await circle(mall)
    await a.bring(2)
    new = await publish(mall, ratio_bp=5_000, required=2)
    await a.bring()
    rebate = await a.rebate()
    assert (rebate["explanation"]["rule_version"], rebate["amount_fen"]) == (old, 10_000)
    await a.me.buy(await make_sku(10_000))
    await a.bring(2)
    newest = await a.rebate()
    assert (newest["explanation"]["rule_version"], newest["amount_fen"]) == (new, 5_000)


async def test_given_a_reopened_cycle_when_its_oldest_is_lost_then_it_keeps_its_version(mall: Mall) -> None:
    old = await publish(mall)
    a = await circle(mall)
    await a.bring(2)
    await publish(mall, ratio_bp=5_000)
    await a.bring()
    for friend in a.friends[:2]:
        await friend.refund()
        await work(mall)
    assert (await a.rebate())["state"] == "reversed"
    await a.bring(2)
    rebate = await a.rebate()
    assert (rebate["state"], rebate["explanation"]["rule_version"], rebate["amount_fen"]) == ("frozen", old, 10_000)
