"""Refunds over HTTP, and WeChat's answers to them."""

from typing import Any

import pytest

from server import db
from server.core.errors import StateConflict
from server.gateways.ports import OutcomeUnknown
from server.services.orders import refunds
from tests.support.circle import line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, make_sku, make_virtual_sku, pass_days, receive, shopper, until, work


async def paid(mall: Mall, *prices_fen: int, quantity: int = 1) -> tuple[Shopper, str]:
    """Return a member with a paid order of these lines."""
    me = await shopper(mall)
    items = [{"sku_id": await make_sku(price_fen), "quantity": quantity} for price_fen in prices_fen]
    placed = await me.post("/orders", {"items": items, "address_id": await me.address()})
    await me.pay(placed["order_no"])
    await work(mall)
    return me, placed["order_no"]


async def sandbox_refunds(mall: Mall, order_no: str) -> list[dict[str, Any]]:
    answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={order_no}")
    return list(answer.json()["refunds"])


async def shown(me: Shopper, order_no: str) -> list[dict[str, Any]]:
    return list((await me.get(f"/orders/{order_no}/refunds"))["items"])


async def test_a_whole_unshipped_order_comes_back_at_once_with_its_freight(mall: Mall) -> None:
    me, order_no = await paid(mall, 5_000)
    body = {"reason": "不想要了"}
    path = f"/orders/{order_no}/refunds"
    assert await me.refused("POST", path, body) == "400 idempotency_key_missing"
    first = await me.call("POST", path, body, key="r")
    again = await me.call("POST", path, body, key="r")
    assert (first.status_code, first.content, again.headers["Idempotency-Replayed"]) == (200, again.content, "true")
    other = await me.call("POST", path, {"reason": "别的原因"}, key="r")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    refund = first.json()
    assert (refund["state"], refund["cash_fen"], refund["balance_fen"], refund["points"]) == ("processing", 5_800, 0, 0)
    order = await me.order(order_no)
    assert (order["status"], order["refunded_fen"], order["allowed_actions"]) == ("refunded", 5_800, [])
    assert await db.fetch_value("SELECT sum(available) FROM skus") == 1000
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert [(one["state"], one["state_label"]) for one in await shown(me, order_no)] == [("succeeded", "已退款")]
    assert await me.refused_post(path, body) == "422 refund_not_allowed"
    await proved(mall)


async def test_orders_with_a_refund_whatever_became_of_it(mall: Mall) -> None:
    me, rejected = await paid(mall, 3_333, quantity=3)
    asked = await me.refund(rejected, lines=[{"line_id": (await line_ids(me, rejected))[0], "quantity": 1}])
    sku = await make_sku(5_000)
    whole, _untouched = await me.buy(sku), await me.buy(sku)
    await me.refund(whole)
    found = (await me.get("/orders?with_refund=true"))["items"]
    assert [(one["order_no"], one["refund_open"]) for one in found] == [(whole, False), (rejected, True)]
    await refunds.reject(mall.deps, asked["refund_no"], "tester")
    assert [one["order_no"] for one in (await me.get("/orders?with_refund=true&status=paid"))["items"]] == [rejected]
    assert len((await me.get("/orders"))["items"]) == 3


async def test_a_part_is_reviewed_and_returns_exactly_its_share(mall: Mall) -> None:
    me, order_no = await paid(mall, 3_333, quantity=3)
    (line,) = await line_ids(me, order_no)
    asked = await me.refund(order_no, lines=[{"line_id": line, "quantity": 1}])
    assert (asked["state"], asked["state_label"], asked["cash_fen"]) == ("requested", "待审核", 3_333)
    order = await me.order(order_no)
    assert (order["refund_open"], order["allowed_actions"]) == (True, [])
    assert await me.refused_post(f"/orders/{order_no}/refunds", {"reason": "再来"}) == "409 refund_open"
    await refunds.reject(mall.deps, asked["refund_no"], "tester")
    assert (await shown(me, order_no))[0]["state"] == "rejected"
    with pytest.raises(StateConflict):
        await refunds.approve(mall.deps, asked["refund_no"], "tester")
    for _ in range(2):
        await shop_refunds(mall, order_no, {line: 1})
        mall.clock.advance(61)  # WeChat accepts one refund of a payment per minute
    assert ((await me.order(order_no))["status"], (await me.order(order_no))["refunded_fen"]) == ("paid", 6_666)
    last = await me.refund(order_no)
    assert (last["state"], last["cash_fen"]) == ("requested", 3_333), "not whole any more, so it is reviewed"
    await refunds.approve(mall.deps, last["refund_no"], "tester")
    await work(mall)
    assert ((await me.order(order_no))["status"], (await me.order(order_no))["refunded_fen"]) == ("refunded", 9_999)
    await proved(mall)


async def test_a_shipped_order_is_reviewed_and_keeps_freight_and_stock(mall: Mall) -> None:
    me, order_no = await paid(mall, 5_000)
    await receive(mall, me, order_no)
    asked = await me.refund(order_no)
    assert asked["state"] == "requested"
    granted = await refunds.approve(mall.deps, asked["refund_no"], "tester")
    assert (granted.state, granted.cash_fen) == ("processing", 5_000)
    await work(mall)
    row = await db.fetch_row("SELECT available, sold FROM skus")
    assert row is not None
    assert (row["available"], row["sold"]) == (999, 1)
    await proved(mall)


async def test_refunds_are_refused_by_state_window_and_quantity(mall: Mall) -> None:
    me, order_no = await paid(mall, 5_000)
    path = f"/orders/{order_no}/refunds"
    (line,) = await line_ids(me, order_no)
    for lines, refusal in (
        ([{"line_id": line, "quantity": 2}], "422 refund_not_allowed"),
        ([{"line_id": 999_999, "quantity": 1}], "422 refund_not_allowed"),
        ([{"line_id": line, "quantity": 1}] * 2, "400 bad_request"),
        ([], "400 bad_request"),
    ):
        assert await me.refused_post(path, {"reason": "不想要了", "lines": lines}) == refusal
    assert await me.refused_post(path, {"reason": ""}) == "400 bad_request"
    pending = (await me.place(await make_sku()))["order_no"]
    assert await me.refused_post(f"/orders/{pending}/refunds", {"reason": "不想要了"}) == "422 refund_not_allowed"
    await receive(mall, me, order_no)
    await pass_days(mall, 7.01)
    assert await me.refused_post(path, {"reason": "太晚了"}) == "422 refund_not_allowed"
    granted = await shop_refunds(mall, order_no)
    assert granted.cash_fen == 5_000, "after the window an operator still may"
    await proved(mall)


async def test_delivered_cards_are_reviewed_and_never_sold_again(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_virtual_sku(mall, ["ONE", "TWO"])
    order_no = await me.buy(sku)
    await work(mall)
    asked = await me.refund(order_no)
    assert asked["state"] == "requested"
    await refunds.approve(mall.deps, asked["refund_no"], "tester")
    await work(mall)
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == 1
    await proved(mall)


async def test_cards_refunded_before_delivery_can_be_sold_again(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_virtual_sku(mall, ["ONE"])
    order_no = await me.buy(sku)
    assert (await me.refund(order_no))["state"] == "processing"
    await work(mall)
    assert (await me.order(order_no))["lines"][0]["cards"] == []
    again = await me.buy(sku)
    await work(mall)
    assert (await me.order(again))["lines"][0]["cards"] == ["ONE"]
    await proved(mall)


async def test_an_order_with_delivered_cards_and_goods_is_not_refunded_without_review(mall: Mall) -> None:
    me = await shopper(mall)
    cards, goods = await make_virtual_sku(mall, ["ONE"], 10_000), await make_sku(10_000)
    order_no = await me.buy(cards, goods)
    await work(mall)
    assert [line["cards"] for line in (await me.order(order_no))["lines"]] == [["ONE"], []]
    assert (await me.refund(order_no))["state"] == "requested", "the member has the card key already"


@pytest.mark.parametrize("fault", ["fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit"])
async def test_no_answer_to_a_refund_is_asked_again_and_refunds_once(mall: Mall, fault: str) -> None:
    me, order_no = await paid(mall, 10_000)
    await mall.control(
        "knobs", timeout_hold_s=0.1, drop={"op": "refund_notify"}, **{fault: {"count": 9, "op": "refund"}}
    )
    await me.refund(order_no)
    with pytest.raises(OutcomeUnknown):
        await work(mall)
    assert (await shown(me, order_no))[0]["state"] == "processing"
    await mall.control("knobs", reset=True)
    mall.clock.advance(120)
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert (await shown(me, order_no))[0]["state"] == "succeeded"
    assert [one["amount"]["refund"] for one in await sandbox_refunds(mall, order_no)] == [10_000]
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund_sent'") == 1
    await proved(mall)


async def test_refund_notices_may_come_many_times(mall: Mall) -> None:
    me, order_no = await paid(mall, 10_000)
    await mall.control("knobs", duplicate=3)
    await me.refund(order_no)
    await work(mall)
    mall.clock.advance(5)

    async def all_sent() -> bool:
        answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={order_no}")
        notices = [one for one in answer.json()["notices"] if one["kind"] == "refund_notify"]
        return bool(notices) and len(notices[0]["attempts"]) == 4

    await until(all_sent)
    assert (await shown(me, order_no))[0]["state"] == "succeeded"
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund_sent'") == 1
    await work(mall)
    await proved(mall)


async def test_a_refund_that_wechat_cannot_make_is_told_and_stays_due(mall: Mall) -> None:
    me, order_no = await paid(mall, 10_000)
    await mall.control("knobs", refund_outcome="ABNORMAL")
    await me.refund(order_no)
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert (await shown(me, order_no))[0]["state"] == "processing", "the member need not know"
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_abnormal'") == 1
    await proved(mall)


@pytest.mark.parametrize("knob", ["foreign_mchid", "unknown_number"])
async def test_a_refund_notice_that_does_not_fit_changes_nothing_and_is_told(mall: Mall, knob: str) -> None:
    me, order_no = await paid(mall, 10_000)
    await me.refund(order_no)
    await work(mall)
    await mall.control("knobs", **{knob: {"count": 1, "op": "refund_notify"}})
    mall.clock.advance(5)

    async def told() -> bool:
        return bool(await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_mismatch'"))

    await until(told)
    assert (await shown(me, order_no))[0]["state"] == "processing"
    mall.clock.advance(120)
    await work(mall)
    assert (await shown(me, order_no))[0]["state"] == "succeeded"
    await proved(mall)
