"""Coupons that stand for money, paid by a rebate or bought: no event takes back more than they took off."""

import asyncio
from typing import Any

import httpx
import pytest

from server import db
from server.core.errors import RefundOpen, StateConflict, WeChatUnavailable
from server.ledger.audit import audit
from server.services.checkout import closing
from server.services.coupons.values import CouponHeld
from server.services.orders import fulfilment, refund_waits, refunds
from server.services.rebates import qualifications
from tests.support.circle import Circle, Friend, circle, line_ids, shop_refunds
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.people import error_of
from tests.support.proof import let_rest, offenders, proved
from tests.support.shop import Shopper, join, make_sku, publish, work

OBSERVED = {"observe_days": 0}


async def couponed(mall: Mall, *own_fen: int, **terms: Any) -> tuple[Circle, int]:
    """Return a circle whose own order has lines of these prices and came back as a coupon, and the coupon's id."""
    await publish(mall, pay_as="coupon", coupon_days=60, **OBSERVED, **terms)
    me = await join(mall)
    own = await me.buy(*[await make_sku(fen) for fen in own_fen])
    a = Circle(mall, me, own, await make_sku(20_000), [])
    await a.bring(3)
    await a.receive_all()
    return a, (await drawer(me))[0]["id"]


async def drawer(me: Shopper) -> list[dict[str, Any]]:
    return list((await me.get("/coupons"))["items"])


async def refund(mall: Mall, order_no: str, pieces: dict[int, int] | None = None) -> refunds.RefundView:
    """Refund an order as an operator; WeChat accepts one refund of a payment per minute."""
    mall.clock.advance(61)
    return await shop_refunds(mall, order_no, pieces)


async def state_of(me: Shopper) -> tuple[str, int]:
    """Return the coupon's state and what it is worth."""
    (coupon,) = await drawer(me)
    return coupon["state"], coupon["amount_fen"]


async def owed(me: Shopper) -> int:
    return (await me.wallet())["debt_fen"]


async def test_given_a_used_coupon_when_its_order_is_refunded_in_parts_then_what_it_took_off_is_withheld(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, *[1_250] * 4)
    await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    granted = [await refund(mall, a.own, {line: 1}) for line in await line_ids(a.me, a.own)]
    assert [(one.cash_fen, one.withheld_fen) for one in granted] == [(0, 1_250)] * 4
    assert (await state_of(a.me), await owed(a.me)) == (("used", 1_250), 0)
    await proved(mall)


async def test_given_a_used_coupon_when_half_is_refunded_and_then_a_friend_then_each_half_is_taken_once(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    use = await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    half = await refund(mall, a.own, {(await line_ids(a.me, a.own))[0]: 1})
    assert (half.cash_fen, half.withheld_fen) == (0, 5_000)
    await refund(mall, a.friends[0].order_no)
    assert await owed(a.me) == 5_000
    await proved(mall)
    await refund(mall, use)
    assert (await owed(a.me), (await a.me.wallet())["available_fen"]) == (0, 5_000), "what was withheld comes back, too"
    assert (await state_of(a.me))[0] == "void"
    await proved(mall)


async def test_given_staged_coupons_when_a_friend_and_then_the_order_is_refunded_then_each_is_taken_once(
    mall: Mall,
) -> None:
    a, _ = await couponed(mall, 10_000, stages_bp=[3_000, 3_000, 4_000])
    for coupon in await drawer(a.me):
        await a.me.buy(await make_sku(25_000), coupon_id=coupon["id"])
    await refund(mall, a.friends[2].order_no)
    assert await owed(a.me) == 4_000
    granted = await refund(mall, a.own)
    assert (granted.cash_fen, granted.withheld_fen, await owed(a.me)) == (4_000, 6_000, 4_000)
    await proved(mall)


async def test_given_an_unused_coupon_when_parts_are_refunded_then_it_loses_worth_and_nothing_is_withheld(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 4_000, 6_000)
    first, second = await line_ids(a.me, a.own)
    assert (await refund(mall, a.own, {first: 1})).withheld_fen == 0
    assert await state_of(a.me) == ("unused", 6_000)
    use = await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    await refund(mall, use)
    assert await state_of(a.me) == ("unused", 6_000), "it returns with the worth that is left"
    assert (await refund(mall, a.own, {second: 1})).withheld_fen == 0
    assert await state_of(a.me) == ("void", 6_000)
    await proved(mall)


async def test_given_a_used_coupon_when_half_is_refunded_and_then_what_used_it_then_half_a_coupon_returns(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    use = await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    await refund(mall, a.own, {(await line_ids(a.me, a.own))[0]: 1})
    await refund(mall, use)
    assert (await state_of(a.me), (await a.me.wallet())["available_fen"]) == (("unused", 5_000), 5_000)
    await proved(mall)


async def test_given_a_coupon_that_took_off_less_when_half_is_refunded_then_only_what_exceeds_is_withheld(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    await a.me.buy(await make_sku(7_000), coupon_id=coupon_id)
    first, second = await line_ids(a.me, a.own)
    assert (await refund(mall, a.own, {first: 1})).withheld_fen == 2_000
    assert (await refund(mall, a.own, {second: 1})).withheld_fen == 5_000
    await proved(mall)


async def test_given_debt_for_a_discount_when_other_money_paid_it_then_the_refund_of_that_order_is_balance(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    use = await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    mall.clock.advance(61)
    await refund(mall, a.friends[0].order_no)
    assert await owed(a.me) == 10_000
    await publish(mall, pay_as="balance", **OBSERVED)
    (late,) = await a.bring(1)
    await late.receive()
    await work(mall)
    assert (await owed(a.me), (await a.me.wallet())["available_fen"]) == (10_000, 0), "that cycle pays a coupon"
    await refund(mall, use)
    assert await owed(a.me) == 0
    await proved(mall)


async def hold(a: Circle, coupon_id: int) -> str:
    """Place an order that holds the coupon, and open its payment; return its number."""
    order_no = (await a.me.place(await make_sku(25_000), coupon_id=coupon_id))["order_no"]
    await a.me.post(f"/orders/{order_no}/pay")
    return str(order_no)


async def approve(mall: Mall, order_no: str, pieces: dict[int, int] | None = None) -> refunds.RefundView:
    """Let an operator agree to a refund, without any job running."""
    opened = await refunds.open_for(mall.deps, order_no, pieces, "售后", "tester")
    return await refunds.approve(mall.deps, opened.refund_no, "tester")


async def test_given_an_unpaid_order_that_holds_it_when_half_is_refunded_then_that_order_is_closed_first(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    order_no = await hold(a, coupon_id)
    pieces = {(await line_ids(a.me, a.own))[0]: 1}
    waits = await approve(mall, a.own, pieces)
    assert (waits.state, waits.state_label) == ("granting", "已同意，等待占用优惠券的未付款订单关闭")
    assert (await a.me.order(order_no))["status"] == "pending"
    said = "SELECT detail ->> 'after' FROM audit_log WHERE action = 'refund_approve'"
    assert await db.fetch_value(said) == "granting"
    with pytest.raises(RefundOpen):
        await refunds.open_for(mall.deps, a.own, pieces, "售后", "tester")
    await work(mall)
    (granted,) = (await a.me.get(f"/orders/{a.own}/refunds"))["items"]
    assert (granted["state"], granted["cash_fen"], granted["withheld_fen"]) == ("processing", 5_000, 0)
    assert ((await a.me.order(order_no))["status"], await state_of(a.me)) == ("closed", ("unused", 5_000))
    await proved(mall)


async def test_given_an_unpaid_order_that_is_paid_meanwhile_then_the_coupon_counts_as_used(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    order_no = await hold(a, coupon_id)
    await approve(mall, a.own)
    await mall.control("knobs", drop={"op": "pay_notify"})
    await mall.control("pay", out_trade_no=order_no)
    await work(mall)
    (granted,) = (await a.me.get(f"/orders/{a.own}/refunds"))["items"]
    assert (granted["state"], granted["cash_fen"], granted["withheld_fen"]) == ("succeeded", 0, 10_000)
    assert ((await a.me.order(order_no))["status"], (await state_of(a.me))[0]) == ("paid", "used")
    await proved(mall)


async def test_given_a_friends_refund_that_waits_then_the_friend_is_not_told_of_whose_order(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    order_no = await hold(a, coupon_id)
    waits = await approve(mall, a.friends[0].order_no)
    assert (waits.state, waits.state_label) == ("granting", "已同意，处理中")
    await work(mall)
    assert ((await a.me.order(order_no))["status"], await state_of(a.me)) == ("closed", ("void", 10_000))
    assert await owed(a.me) == 0
    await proved(mall)


async def test_given_an_order_not_shipped_whose_refund_must_wait_then_the_member_asks_once_and_reads_it(
    mall: Mall,
) -> None:
    """A part of the first friend's order went back: without the second friend it carries only 5 000."""
    await publish(mall, pay_as="coupon", payout_cap_bp=5_000, stages_bp=[3_000, 3_000, 4_000], **OBSERVED)
    a = await circle(mall, own_fen=30_000, friend_fen=10_000)
    person = await join(mall, a.me)
    a.friends.append(Friend(person, await person.buy(a.sku, await make_sku(10_000))))
    await work(mall)
    await a.receive_all()
    coupon_id = (await drawer(a.me))[0]["id"]
    assert await state_of(a.me) == ("unused", 9_000)
    (later,) = await a.bring(1, await make_sku(60_000))
    mall.clock.advance(61)
    await shop_refunds(mall, a.friends[0].order_no, {(await line_ids(person, a.friends[0].order_no))[1]: 1})
    assert await state_of(a.me) == ("unused", 9_000)
    order_no = await hold(a, coupon_id)
    asked = await later.refund()
    assert (asked["state"], asked["state_label"]) == ("granting", "已同意，处理中")
    with pytest.raises(StateConflict):  # no goods leave for which the money goes back
        await fulfilment.ship(mall.deps, later.order_no, "SF", "SF1234567890", "tester")
    await fulfilment.deliver_cards(
        mall.deps, await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", later.order_no)
    )
    assert await db.fetch_value("SELECT count(*) FROM outbox WHERE job = 'deliver_cards' AND done_at IS NULL") == 1
    await work(mall)
    (refund,) = (await later.person.get(f"/orders/{later.order_no}/refunds"))["items"]
    assert (refund["state"], (await later.person.order(later.order_no))["status"]) == ("processing", "refunded")
    assert ((await a.me.order(order_no))["status"], await state_of(a.me)) == ("closed", ("unused", 5_000))
    await refund_waits.grant(mall.deps, await db.fetch_value("SELECT max(id) FROM refunds"), restock=False)
    assert await state_of(a.me) == ("unused", 5_000), "a job that runs twice changes nothing"
    await proved(mall)


async def test_given_a_refund_that_waits_and_its_job_is_lost_then_the_audit_names_it(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    order_no = await hold(a, coupon_id)
    waits = await approve(mall, a.own)
    await closing.free_coupon(mall.deps, CouponHeld(order_no))
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM outbox WHERE job = 'grant_refund'")
    mall.clock.advance(3 * 3600)
    await let_rest(mall)
    (found,) = offenders(await audit(mall.clock.now()))["refunds_move"]
    assert found["refund_no"] == waits.refund_no
    await refund_waits.grant(mall.deps, found["refund_id"], restock=False)
    await work(mall)


async def test_given_wechat_that_does_not_answer_then_the_refund_waits_and_is_granted_later(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    await hold(a, coupon_id)
    await mall.control("knobs", fail_500_after_commit={"op": "close"})
    await approve(mall, a.own)
    refund_id = await db.fetch_value("SELECT max(id) FROM refunds")
    with pytest.raises(WeChatUnavailable):
        await refund_waits.grant(mall.deps, refund_id, restock=False)
    assert await db.fetch_value("SELECT state FROM refunds WHERE id = $1", refund_id) == "granting"
    await mall.control("knobs", reset=True)
    await work(mall)
    assert await db.fetch_value("SELECT state FROM refunds WHERE id = $1", refund_id) == "processing"
    await proved(mall)


async def test_given_a_worker_that_ends_between_closing_that_order_and_granting_then_the_next_one_grants(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    order_no = await hold(a, coupon_id)
    await approve(mall, a.own)
    await closing.free_coupon(mall.deps, CouponHeld(order_no))
    assert (await state_of(a.me), await db.fetch_value("SELECT state FROM refunds")) == (("unused", 10_000), "granting")
    await work(mall)
    assert ((await state_of(a.me))[0], await db.fetch_value("SELECT state FROM refunds")) == ("void", "processing")
    await proved(mall)


async def test_given_a_review_that_ends_a_rebate_then_the_order_that_holds_its_coupon_is_closed(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    order_no = await hold(a, coupon_id)
    first = await db.fetch_value("SELECT min(id) FROM qualifications")
    await qualifications.review(mall.deps, first, "void", "tester", "刷单")
    assert ((await a.me.order(order_no))["status"], (await state_of(a.me))[0]) == ("closed", "void")
    await proved(mall)


async def test_given_an_order_priced_before_a_part_was_taken_back_then_it_is_refused(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    basket = await a.me.basket(await make_sku(25_000), coupon_id=coupon_id)
    opened = await refunds.open_for(mall.deps, a.own, {(await line_ids(a.me, a.own))[0]: 1}, "售后", "tester")
    async with held("SELECT pg_advisory_xact_lock(-$1::bigint)", a.me.id):  # the order is priced when it waits here
        places = asyncio.create_task(a.me.call("POST", "/orders", basket, key="k"))
        await waiting()
        await refunds.approve(mall.deps, opened.refund_no, "tester")
    refused: httpx.Response = await places
    assert (*error_of(refused), refused.json()["error"]["detail"]) == (422, "coupon_unusable", {"reason": "worth"})
    assert await state_of(a.me) == ("unused", 5_000)
    await work(mall)
    await proved(mall)


async def test_given_two_refunds_that_take_from_one_coupon_at_once_then_each_takes_its_own(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 5_000, 5_000)
    await a.me.buy(await make_sku(25_000), coupon_id=coupon_id)
    half = await refunds.open_for(mall.deps, a.own, {(await line_ids(a.me, a.own))[0]: 1}, "售后", "tester")
    friend = await refunds.open_for(mall.deps, a.friends[0].order_no, None, "售后", "tester")
    async with held(MEMBER, a.me.id):
        both = [asyncio.create_task(refunds.approve(mall.deps, one.refund_no, "tester")) for one in (half, friend)]
        await waiting(2)
    await asyncio.gather(*both)
    await work(mall)
    withheld = await db.fetch_value("SELECT sum(withheld_fen) FROM refunds")
    assert withheld + await owed(a.me) == 10_000
    await proved(mall)


async def test_given_a_rebate_that_pays_coupons_then_its_books_say_what_they_are_worth(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)

    async def books() -> tuple[int, int]:
        rows = await db.fetch("SELECT code, balance FROM ledger_accounts WHERE source = $1", f"coupon:{coupon_id}")
        found = {row["code"]: row["balance"] for row in rows}
        return found.get("coupon", 0), found.get("coupon_used", 0)

    assert await books() == (10_000, 0)
    use = await a.me.buy(await make_sku(7_000), coupon_id=coupon_id)
    assert await books() == (0, 7_000)
    await refund(mall, use)
    assert await books() == (10_000, 0)


async def test_given_a_payment_that_does_not_fit_then_the_refund_waits_for_an_operator(mall: Mall) -> None:
    a, coupon_id = await couponed(mall, 10_000)
    order_no = await hold(a, coupon_id)
    await approve(mall, a.own)
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET openid = 'o-other' WHERE id = $1", a.me.id)
    await mall.control("pay", out_trade_no=order_no)
    refund_id = await db.fetch_value("SELECT max(id) FROM refunds")
    with pytest.raises(WeChatUnavailable):
        await refund_waits.grant(mall.deps, refund_id, restock=False)
    assert await db.fetch_value("SELECT state FROM refunds WHERE id = $1", refund_id) == "granting"
    assert ((await state_of(a.me))[0], (await a.me.order(order_no))["status"]) == ("locked", "pending")
