"""Goods that must come back before the money: sent, seen, sold again; late, never, twice, together with a decision."""

import asyncio
from typing import Any

import pytest

from server import db
from server.core.errors import NotFound, RefundNotAllowed, Refusal, StateConflict
from server.rules.refunds import RETURN_TIME
from server.services.orders import refunds, returns
from tests.support.mall import Mall
from tests.support.purse import set_policy
from tests.support.shop import DAY_S, Shopper, make_sku, make_virtual_sku, shopper, work

PLACE = "仓库 057188888888 杭州市西湖区退货一号门"
PARCEL = {"company": "顺丰速运", "tracking_no": "SF1234567890"}


async def returning(mall: Mall, pieces: int = 2) -> tuple[Shopper, str, str, int]:
    """Return a member whose received order waits for one piece to come back, and order, refund and SKU."""
    me = await shopper(mall)
    sku = await make_sku()
    placed = await me.post(
        "/orders", {"items": [{"sku_id": sku, "quantity": pieces}], "address_id": await me.address()}
    )
    order_no: str = placed["order_no"]
    await me.pay(order_no)
    await me.receive(order_no)
    line = (await me.order(order_no))["lines"][0]["line_id"]
    refund = await me.refund(order_no, lines=[{"line_id": line, "quantity": 1}])
    await returns.accept(mall.deps, refund["refund_no"], PLACE, "请寄回", "op")
    return me, order_no, refund["refund_no"], sku


async def shown(me: Shopper, order_no: str) -> dict[str, Any]:
    return dict((await me.get(f"/orders/{order_no}/refunds"))["items"][0])


async def stock(sku: int) -> tuple[int, int]:
    row = await db.fetch_row("SELECT available, sold FROM skus WHERE id = $1", sku)
    assert row is not None
    return row["available"], row["sold"]


async def test_given_a_return_when_the_parcel_arrives_then_the_money_goes_back_and_the_goods_are_for_sale(
    mall: Mall,
) -> None:
    await set_policy(mall, refund_decide_days=30)
    me, order_no, refund_no, sku = await returning(mall)
    told = await shown(me, order_no)
    assert (told["state"], told["state_label"], told["answer"], told["return_to"]) == (
        "returning",
        "待寄回商品",
        "请寄回",
        PLACE,
    )
    assert await me.refused_post(f"/orders/{order_no}/refunds", {"reason": "再来"}) == "409 refund_open"
    for _ in range(2):
        sent = await me.post(f"/orders/{order_no}/refunds/{refund_no}/parcel", PARCEL)
        assert (sent["return_company"], sent["return_tracking_no"]) == ("顺丰速运", "SF1234567890")
    mall.clock.advance(RETURN_TIME.total_seconds() + DAY_S)
    await me.log_in_again()
    await work(mall)
    assert (await shown(me, order_no))["state"] == "returning"  # the parcel is on its way, so time does not end it
    before = await stock(sku)
    await refunds.approve(mall.deps, refund_no, "op", "收到", restock=True)
    await work(mall)
    assert (await stock(sku), before) == ((before[0] + 1, before[1] - 1), before)
    assert (await shown(me, order_no))["state"] == "processing"
    with pytest.raises(StateConflict):
        await refunds.approve(mall.deps, refund_no, "op", "again", restock=True)
    assert await me.refused_post(f"/orders/{order_no}/refunds/{refund_no}/parcel", PARCEL) == "409 state_conflict"


async def test_given_a_return_when_the_goods_are_worn_then_they_are_paid_back_or_turned_down_but_not_for_sale(
    mall: Mall,
) -> None:
    me, order_no, refund_no, sku = await returning(mall)
    before = await stock(sku)
    await refunds.approve(mall.deps, refund_no, "op")
    assert await stock(sku) == before
    line = (await me.order(order_no))["lines"][0]["line_id"]
    again = (await me.refund(order_no, lines=[{"line_id": line, "quantity": 1}]))["refund_no"]
    await returns.accept(mall.deps, again, PLACE, "", "op")
    await refunds.reject(mall.deps, again, "op", "商品已损坏")
    told = await shown(me, order_no)
    assert (told["state"], told["answer"]) == ("rejected", "商品已损坏")


async def test_given_a_return_when_no_parcel_is_ever_sent_then_it_ends_and_may_be_asked_for_again(mall: Mall) -> None:
    me, order_no, refund_no, _ = await returning(mall)
    mall.clock.advance(RETURN_TIME.total_seconds() - 60)
    await work(mall)
    assert (await shown(me, order_no))["state"] == "returning"
    mall.clock.advance(120)
    await work(mall)
    told = await shown(me, order_no)
    assert told["state"] == "rejected"
    assert "逾期" in told["answer"]
    assert await returns.give_up(mall.deps) == 0
    refund_id = await db.fetch_value("SELECT id FROM refunds WHERE refund_no = $1", refund_no)
    await returns._give_up(refund_id, mall.clock.now())  # it was found late and decided meanwhile
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE decided_by = 'system'") == 1
    assert await me.refused_post(f"/orders/{order_no}/refunds/{refund_no}/parcel", PARCEL) == "409 state_conflict"
    with pytest.raises(StateConflict):
        await returns.accept(mall.deps, refund_no, PLACE, "", "op")


async def test_only_what_left_the_house_can_come_back(mall: Mall) -> None:
    me = await shopper(mall)
    unshipped = await me.buy(await make_sku(), await make_sku())
    line = (await me.order(unshipped))["lines"][0]["line_id"]
    waits = await me.refund(unshipped, lines=[{"line_id": line, "quantity": 1}])
    virtual = await me.buy(await make_virtual_sku(mall, ["K1"]))
    await work(mall)
    cards = await me.refund(virtual)
    for refund in (waits, cards):
        with pytest.raises(RefundNotAllowed) as refused:
            await returns.accept(mall.deps, refund["refund_no"], PLACE, "", "op")
        assert refused.value.detail == {"reason": "nothing_to_return"}
    with pytest.raises(NotFound):
        await returns.accept(mall.deps, "R404", PLACE, "", "op")
    here = f"/orders/{unshipped}/refunds/{waits['refund_no']}/parcel"
    assert await me.refused_post(here, PARCEL) == "409 state_conflict"
    assert await me.refused_post(f"/orders/{virtual}/refunds/{waits['refund_no']}/parcel", PARCEL) == "404 not_found"
    other = await shopper(mall, "o-other")
    assert await other.refused_post(here, PARCEL) == "404 not_found"
    for parcel in ({"company": "顺", "tracking_no": "SF12345"}, {"company": "顺丰", "tracking_no": "单号"}, {}):
        assert (await me.refused_post(here, parcel)).startswith("400")


async def test_a_parcel_a_decision_and_giving_up_at_once_end_in_one_way(mall: Mall) -> None:
    me, order_no, refund_no, sku = await returning(mall)
    before = await stock(sku)
    mall.clock.advance(RETURN_TIME.total_seconds() + 1)
    await me.log_in_again()
    came = await asyncio.gather(
        returns.give_up(mall.deps),
        refunds.approve(mall.deps, refund_no, "op", restock=True),
        refunds.approve(mall.deps, refund_no, "op2", restock=True),
        refunds.reject(mall.deps, refund_no, "op3"),
        returns.send_back(mall.deps, me.id, order_no, refund_no, returns.Parcel(**PARCEL)),
        return_exceptions=True,
    )
    assert all(not isinstance(one, BaseException) or isinstance(one, Refusal) for one in came)
    state = (await shown(me, order_no))["state"]
    granted = state == "processing"
    assert state in ("processing", "rejected")
    assert (await stock(sku))[0] == before[0] + granted
    decided = await db.fetch_value("SELECT count(*) FROM audit_log WHERE action IN ('refund_approve', 'refund_reject')")
    assert decided <= 1
    await work(mall)
