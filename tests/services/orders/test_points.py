"""Points in orders: placing holds them, paying spends them, closing and refunding give them back; never spent twice."""

import asyncio

import pytest

from server import db
from server.services.orders import refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import give_points, points_of, set_policy
from tests.support.shop import Shopper, join, make_sku, work


@pytest.fixture
async def me(mall: Mall) -> Shopper:
    """Return a member with 3 000 points; two points pay one fen."""
    await set_policy(mall, points_per_fen=2, freight_fen=0)
    shopper = await join(mall)
    await give_points(mall, shopper.id, 3_000)
    return shopper


async def test_a_preview_says_what_points_take_off_and_takes_nothing(mall: Mall, me: Shopper) -> None:
    basket = await me.basket(await make_sku(1_000), points=601)
    shown = await me.post("/orders/preview", basket)
    assert shown["discounts"] == [{"kind": "points", "label": "600 积分抵扣", "amount_fen": 300}]
    assert shown.pop("counts") == []
    assert (shown["points"], shown["cash_due_fen"], shown["lines"][0]["points_fen"]) == (600, 700, 300)
    assert sum(step["amount_fen"] for step in shown["why"]) == -300
    assert {one["what"]: one["allowed"] for one in shown["combines"]}["points"] is True
    assert await points_of(me) == 3_000
    placed = await me.post("/orders", basket)
    assert {**placed, "order_no": None, "expires_at": None} == shown
    assert await points_of(me) == 2_400
    await proved(mall)


async def test_closing_gives_points_back(mall: Mall, me: Shopper) -> None:
    placed = await me.place(await make_sku(1_000), points=500)
    await me.post(f"/orders/{placed['order_no']}/cancel")
    assert await points_of(me) == 3_000
    await proved(mall)


async def test_a_refund_gives_back_just_what_the_pieces_took(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(1_000)
    basket = await me.basket(sku, points=1_000) | {"items": [{"sku_id": sku, "quantity": 3}]}
    order_no = (await me.post("/orders", basket))["order_no"]
    await me.pay(order_no)
    await proved(mall)
    line = (await me.get(f"/orders/{order_no}"))["lines"][0]["line_id"]
    for pieces, back in ((1, 333), (2, 667)):
        asked = {"reason": "不想要了", "lines": [{"line_id": line, "quantity": pieces}]}
        refund = await me.post(f"/orders/{order_no}/refunds", asked)
        approved = await refunds.approve(mall.deps, refund["refund_no"], "tester")
        assert (refund["points"], approved.points) == (back, back)
        await work(mall)
        mall.clock.advance(61)
    assert await points_of(me) == 3_000
    assert await db.fetch_value("SELECT refunded_points FROM orders WHERE order_no = $1", order_no) == 1_000
    await proved(mall)


async def test_points_that_pay_everything_need_no_wechat(mall: Mall, me: Shopper) -> None:
    await set_policy(mall, points_per_fen=2, freight_fen=0, points_most_bp=10_000)
    placed = await me.place(await make_sku(1_000), points=2_000)
    assert placed["cash_due_fen"] == 0
    assert (await me.post(f"/orders/{placed['order_no']}/pay")) == {"paid": True}
    await proved(mall)


async def test_points_are_not_spent_twice_at_once(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(10_000)
    basket = await me.basket(sku, points=2_000)
    answers = await asyncio.gather(*(me.call("POST", "/orders", basket, key=f"k{n}") for n in range(8)))
    said = sorted(answer.json().get("error", {}).get("code", "placed") for answer in answers)
    assert said == ["placed"] + ["points_unavailable"] * 7
    assert await points_of(me) == 1_000
    await proved(mall)


async def test_more_points_than_there_are_is_refused(mall: Mall, me: Shopper) -> None:
    basket = await me.basket(await make_sku(100_000), points=3_002)
    answer = await me.call("POST", "/orders/preview", basket)
    assert answer.json()["error"]["detail"] == {"available": 3_000}
