import asyncio
from typing import Any

import pytest

from server import db
from server.services.catalogue import apply as catalogue_apply
from tests.support.mall import Mall
from tests.support.shop import product, shopper, stock


async def sku_ids() -> dict[str, int]:
    return {row["code"]: row["id"] for row in await db.fetch("SELECT code, id FROM skus")}


async def change(mall: Mall, slug: str, **fields: Any) -> None:
    await catalogue_apply.apply(mall.deps, {"products": [{"slug": slug, **fields}]}, "cli")


async def test_a_cart_shows_todays_price_and_what_can_be_bought(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜", 5900), product("milk", "乳液", 12900), product("oil", "精油", 100))
    ids = await sku_ids()
    me = await shopper(mall)
    await me.do("PUT", "/cart/items", {"sku_id": ids["mask-1"], "quantity": 2})
    await me.do("PUT", "/cart/items", {"sku_id": ids["oil-1"], "quantity": 1})
    cart = await me.do("PUT", "/cart/items", {"sku_id": ids["milk-1"], "quantity": 101})
    assert [(line["title"], line["problem"]) for line in cart["items"]] == [
        ("乳液", "库存不足"),
        ("精油", None),
        ("补水面膜", None),
    ]
    assert (cart["total_fen"], cart["quantity"]) == (11900, 3)
    await change(mall, "mask", skus=[{"code": "mask-1", "price_fen": 4900, "stock_add": -95}])
    await change(mall, "oil", on_sale=False)
    await change(mall, "milk", skus=[{"code": "milk-1", "stock_add": -100}])
    cart = await me.get("/cart")
    assert [(line["problem"], line["buyable"]) for line in cart["items"]] == [
        ("已售罄", False),
        ("商品已下架", False),
        (None, True),
    ]
    assert cart["total_fen"] == 9800
    mask = cart["items"][2]
    assert (mask["price_fen"], mask["amount_fen"], mask["stock_state"], mask["available"], mask["image"]) == (
        4900,
        9800,
        "low",
        5,
        "/media/mask.webp",
    )


async def test_a_quantity_is_set_and_zero_takes_out(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    sku_id = (await sku_ids())["mask-1"]
    me = await shopper(mall)
    for quantity in (3, 3, 1):
        cart = await me.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": quantity})
        assert [line["quantity"] for line in cart["items"]] == [quantity]
    assert (await me.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 0}))["items"] == []
    await me.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 5})
    for _ in range(2):
        assert (await me.do("DELETE", f"/cart/items/{sku_id}"))["items"] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"sku_id": 999_999, "quantity": 1}, "404 not_found"),
        ({"sku_id": 1, "quantity": -1}, "400 bad_request"),
        ({"sku_id": 1, "quantity": 1000}, "400 bad_request"),
        ({"sku_id": 1, "quantity": 1.5}, "400 bad_request"),
        ({"sku_id": 2**63, "quantity": 1}, "400 bad_request"),
        ({"sku_id": 1}, "400 bad_request"),
        ({"sku_id": 1, "quantity": 1, "price_fen": 1}, "400 bad_request"),
    ],
)
async def test_what_does_not_fit_is_refused(mall: Mall, body: Any, expected: str) -> None:
    me = await shopper(mall)
    assert await me.refused("PUT", "/cart/items", body) == expected


async def test_what_is_off_sale_cannot_be_put_in(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜", on_sale=False))
    me = await shopper(mall)
    sku_id = (await sku_ids())["mask-1"]
    assert await me.refused("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 1}) == "422 sku_unavailable"


async def test_a_cart_holds_a_hundred_skus_also_when_filled_at_once(mall: Mall) -> None:
    skus = [{"code": f"s-{i}", "price_fen": 100, "stock_add": 1} for i in range(105)]
    await stock(mall, product("many", "多规格", skus=skus))
    ids = list((await sku_ids()).values())
    me = await shopper(mall)
    answers = await asyncio.gather(*(me.ask("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 1}) for sku_id in ids))
    assert sorted(answer.status_code for answer in answers) == [200] * 100 + [422] * 5
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 422} == {"cart_limit"}
    inside = (await me.get("/cart"))["items"][0]["sku_id"]
    await me.do("PUT", "/cart/items", {"sku_id": inside, "quantity": 1})


async def test_an_order_takes_what_it_buys_out_of_its_own_cart_alone(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    sku_id = (await sku_ids())["mask-1"]
    me, other = await shopper(mall), await shopper(mall, "o-other")
    for one in (me, other):
        await one.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 2})
    await me.post("/orders", {"from_cart": True, "address_id": await me.address()})
    assert ((await me.get("/cart"))["items"], len((await other.get("/cart"))["items"])) == ([], 1)


async def test_carts_are_ones_own_and_need_a_login(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    sku_id = (await sku_ids())["mask-1"]
    me, other = await shopper(mall), await shopper(mall, "o-other")
    await me.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 2})
    await other.do("DELETE", f"/cart/items/{sku_id}")
    assert (await other.get("/cart"))["items"] == []
    assert len((await me.get("/cart"))["items"]) == 1
    assert (await mall.http.get("/api/cart")).status_code == 401
