"""What pages promise of 推三返一, and what then happens: the two never differ."""

from typing import Any

import pytest

from server import db
from server.services.orders import refunds
from tests.support.circle import circle
from tests.support.flash import make_sale
from tests.support.mall import Mall
from tests.support.purse import earn, set_policy
from tests.support.shop import Shopper, join, make_sku, pass_days, publish, work


async def promised(person: Shopper, *skus: int, **more: Any) -> dict[str, bool]:
    """Return what checkout says the order would count for."""
    shown = await person.post("/orders/preview", await person.basket(*skus, **more))
    return {one["what"]: one["counts"] for one in shown["counts"]}


async def said(person: Shopper, order_no: str) -> dict[str, str]:
    return {one["what"]: one["label"] for one in (await person.order(order_no))["counts"]}


async def became(person: Shopper, order_no: str) -> dict[str, bool]:
    """Return what the books say: whether the order has a qualification, and whether the rule could return it."""
    qualified = await db.fetch_value(
        "SELECT EXISTS (SELECT FROM qualifications q JOIN orders o ON o.id = q.order_id WHERE o.order_no = $1"
        " AND q.state <> 'void')",
        order_no,
    )
    offered = (await person.get("/me/referral/returnable"))["items"]
    return {"qualifies": qualified, "returnable": order_no in [one["order_no"] for one in offered]}


@pytest.mark.parametrize("flash", [True, False])
@pytest.mark.parametrize("kinds", [["normal"], ["normal", "flash_sale"]])
async def test_given_a_kind_of_order_then_checkout_promises_what_the_rule_does(
    mall: Mall, flash: bool, kinds: list[str]
) -> None:
    await publish(mall, qualify_kinds=kinds, return_kinds=kinds)
    friend = await join(mall, await join(mall))
    sku = await make_sku()
    more = {"promotion": {"kind": "flash_sale", "id": await make_sale(mall, sku, 5)}} if flash else {}
    promise = await promised(friend, sku, **more)
    assert promise == dict.fromkeys(("qualifies", "returnable"), not flash or "flash_sale" in kinds)
    assert await became(friend, await friend.buy(sku, **more)) == promise


@pytest.mark.parametrize(
    ("terms", "balance_fen"),
    [({}, 20_000), ({"min_paid_fen": 9_000}, 1_500), ({"min_paid_fen": 9_000}, 1_000), ({"scope": "other"}, 0)],
)
async def test_given_an_order_that_the_rule_passes_over_then_checkout_says_so(
    mall: Mall, terms: dict[str, Any], balance_fen: int
) -> None:
    sku, other = await make_sku(10_000), await make_sku()
    if "scope" in terms:
        product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", other)
        terms = {"scope": {"products": [product]}}
    await publish(mall, **terms)
    friend = await join(mall, await join(mall))
    await earn(mall, friend.id, 20_000)
    promise = await promised(friend, sku, use_balance_fen=balance_fen)
    order_no = await friend.buy(sku, use_balance_fen=balance_fen)
    assert await became(friend, order_no) == promise


async def test_given_no_referrer_or_a_first_order_then_nothing_is_said_of_one(mall: Mall) -> None:
    await publish(mall)
    me = await join(mall)
    sku = await make_sku()
    assert await promised(me, sku) == {"returnable": True}
    order_no = await me.buy(sku)
    assert await said(me, order_no) == {"returnable": "本单可被返还：集满 3 位好友的首单后，按规则返还其中一笔订单"}
    friend = await join(mall, me)
    first = await friend.buy(sku)
    assert (await said(friend, first))["qualifies"] == "本单已计入推荐人的有效推荐"
    assert await promised(friend, sku) == {"returnable": True}
    assert "qualifies" not in await said(friend, await friend.buy(sku))


async def test_given_an_unpaid_order_then_it_says_what_paying_would_bring(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    friend = await join(mall, await join(mall))
    placed = await friend.place(await make_sku())
    order_no = placed["order_no"]
    assert (await said(friend, order_no))["qualifies"] == "确认收货后，本单计入推荐人的有效推荐"
    await friend.pay(order_no)
    assert (await said(friend, order_no))["qualifies"] == "确认收货后，本单计入推荐人的有效推荐"
    await friend.receive(order_no)
    assert (await said(friend, order_no))["qualifies"] == "本单已计入推荐人的有效推荐"
    await friend.refund(order_no)
    assert (await said(friend, order_no))["returnable"] == "本单不可被返还：有退款正在处理，有结果后再看"
    cancelled = (await friend.place(await make_sku()))["order_no"]
    await friend.post(f"/orders/{cancelled}/cancel")
    assert await said(friend, cancelled) == {}


async def test_given_a_closed_referrer_then_nobody_is_told_of_them(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    friend = await join(mall, a.me)
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET state = 'closed' WHERE id = $1", a.me.id)
    assert await promised(friend, a.sku) == {"returnable": True}


async def test_given_a_returned_order_then_nothing_more_is_promised_of_it(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    assert (await a.me.order(a.own))["rebate_id"]
    assert await said(a.me, a.own) == {}


async def foretold(person: Shopper) -> tuple[str, int, str]:
    found = (await person.get("/me/referral"))["next_return"]
    return found["order_no"], found["estimate_fen"], found["condition"]


async def test_given_a_refund_of_the_order_then_the_estimate_is_what_it_would_leave(mall: Mall) -> None:
    """A whole refund leaves nothing to promise; when it is granted, the next order is foretold."""
    await publish(mall)
    me = await join(mall)
    sku, other = await make_sku(10_000), await make_sku(7_000)
    first = await me.buy(sku, other)
    await me.receive(first)
    second = await me.buy(sku)
    assert (await foretold(me))[:2] == (first, 17_000)
    line = (await me.order(first))["lines"][1]["line_id"]
    asked = await me.refund(first, lines=[{"line_id": line, "quantity": 1}])
    order_no, estimate_fen, condition = await foretold(me)
    assert (order_no, estimate_fen) == (first, 10_000)
    assert condition.startswith("这一单有退款正在处理，按退款后剩下的金额估算")
    await me.post(f"/orders/{first}/refunds/{asked['refund_no']}/withdraw")
    assert (await foretold(me))[:2] == (first, 17_000)
    await me.refund(first)
    order_no, estimate_fen, condition = await foretold(me)
    assert (order_no, estimate_fen) == (first, 0)
    assert condition.startswith("这一单正在退款，退款成功后不再返还，会按规则改选")
    [refund] = [one for one in (await me.get(f"/orders/{first}/refunds"))["items"] if one["state"] == "requested"]
    await refunds.approve(mall.deps, refund["refund_no"], "tester")
    await work(mall)
    assert (await foretold(me))[:2] == (second, 10_000)


async def test_given_an_opened_cycle_when_its_order_is_under_refund_then_the_estimate_is_what_it_would_leave(
    mall: Mall,
) -> None:
    await publish(mall, stages_bp=[3000, 3000, 4000])
    a = await circle(mall)
    await a.me.receive(a.own)
    await a.bring(1)
    assert (await foretold(a.me))[:2] == (a.own, 10_000)
    await a.me.refund(a.own)
    assert (await foretold(a.me))[:2] == (a.own, 0)


async def test_given_friends_who_earned_points_then_the_estimate_is_the_rebate(mall: Mall) -> None:
    """The cap subtracts the points that friends' orders brought, in the forecast as in the rebate."""
    await set_policy(mall, points_per_yuan=5, refund_days=1)
    await publish(mall, pick="member_chooses", payout_cap_bp=1_000, observe_days=1)
    a = await circle(mall, friend_fen=20_000)
    await a.bring(3)
    await a.receive_all()
    await pass_days(mall, 2)
    await a.me.log_in_again()
    await a.me.post("/me/referral/choose", {"order_no": a.own})
    _, estimate_fen, condition = await foretold(a.me)
    assert "现金实付合计" not in condition  # all friends are there: nothing is left to depend on
    await work(mall)
    assert (await a.rebate())["amount_fen"] == estimate_fen == 3_000


async def test_given_a_friend_still_missing_then_the_payout_cap_is_named(mall: Mall) -> None:
    await publish(mall, payout_cap_bp=5_000)
    a = await circle(mall)
    await a.bring(2)
    assert "不超过这一轮好友订单现金实付合计的 50%" in (await foretold(a.me))[2]


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"member_month_cap_fen": 10_000}, "本月的返还额度剩得不够，会顺延到额度够的月份"),
        ({"budget_fen": 10_000}, "本期的返还预算剩得不够，会等到有预算时"),
    ],
)
async def test_given_a_month_or_a_budget_that_is_used_up_then_the_estimate_says_it_waits(
    mall: Mall, terms: dict[str, Any], words: str
) -> None:
    await publish(mall, required=2, **terms)
    a = await circle(mall)
    second = await a.me.buy(await make_sku(10_000))
    await a.bring(2)
    assert [one["order_no"] for one in await a.me.rebates()] == [a.own]
    order_no, estimate_fen, condition = await foretold(a.me)
    assert (order_no, estimate_fen) == (second, 10_000)
    assert words in condition
    await a.bring(2)
    assert len(await a.me.rebates()) == 1
