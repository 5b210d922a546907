"""Goods with sale periods, a limit per member, and freight by template: from the product list to the order."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from server import db
from server.core.errors import FileInvalid
from server.handlers.shop import catalogue
from server.rules.promotions import EXCHANGE, Promotion
from server.services.catalogue import apply as catalogue_apply
from server.services.checkout.facts import Wanted, facts_of
from server.services.growth import progress
from server.services.promotions import apply as activity_apply
from tests.stories.test_levels import LEVELS, offer
from tests.support.mall import Mall
from tests.support.people import error_of
from tests.support.proof import proved
from tests.support.shop import Shopper, product, shopper, stock, work

HOUR_S = 3600
RATE = {"first": 1000, "first_fen": 900, "next": 500, "next_fen": 250}
COLD: dict[str, Any] = {
    "slug": "cold",
    "name": "冷链",
    "terms": {
        "by": "weight",
        "elsewhere": {**RATE, "free_from_fen": 30_000},
        "zones": [{**RATE, "provinces": ["新疆"], "first_fen": 3000}],
        "excluded": ["台湾"],
    },
}


def forget() -> None:
    """Forget cached answers."""
    catalogue._answers._kept.clear()
    catalogue._details._shops.clear()


async def sku_of(slug: str) -> tuple[int, int]:
    """Return the ids of the product and its first SKU."""
    row = await db.fetch_row(
        "SELECT s.id, s.product_id FROM skus s JOIN products p ON p.id = s.product_id WHERE slug = $1 ORDER BY s.id",
        slug,
    )
    assert row is not None
    return row["product_id"], row["id"]


async def sell(mall: Mall, **terms: Any) -> tuple[int, int]:
    """Add a product with these terms; return the ids of the product and its first SKU."""
    slug = f"g-{secrets.token_hex(4)}"
    await stock(mall, product(slug, "定时面霜", **terms))
    return await sku_of(slug)


async def place(me: Shopper, *items: tuple[int, int], **more: Any) -> httpx.Response:
    wanted = {"items": [{"sku_id": sku, "quantity": n} for sku, n in items], "address_id": await me.address(), **more}
    return await me.call("POST", "/orders", wanted, key=secrets.token_hex(8))


async def seen(mall: Mall, me: Shopper, product_id: int, sku: int) -> dict[str, Any]:
    """Return what each call answers about the product now."""
    forget()
    listed = (await mall.http.get("/api/products")).json()["items"]
    found = (await mall.http.get("/api/products", params={"q": "面霜"})).json()["items"]
    wanted = {"items": [{"sku_id": sku, "quantity": 1}]}
    return {
        "list": product_id in [one["id"] for one in listed],
        "search": product_id in [one["id"] for one in found],
        "page": (await mall.http.get(f"/api/products/{product_id}")).status_code,
        "cart": (await me.call("PUT", "/cart/items", {"sku_id": sku, "quantity": 1})).status_code,
        "share": (
            await me.call("POST", "/shares", {"kind": "product", "target_id": str(product_id), "channel": "friend"})
        ).status_code,
        "preview": (await me.call("POST", "/orders/preview", wanted)).status_code,
    }


GONE = {"list": False, "search": False, "page": 404, "cart": 422, "share": 404, "preview": 422}
THERE = {"list": True, "search": True, "page": 200, "cart": 200, "share": 200, "preview": 200}


async def test_goods_come_and_go_by_the_malls_clock(mall: Mall) -> None:
    now = mall.clock.now()
    on_from, off_from = now + timedelta(hours=1), now + timedelta(hours=2)
    product_id, sku = await sell(mall, on_from=on_from.isoformat(), off_from=off_from.isoformat())
    me = await shopper(mall)
    assert await seen(mall, me, product_id, sku) == GONE
    assert error_of(await place(me, (sku, 1))) == (422, "sku_unavailable")
    mall.clock.advance(HOUR_S)
    assert await seen(mall, me, product_id, sku) == THERE
    shown = (await mall.http.get(f"/api/products/{product_id}")).json()
    assert shown["off_from"][:16] == off_from.isoformat()[:16]
    share = (await me.post("/shares", {"kind": "product", "target_id": str(product_id), "channel": "poster"}))[
        "share_code"
    ]
    assert (await mall.http.get(f"/api/shares/{share}/poster.png")).status_code == 200
    placed = await place(me, (sku, 1))
    assert placed.status_code == 200, placed.text
    assert [one["problem"] for one in (await me.get("/cart"))["items"]] == [None]
    mall.clock.advance(HOUR_S - 600)
    assert (await place(me, (sku, 1))).status_code == 200
    mall.clock.advance(600)
    assert await seen(mall, me, product_id, sku) == GONE
    assert error_of(await place(me, (sku, 1))) == (422, "sku_unavailable")
    assert (await mall.http.get(f"/api/shares/{share}/poster.png")).status_code == 404
    assert [one["problem"] for one in (await me.get("/cart"))["items"]] == ["商品已下架"]


async def test_what_is_had_for_points_only_is_sold_nowhere_else(mall: Mall) -> None:
    product_id, sku = await sell(mall)
    me = await shopper(mall)
    await me.do("PUT", "/cart/items", {"sku_id": sku, "quantity": 1})
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    slug = await db.fetch_value("SELECT slug FROM products WHERE id = $1", product_id)
    at = mall.clock.now()
    times = {"starts_at": at, "ends_at": at + timedelta(days=1)}
    sale = {"slug": "rush", "name": "早场", **times, "items": [{"sku": code, "price_fen": 100, "stock": 5}]}
    team = {"slug": "team", "title": "团", "product": slug, "size": 2, "window_hours": 24, **times}
    team["skus"] = [{"code": code, "price_fen": 100}]
    offers = {"group_buys": [team], "flash_sales": [sale]}
    await activity_apply.apply(mall.deps, offers, "cli")
    only = {"products": [{"slug": slug, "exchange_only": True}]}
    await catalogue_apply.apply(mall.deps, only, "cli")
    left = {"page": 200, "share": 200}
    assert await seen(mall, me, product_id, sku) == {**GONE, **left}
    page = (await mall.http.get(f"/api/products/{product_id}")).json()
    assert (page["exchange_only"], page["promotions"]) == (True, [])
    assert [one["problem"] for one in (await me.get("/cart"))["items"]] == ["商品已下架"]
    assert (await me.get("/flash-sales"))["items"] == []
    assert (await me.get("/group-buys"))["items"] == []
    offered = [row["id"] for row in await db.fetch("SELECT id FROM flash_items UNION ALL SELECT id FROM group_buys")]
    for promotion in (None, {"kind": "flash_sale", "id": offered[0]}, {"kind": "group_buy", "id": offered[1]}):
        assert error_of(await place(me, (sku, 1), promotion=promotion)) == (422, "sku_unavailable")
    again = {"group_buys": [team | {"slug": "others"}], "flash_sales": [sale | {"slug": "other"}]}
    with pytest.raises(FileInvalid) as refused:
        await activity_apply.apply(mall.deps, again, "cli")
    assert {one["problem"] for one in refused.value.detail["problems"]} == {
        "仅限积分兑换的商品不能拼团",
        "仅限积分兑换的商品不能秒杀",
    }
    exchange = Wanted(items=((sku, 1),), promotion=Promotion(EXCHANGE, 1))
    async with db.connection() as connection:
        facts = await facts_of(connection, me.id, exchange, None, at)
    assert facts.items[0].on_sale


async def test_what_is_for_a_level_is_seen_by_all_and_bought_from_it_on(mall: Mall) -> None:
    await offer(mall)
    product_id, sku = await sell(mall, min_level=2)
    low, high = await shopper(mall), await shopper(mall, "o-other")
    for one, growth in ((low, 100), (high, 300)):
        assert await progress.correct(mall.deps, one.id, growth, str(one.id), "老会员", "anna", anew=False)

    async def told() -> list[Any]:
        forget()
        page = (await mall.http.get(f"/api/products/{product_id}")).json()
        listed = (await mall.http.get("/api/products")).json()["items"]
        assert [one["min_level"] for one in listed] == [page["min_level"]]
        basket = {"items": [{"sku_id": sku, "quantity": 1}]}
        answers = [await one.call("POST", "/orders/preview", basket) for one in (low, high)]
        return [page["min_level"], *(one.status_code for one in answers)]

    assert await told() == [{"position": 2, "name": "金卡会员"}, 422, 200]
    refused = (await place(low, (sku, 1))).json()["error"]
    assert (refused["code"], refused["message"], refused["detail"]) == (
        "level_required",
        "金卡会员及以上会员专享",
        {"product_id": product_id, "level": "金卡会员"},
    )
    assert (await place(high, (sku, 1))).status_code == 200
    await offer(mall, *LEVELS[:2])
    assert await told() == [{"position": 1, "name": "银卡会员"}, 200, 200], "the highest level there is stands for it"
    await offer(mall, LEVELS[0])
    assert await told() == [None, 200, 200]


async def test_a_member_buys_no_more_than_the_limit(mall: Mall) -> None:
    product_id, sku = await sell(mall, limit_each=3)
    me, other = await shopper(mall), await shopper(mall, "o-other")
    assert (await mall.http.get(f"/api/products/{product_id}")).json()["limit_each"] == 3
    refused = await place(me, (sku, 4))
    assert error_of(refused) == (422, "purchase_limit")
    assert refused.json()["error"]["detail"] == {"product_id": product_id, "limit": 3, "bought": 0}
    first = (await place(me, (sku, 2))).json()["order_no"]
    refused = await me.call("POST", "/orders/preview", {"items": [{"sku_id": sku, "quantity": 2}]})
    assert error_of(refused) == (422, "purchase_limit")
    assert refused.json()["error"]["detail"]["bought"] == 2
    assert (await place(other, (sku, 3))).status_code == 200
    await me.do("POST", f"/orders/{first}/cancel", {})
    second = (await place(me, (sku, 3))).json()["order_no"]
    assert error_of(await place(me, (sku, 1))) == (422, "purchase_limit")
    await me.pay(second)
    await work(mall)
    await me.refund(second)
    await work(mall)
    assert (await place(me, (sku, 3))).status_code == 200
    await proved(mall)


async def test_a_limit_is_of_the_product_whichever_variant_is_bought(mall: Mall) -> None:
    skus = [{"code": f"v-{n}", "price_fen": 500, "stock_add": 50} for n in (1, 2)]
    product_id, first = await sell(mall, limit_each=3, skus=skus)
    second = await db.fetch_value("SELECT max(id) FROM skus WHERE product_id = $1", product_id)
    me = await shopper(mall)
    assert error_of(await place(me, (first, 2), (second, 2))) == (422, "purchase_limit")
    assert (await place(me, (first, 2), (second, 1))).status_code == 200


async def test_twenty_at_once_stay_within_the_limit(mall: Mall) -> None:
    _, sku = await sell(mall, limit_each=3)
    me = await shopper(mall)
    await me.address()
    answers = await asyncio.gather(*(place(me, (sku, 1)) for _ in range(20)))
    assert sorted(one.status_code for one in answers) == [200] * 3 + [422] * 17
    assert {error_of(one)[1] for one in answers if one.status_code == 422} == {"purchase_limit"}
    assert await db.fetch_value("SELECT sum(quantity) FROM order_lines") == 3


async def test_freight_by_template_from_the_page_to_the_order(mall: Mall) -> None:
    await catalogue_apply.apply(mall.deps, {"freight": [COLD]}, "cli")
    sku = {"code": "ice-1", "price_fen": 5000, "stock_add": 100, "weight_g": 800}
    product_id, ice = await sell(mall, freight="cold", skus=[sku])
    _, plain = await sell(mall)
    me = await shopper(mall)
    page = (await mall.http.get(f"/api/products/{product_id}")).json()
    assert page["freight"][-1] == "不发货：台湾"
    far, never = [await address(me, province) for province in ("新疆维吾尔自治区", "台湾省")]

    async def priced(*items: tuple[int, int], address_id: int | None = None) -> httpx.Response:
        wanted = [{"sku_id": sku, "quantity": n} for sku, n in items]
        return await me.call("POST", "/orders/preview", {"items": wanted, "address_id": address_id})

    one = (await priced((ice, 1))).json()
    assert (one["freight_fen"], one["cash_due_fen"]) == (900, 5900)
    assert one["why"][-1] == {
        "label": "运费（冷链）",
        "detail": "其他地区 共 800 克：首 1000 克 9.00 元，每加 500 克 2.50 元",
        "amount_fen": 900,
    }
    assert (await priced((ice, 2), address_id=far)).json()["freight_fen"] == 3000 + 2 * 250
    assert (await priced((ice, 1), (plain, 1))).json()[
        "freight_fen"
    ] == 900  # the plain goods have free shipping above 99 yuan
    assert (await priced((ice, 6))).json()["freight_fen"] == 0
    refused = await priced((ice, 1), (plain, 1), address_id=never)
    assert error_of(refused) == (422, "delivery_refused")
    assert refused.json()["error"]["detail"] == {"province": "台湾", "product_ids": [product_id]}
    assert (await priced((plain, 1), address_id=never)).status_code == 200
    assert error_of(await place(me, (ice, 1), address_id=never)) == (422, "delivery_refused")
    placed = (await place(me, (ice, 2), address_id=far)).json()
    await me.pay(placed["order_no"])
    await work(mall)
    assert (await me.order(placed["order_no"]))["freight_fen"] == 3500
    await me.refund(placed["order_no"])
    await work(mall)
    await proved(mall)


async def address(me: Shopper, province: str) -> int:
    place = {
        "name": "陈",
        "phone": "13800138000",
        "province": province,
        "city": "某市",
        "district": "某区",
        "detail": "1 号",
    }
    return int((await me.post("/addresses", place))["id"])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"freight": [{"slug": "new"}]}, "$.freight[0] 新运费模板缺少字段 name"),
        ({"freight": [{"slug": "cold", "new": True}]}, "$.freight[0].slug 已有这个运费模板"),
        ({"freight": [{"slug": "cold"}, {"slug": "cold"}]}, "$.freight[1].slug 重复"),
        (
            {"freight": [{"slug": "cold", "terms": {**COLD["terms"], "excluded": ["新疆"]}}]},
            "$.freight[0].terms 地区重复：新疆",
        ),
        ({"products": [{"slug": "ice", "freight": "warm"}]}, "$.products[0].freight 没有运费模板 warm"),
        ({"products": [{"slug": "ice", "on_from": "2026-01-01T00:00:00"}]}, "$.products[0].on_from 应为"),
        (
            {"products": [{"slug": "ice", "off_from": "2020-01-01T00:00:00Z"}]},
            "$.products[0].off_from 定时下架要晚于定时上架",
        ),
        ({"products": [{"slug": "ice", "limit_each": 0}]}, "$.products[0].limit_each 不能小于 1"),
        ({"products": [{"slug": "ice", "min_level": 0}]}, "$.products[0].min_level 不能小于 1"),
    ],
)
async def test_a_file_that_does_not_fit_changes_nothing(mall: Mall, content: dict[str, Any], problem: str) -> None:
    await catalogue_apply.apply(mall.deps, {"freight": [COLD]}, "cli")
    await stock(mall, product("ice", "冰淇淋", on_from="2026-01-01T00:00:00Z", freight="cold"))
    with pytest.raises(FileInvalid) as refused:
        await catalogue_apply.apply(mall.deps, content, "cli")
    told = [f"{one['path']} {one['problem']}" for one in refused.value.detail["problems"]]
    assert told[0].startswith(problem)


async def test_a_template_is_renamed_without_its_terms_and_a_product_goes_back_to_plain_freight(mall: Mall) -> None:
    await catalogue_apply.apply(mall.deps, {"freight": [COLD]}, "cli")
    await stock(mall, product("ice", "冰淇淋", freight="cold"))
    change = {"freight": [{"slug": "cold", "name": "冷链 B"}], "products": [{"slug": "ice", "freight": None}]}
    await catalogue_apply.apply(mall.deps, change, "cli")
    assert await db.fetch_row("SELECT name, terms ->> 'by' AS by FROM freight_templates") == ("冷链 B", "weight")
    assert await db.fetch_value("SELECT freight_template_id FROM products") is None
