"""What one member may hold unpaid: five orders, and twenty pieces of one SKU in them, until they are paid or over."""

from typing import Any

from server import db
from tests.support.mall import Mall
from tests.support.purse import set_policy
from tests.support.shop import Shopper, make_sku, shopper


async def wants(me: Shopper, sku: int, quantity: int) -> dict[str, Any]:
    return {"items": [{"sku_id": sku, "quantity": quantity}], "address_id": await me.address()}


async def test_the_sixth_unpaid_order_is_refused_until_one_is_paid_or_cancelled(mall: Mall) -> None:
    me, sku = await shopper(mall), await make_sku()
    placed = [(await me.place(sku))["order_no"] for _ in range(5)]
    answer = await me.call("POST", "/orders", await me.basket(sku), key="six")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["detail"]) == (422, "unpaid_limit", {"max_orders": 5})
    assert error["message"] == "最多有 5 笔未付款的订单，请先付款或取消"
    assert await me.refused("POST", "/orders/preview", await me.basket(sku)) == "422 unpaid_limit"
    await me.pay(placed[0])
    assert (await me.call("POST", "/orders", await me.basket(sku), key="six")).status_code == 200
    assert await me.refused_post("/orders", await me.basket(sku)) == "422 unpaid_limit"
    await me.post(f"/orders/{placed[1]}/cancel")
    await me.place(sku)
    assert await db.fetch_value("SELECT reserved FROM skus") == 5
    assert (await (await shopper(mall, "o-second")).place(sku))["order_no"], "the limit is each member's own"


async def test_an_order_past_its_time_counts_no_more(mall: Mall) -> None:
    """No job closes it here."""
    me, sku = await shopper(mall), await make_sku()
    for _ in range(4):
        await me.place(sku)
    mall.clock.advance(14 * 60)
    await me.place(sku)
    assert await me.refused_post("/orders", await me.basket(sku)) == "422 unpaid_limit"
    mall.clock.advance(61)
    for _ in range(4):
        await me.place(sku)
    assert await me.refused_post("/orders", await me.basket(sku)) == "422 unpaid_limit"


async def test_the_pieces_of_one_sku_are_added_up(mall: Mall) -> None:
    me, sku, other = await shopper(mall), await make_sku(), await make_sku()
    alone = await me.call("POST", "/orders", await wants(me, sku, 21), key="alone")
    assert alone.status_code == 422
    assert alone.json()["error"]["message"] == "这件商品一次最多买 20 件"
    assert await me.refused("POST", "/orders/preview", await wants(me, sku, 21)) == "422 unpaid_limit"
    first = await me.post("/orders", await wants(me, sku, 12))
    await me.post("/orders", await wants(me, sku, 8))
    answer = await me.call("POST", "/orders", await wants(me, sku, 1), key="k")
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"] == {"sku_id": sku, "unpaid": 20, "max_pieces": 20}
    assert answer.json()["error"]["message"] == "这件商品还有 20 件没付款，合起来最多 20 件"
    both = await me.basket(other, sku)
    assert await me.refused_post("/orders", both) == "422 unpaid_limit"
    await me.post("/orders", await wants(me, other, 20))
    await me.pay(first["order_no"])
    await me.post("/orders", await wants(me, sku, 12))
    assert await me.refused_post("/orders", await wants(me, sku, 1)) == "422 unpaid_limit"


async def test_a_repeated_key_gets_its_order_also_at_the_limit(mall: Mall) -> None:
    me, sku = await shopper(mall), await make_sku()
    basket = await me.basket(sku)
    answers = [await me.call("POST", "/orders", basket, key=f"k{number}") for number in range(5)]
    again = await me.call("POST", "/orders", basket, key="k0")
    assert (again.status_code, again.content) == (200, answers[0].content)


async def test_the_shop_sets_both_limits(mall: Mall) -> None:
    await set_policy(mall, max_unpaid_orders=1, max_unpaid_pieces=30)
    me, sku = await shopper(mall), await make_sku()
    assert await me.refused_post("/orders", await wants(me, sku, 31)) == "422 unpaid_limit"
    await me.post("/orders", await wants(me, sku, 30))
    assert await me.refused_post("/orders", await me.basket(await make_sku())) == "422 unpaid_limit"
