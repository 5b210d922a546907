"""The points mall for members: what it offers, what an exchange costs, and what a refund gives back."""

from typing import Any

import pytest

from server import db
from server.services.coupons import apply as coupon_apply
from server.services.orders import refunds
from tests.support.mall import Mall
from tests.support.points_goods import apply_good, exchange, make_good, taken
from tests.support.proof import proved
from tests.support.purse import give_coupons, give_points, points_of, set_policy
from tests.support.shop import Shopper, join, make_coupon_sku, make_sku, publish, work


@pytest.fixture
async def me(mall: Mall) -> Shopper:
    """Return a member with 1 000 points in a shop with free shipping."""
    await set_policy(mall, freight_fen=0)
    shopper = await join(mall)
    await give_points(mall, shopper.id, 1_000)
    return shopper


async def offered(mall: Mall) -> list[dict[str, Any]]:
    answer = await mall.http.get("/api/points/goods")
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def refused(me: Shopper, sku: int, good: int, **more: Any) -> tuple[str, dict[str, Any]]:
    """Why an exchange is refused, by preview and placing alike."""
    form = await me.basket(sku, **exchange(good)) | more
    shown, error = [
        (await me.call("POST", path, form, key=f"{more}{good}"[:60])).json()["error"]
        for path in ("/orders/preview", "/orders")
    ]
    assert (shown["code"], shown["detail"]) == (error["code"], error["detail"])
    return error["code"], error["detail"]


async def test_what_the_points_mall_offers(mall: Mall) -> None:
    dear, cheap, gone = await make_sku(9_900), await make_sku(2_000, stock=3), await make_sku()
    second = await make_good(mall, dear, 900, price_fen=1_000, per_member=2)
    first = await make_good(mall, cheap, 200)
    third = await make_good(mall, gone, 950, 0)
    await make_good(mall, gone, 960, active=False)
    found = await offered(mall)
    assert [one["id"] for one in found] == [first, second, third]
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", dear)
    assert found[1] == {
        "id": second,
        "sku_id": dear,
        "product_id": product,
        "title": found[1]["title"],
        "image": "/media/x.webp",
        "spec": {},
        "points": 900,
        "price_fen": 1_000,
        "list_price_fen": 9_900,
        "left": 10,
        "per_member": 2,
        "state": "open",
    }
    assert (found[0]["left"], found[0]["per_member"], found[2]["state"]) == (3, None, "sold_out")
    (shown,) = (await mall.http.get(f"/api/products/{product}")).json()["promotions"]
    assert (shown["kind"], shown["points"], shown["price_fen"], shown["ends_at"]) == ("points", 900, 1_000, None)
    sold_out = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", gone)
    assert (await mall.http.get(f"/api/products/{sold_out}")).json()["promotions"] == []
    async with db.transaction() as tx:
        await tx.execute("UPDATE skus SET price_fen = 1000 WHERE id = $1", dear)
    assert [one["id"] for one in await offered(mall)] == [first, third]


async def test_points_alone(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 400)
    basket = await me.basket(sku, **exchange(good))
    shown = await me.post("/orders/preview", basket)
    assert shown["discounts"] == [{"kind": "points", "label": "400 积分兑换", "amount_fen": 3_000}]
    assert (shown["kind"], shown["points"], shown["cash_due_fen"]) == ("points", 400, 0)
    assert {one["what"]: one["allowed"] for one in shown["combines"]}["coupon"] is False
    assert shown.pop("counts") == []  # no rule is published, so there is no promise
    placed = await me.post("/orders", basket)
    assert {**placed, "order_no": None, "expires_at": None} == shown
    assert (await points_of(me), await taken(good)) == (600, 1)
    assert await me.post(f"/orders/{placed['order_no']}/pay") == {"paid": True}
    await work(mall)
    assert (await me.order(placed["order_no"]))["status"] == "paid"
    await proved(mall)


async def test_points_and_cash_come_back_with_the_piece(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 300, price_fen=1_200)
    basket = await me.basket(sku, **exchange(good)) | {"items": [{"sku_id": sku, "quantity": 3}]}
    placed = await me.post("/orders", basket)
    assert (placed["points"], placed["cash_due_fen"]) == (900, 3_600)
    no = placed["order_no"]
    await me.pay(no)
    line = (await me.order(no))["lines"][0]["line_id"]
    asked = await me.refund(no, lines=[{"line_id": line, "quantity": 1}])
    approved = await refunds.approve(mall.deps, asked["refund_no"], "tester")
    assert (approved.points, approved.cash_fen) == (300, 1_200)
    await work(mall)
    assert (await points_of(me), await taken(good)) == (400, 3)
    mall.clock.advance(61)  # WeChat accepts one refund of a payment per minute
    rest = await me.refund(no)  # not the whole order any more, so it is reviewed
    await refunds.approve(mall.deps, rest["refund_no"], "tester")
    await work(mall)
    assert await points_of(me) == 1_000
    assert (await me.order(no))["status"] == "refunded"
    await proved(mall)


async def test_closing_gives_the_piece_and_the_points_back(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 300, 1, price_fen=1_200)
    placed = await me.place(sku, **exchange(good))
    assert await taken(good) == 1
    mall.clock.advance(901)
    await work(mall)
    assert (await me.order(placed["order_no"]))["status"] == "closed"
    assert (await points_of(me), await taken(good)) == (1_000, 0)
    assert await db.fetch_value("SELECT reserved FROM skus WHERE id = $1", sku) == 0
    await proved(mall)


async def test_refusals_say_why(mall: Mall, me: Shopper) -> None:
    sku, other = await make_sku(3_000), await make_sku()
    good = await make_good(mall, sku, 200, 2, per_member=1, slug="tea")
    assert await refused(me, other, good) == ("promotion_refused", {"reason": "items"})
    assert await refused(me, sku, 999) == ("promotion_unknown", {})
    along = [{"sku_id": sku, "quantity": 1}, {"sku_id": other, "quantity": 1}]
    assert await refused(me, sku, good, items=along) == ("promotion_refused", {"reason": "items"})
    two = [{"sku_id": sku, "quantity": 2}]
    assert await refused(me, sku, good, items=two) == ("promotion_refused", {"reason": "limit", "per_member": 1})
    await apply_good(mall, slug="tea", per_member=None)
    three = [{"sku_id": sku, "quantity": 3}]
    assert await refused(me, sku, good, items=three) == ("promotion_refused", {"reason": "sold_out", "left": 2})
    await apply_good(mall, slug="tea", points=501)
    assert await refused(me, sku, good, items=two) == ("points_unavailable", {"available": 1_000})
    await apply_good(mall, slug="tea", points=500)
    assert (await refused(me, sku, good, points=10))[0] == "not_combinable"
    await give_coupons(mall, me)
    coupon = await db.fetch_value("SELECT id FROM coupons WHERE member_id = $1", me.id)
    assert (await refused(me, sku, good, coupon_id=coupon))[0] == "not_combinable"
    await apply_good(mall, slug="tea", active=False)
    assert await refused(me, sku, good) == ("promotion_refused", {"reason": "over"})
    assert (await points_of(me), await taken(good)) == (1_000, 0)


async def test_a_refunded_exchange_can_be_had_again_within_the_limit(mall: Mall, me: Shopper) -> None:
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 200, per_member=1)
    no = await me.buy(sku, **exchange(good))
    assert (await refused(me, sku, good))[1] == {"reason": "limit", "per_member": 1}
    await me.refund(no)
    await work(mall)
    await me.buy(sku, **exchange(good))
    assert await taken(good) == 2
    await proved(mall)


async def test_an_exchange_counts_for_nobody(mall: Mall, me: Shopper) -> None:
    """By the built-in matrix an exchange neither counts nor is returned, even where the rule would count it."""
    await publish(mall, required=2, min_paid_fen=1, qualify_kinds=["normal", "points"])
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 200, price_fen=2_000)
    friend = await join(mall, me)
    await give_points(mall, friend.id, 200)
    await friend.receive(await friend.buy(sku, **exchange(good)))
    await work(mall)
    assert await db.fetch_value("SELECT count(*) FROM qualifications") == 0
    await proved(mall)


async def test_a_coupon_for_points(mall: Mall, me: Shopper) -> None:
    """It is issued when the exchange is settled. A refund makes it void and gives the points back."""
    template = {"slug": "tea", "name": "好茶券", "amount_fen": 500}
    await coupon_apply.apply(mall.deps, {"templates": [template]}, "tester")
    sku = await make_coupon_sku(mall, "tea")
    good = await make_good(mall, sku, 400)
    no = await me.buy(sku, **exchange(good))
    await work(mall)
    order = await me.order(no)
    (coupon,) = order["lines"][0]["coupons"]
    assert (order["status"], coupon["state"], await points_of(me)) == ("received", "unused", 600)
    assert [one["id"] for one in (await me.get("/coupons?state=unused"))["items"]] == [coupon["id"]]
    asked = await me.refund(no)
    await refunds.approve(mall.deps, asked["refund_no"], "tester")
    await work(mall)
    assert (await me.order(no))["lines"][0]["coupons"][0]["taken_back"]
    assert (await me.get("/coupons?state=unused"))["items"] == []
    assert await points_of(me) == 1_000
    await proved(mall)
