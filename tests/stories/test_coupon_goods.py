"""Coupons that are bought: payment issues them, as far as their template allows, and a refund takes them back."""

import asyncio
from typing import Any

import pytest

from server import db
from server.core.errors import FileInvalid
from server.services.catalogue import apply as catalogue_apply
from server.services.coupons import apply as coupon_apply
from server.services.desk import coupons
from server.services.orders import fulfilment, refunds
from tests.support.circle import line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.people import error_of
from tests.support.proof import proved
from tests.support.shop import Shopper, join, make_coupon_sku, make_sku, pass_days, product, stock, work


async def template(mall: Mall, **terms: Any) -> None:
    """Create or change the template `ten`, which takes off ten yuan."""
    ten = {"slug": "ten", **terms}
    await coupon_apply.apply(mall.deps, {"templates": [ten]}, "tester")


async def coupon_sku(mall: Mall, pieces: int = 100, **terms: Any) -> int:
    await template(mall, name="十元券", amount_fen=1_000, **terms)
    return await make_coupon_sku(mall, "ten", pieces)


async def several(me: Shopper, sku: int, pieces: int) -> str:
    placed = await me.post("/orders", {"items": [{"sku_id": sku, "quantity": pieces}]})
    await me.pay(placed["order_no"])
    return str(placed["order_no"])


async def drawer(me: Shopper) -> list[tuple[str, int]]:
    return [(one["state"], one["amount_fen"]) for one in (await me.get("/coupons"))["items"]]


async def bought(me: Shopper, order_no: str) -> list[tuple[str, bool]]:
    (line,) = (await me.order(order_no))["lines"]
    return [(one["state"], one["taken_back"]) for one in line["coupons"]]


async def stock_of(sku: int) -> tuple[int, int, int, int]:
    row = await db.fetch_row("SELECT stocked_in, available, reserved, sold FROM skus WHERE id = $1", sku)
    assert row is not None
    return row["stocked_in"], row["available"], row["reserved"], row["sold"]


async def test_given_a_coupon_on_sale_when_it_is_paid_then_it_is_in_the_drawer(mall: Mall) -> None:
    sku, me = await coupon_sku(mall), await join(mall)
    order_no = await several(me, sku, 2)
    product_id = await db.fetch_value("SELECT id FROM products")
    page = (await mall.http.get(f"/api/products/{product_id}")).json()
    assert page["coupon"] == "十元券：无门槛减 10 元，全场通用，发放后 30 天内有效"
    assert (await drawer(me), await bought(me, order_no)) == ([], [])
    await work(mall)
    assert await drawer(me) == [("unused", 1_000)] * 2
    assert await bought(me, order_no) == [("unused", False)] * 2
    assert (await me.order(order_no))["status"] == "received"
    order_id = await db.fetch_value("SELECT id FROM orders")
    await asyncio.gather(*(fulfilment.deliver_cards(mall.deps, order_id) for _ in range(3)))
    assert len(await drawer(me)) == 2
    assert await stock_of(sku) == (100, 98, 0, 2)
    ids = [row["id"] for row in await db.fetch("SELECT id FROM coupons")]
    assert await coupons.void(mall.deps, ids, "误发", "tester") == (0, ids), "who paid for it keeps it"
    await proved(mall)


async def test_given_too_few_of_the_template_then_the_rest_comes_when_there_are_more(mall: Mall) -> None:
    sku, one, two = await coupon_sku(mall, total=3), await join(mall), await join(mall)
    placed = await two.post("/orders", {"items": [{"sku_id": sku, "quantity": 2}]})
    await several(one, sku, 2)
    await work(mall)
    refused = await one.call("POST", "/orders", {"items": [{"sku_id": sku, "quantity": 2}]}, key="more")
    assert (*error_of(refused), refused.json()["error"]["detail"]["available"]) == (422, "stock_insufficient", 1)
    await template(mall, active=False)
    assert await one.refused_post("/orders", {"items": [{"sku_id": sku, "quantity": 1}]}) == "422 stock_insufficient"
    await two.pay(placed["order_no"])
    await work(mall)
    assert await drawer(two) == [], "a template that is switched off issues nothing"
    await template(mall, active=True)
    mall.clock.advance(601)
    await work(mall)
    assert (await bought(two, placed["order_no"]), (await two.order(placed["order_no"]))["status"]) == (
        [("unused", False)],
        "paid",
    )
    alarm = await db.fetch_row(
        "SELECT subject, detail ->> 'missing' AS missing FROM alarms WHERE kind = 'cards_missing'"
    )
    assert alarm == (f"order:{placed['order_no']}", "2")
    assert (await two.refund(placed["order_no"]))["state"] == "requested", "one is out: an operator decides"
    await proved(mall)
    await template(mall, total=4)
    mall.clock.advance(601)
    await work(mall)
    assert (len(await drawer(two)), (await two.order(placed["order_no"]))["status"]) == (2, "received")
    await proved(mall)


async def test_given_a_piece_that_never_came_when_one_is_refunded_then_it_is_that_one(mall: Mall) -> None:
    sku, me = await coupon_sku(mall, total=2), await join(mall)
    placed = await me.post("/orders", {"items": [{"sku_id": sku, "quantity": 2}]})
    claim = await db.fetch_value("SELECT id FROM coupon_templates")
    await (await join(mall)).post(f"/coupon-templates/{claim}/claim")
    await me.pay(placed["order_no"])
    await work(mall)
    line_id = (await line_ids(me, placed["order_no"]))[0]
    await shop_refunds(mall, placed["order_no"], {line_id: 1})
    assert await bought(me, placed["order_no"]) == [("unused", False)]
    assert await stock_of(sku) == (100, 99, 0, 1)
    mall.clock.advance(601)
    await work(mall)
    assert (await me.order(placed["order_no"]))["status"] == "received"
    await proved(mall)


async def test_given_bought_coupons_when_pieces_are_refunded_then_what_can_be_given_back_goes_first(mall: Mall) -> None:
    sku, goods, me = await coupon_sku(mall), await make_sku(6_000), await join(mall)
    order_no = await several(me, sku, 4)
    await work(mall)
    line_id = (await line_ids(me, order_no))[0]
    ids = [row["id"] for row in await db.fetch("SELECT id FROM coupons ORDER BY id")]
    use = await me.buy(goods, coupon_id=ids[0])
    held = await me.place(goods, coupon_id=ids[1])
    await me.post(f"/orders/{held['order_no']}/pay")

    async def refund_one() -> list[str]:
        await shop_refunds(mall, order_no, {line_id: 1})
        mall.clock.advance(61)  # WeChat accepts one refund of a payment per minute
        return [state for state, _ in await bought(me, order_no)]

    assert await refund_one() == ["used", "locked", "void", "unused"]
    assert (await me.order(held["order_no"]))["status"] == "pending"
    assert await refund_one() == ["used", "locked", "void", "void"]
    assert await refund_one() == ["used", "void", "void", "void"]
    assert (await me.order(held["order_no"]))["status"] == "closed", "an unpaid order that holds it is cancelled"
    assert (await me.wallet())["debt_fen"] == 0
    await refund_one()
    assert (await me.wallet())["debt_fen"] == 1_000, "what it took off"
    assert ((await me.order(order_no))["status"], await stock_of(sku)) == ("refunded", (100, 96, 0, 4))
    assert await bought(me, order_no) == [("used", True), *[("void", True)] * 3]
    lines = (await me.get("/wallet/statement?kind=order"))["items"]
    assert [(one["debt_delta_fen"], one["why"]) for one in lines] == [(1_000, "退款收回已使用的优惠券")]
    await proved(mall)
    await shop_refunds(mall, use)
    assert await bought(me, order_no) == [("void", True)] * 4, "it is never worth anything again"
    assert (await me.wallet())["debt_fen"] == 0, "the order that it made cheaper is gone, and so is the debt"
    await proved(mall)


async def test_given_a_refund_and_an_order_that_uses_the_coupon_at_once_then_nobody_has_both(mall: Mall) -> None:
    sku, goods, me = await coupon_sku(mall), await make_sku(6_000), await join(mall)
    order_no = await several(me, sku, 5)
    await work(mall)
    basket = await me.basket(goods)
    ids = [row["id"] for row in await db.fetch("SELECT id FROM coupons ORDER BY id")]
    asked = await refunds.open_for(mall.deps, order_no, None, "售后", "tester")
    answers: list[Any] = await asyncio.gather(
        *(me.call("POST", "/orders", basket | {"coupon_id": one}, key=str(one)) for one in ids),
        refunds.approve(mall.deps, asked.refund_no, "tester"),
    )
    await work(mall)
    assert await bought(me, order_no) == [("void", True)] * 5
    orders = [one.json()["order_no"] for one in answers[:-1] if one.status_code == 200]
    assert {(await me.order(one))["status"] for one in orders} <= {"closed"}
    await proved(mall)


async def test_given_an_expired_coupon_when_its_order_is_refunded_then_nothing_is_owed(mall: Mall) -> None:
    sku, me = await coupon_sku(mall), await join(mall)
    order_no = await several(me, sku, 1)
    await work(mall)
    await pass_days(mall, 31)
    await me.log_in_again()
    assert await bought(me, order_no) == [("expired", False)]
    await shop_refunds(mall, order_no)
    assert (await bought(me, order_no), (await me.wallet())["debt_fen"]) == ([("void", True)], 0)
    await proved(mall)


async def test_a_file_says_what_the_pieces_are_once_and_rightly(mall: Mall) -> None:
    await coupon_sku(mall)
    slug = await db.fetch_value("SELECT slug FROM products")
    code = await db.fetch_value("SELECT code FROM skus")
    await stock(mall, product("plain", "面霜"))
    wrong = [
        product("a", "券", coupon="ten"),
        product("b", "券", kind="virtual", coupon="eleven"),
        {"slug": slug, "coupon": None, "skus": [{"code": code, "card_keys": ["k"]}]},
        {"slug": "plain", "coupon": "ten", "skus": [{"code": "plain-1", "card_keys": ["k"]}]},
        {"slug": slug, "coupon": "ten", "skus": [{"code": code, "stock_add": -101}]},
    ]
    found = []
    for one in wrong:
        with pytest.raises(FileInvalid) as refused:
            await catalogue_apply.apply(mall.deps, {"products": [one]}, "cli")
        found.append([problem["problem"] for problem in refused.value.detail["problems"]])
    assert found == [
        ["只有虚拟商品可以是优惠券"],
        ["没有优惠券 eleven"],
        ["已有商品不能改变发放的优惠券", "发放优惠券的商品没有卡密"],
        ["已有商品不能改变发放的优惠券", "实物商品没有卡密"],
        ["可用库存只有 100，不能减少 101"],
    ]
