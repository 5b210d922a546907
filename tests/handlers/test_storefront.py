"""All data of the shop in one answer."""

import asyncio
from datetime import datetime
from typing import Any

import orjson

from server import db
from tests.support.mall import Mall
from tests.support.shop import product, publish, stock

CACHED_S = 1.0


async def shop(mall: Mall) -> dict[str, Any]:
    answer = await mall.http.get("/api/shop")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def set_policy(mall: Mall, **terms: Any) -> None:
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $1::jsonb, $2)"
            " ON CONFLICT (id) DO UPDATE SET terms = $1::jsonb",
            orjson.dumps(terms).decode(),
            mall.clock.now(),
        )


async def test_a_shop_before_its_first_rule_promises_nothing(mall: Mall) -> None:
    found = await shop(mall)
    assert (found["name"], found["promise"], found["rule"], found["banners"]) == ("推三返一商城", None, None, [])
    assert found["policy"] == {
        "order_minutes": 15,
        "receive_days": 10,
        "refund_days": 7,
        "freight_fen": 800,
        "free_from_fen": 9900,
    }


async def test_the_promise_follows_the_rule_in_force(mall: Mall) -> None:
    await publish(mall)
    assert (await shop(mall))["promise"]["title"] == "推荐 3 位好友，返还你的一笔订单"
    version = await publish(mall, required=4, pay_as="coupon", ratio_bp=5000)
    await asyncio.sleep(CACHED_S)
    found = await shop(mall)
    assert found["rule"]["version"] == version
    assert datetime.fromisoformat(found["rule"]["valid_from"]) <= datetime.fromisoformat(found["now"])
    assert {name: found["promise"][name] for name in ("required", "ratio_bp", "pay_as", "title")} == {
        "required": 4,
        "ratio_bp": 5000,
        "pay_as": "coupon",
        "title": "推荐 4 位好友，一笔订单返还 50%",
    }
    assert all(part["title"] and part["text"] for part in found["promise"]["steps"] + found["rule"]["plain"])


async def test_a_scope_is_told_by_name(mall: Mall) -> None:
    await stock(mall, product("serum", "焕亮精华"))
    numbers = {row["slug"]: row["id"] for row in await db.fetch("SELECT slug, id FROM categories")}
    await publish(mall, scope={"categories": [numbers["beauty"]]})
    told = {part["title"]: part["text"] for part in (await shop(mall))["rule"]["plain"]}
    assert told["哪些商品参与"].startswith("参与的分类：美妆个护。")
    await publish(mall, scope={"products": [await db.fetch_value("SELECT id FROM products")]})
    await asyncio.sleep(CACHED_S)
    told = {part["title"]: part["text"] for part in (await shop(mall))["rule"]["plain"]}
    assert told["哪些商品参与"].startswith("参与的商品：焕亮精华。")


async def test_what_operators_set_is_shown_and_stands_in_the_agreements(mall: Mall) -> None:
    banner = {"image_url": "/media/a.webp", "title": "好物", "subtitle": "每日上新", "link": "/pages/index/index"}
    await set_policy(
        mall,
        name="暖暖小铺",
        company="暖暖贸易有限公司",
        service_phone="400-800-1234",
        service_hours="工作日 9:00–18:00",
        order_minutes=30,
        banners=[banner],
    )
    found = await shop(mall)
    assert found["name"] == "暖暖小铺"
    assert found["banners"] == [banner]
    assert found["service"] == {"hours": "工作日 9:00–18:00", "phone": "400-800-1234"}
    agreements = {one["key"]: one for one in found["agreements"]}
    assert [one["title"] for one in agreements.values()] == ["用户协议", "隐私政策"]
    assert "暖暖小铺（以下称“本商城”）。本商城由暖暖贸易有限公司" in agreements["user_agreement"]["text"]
    assert "库存为您保留 30 分钟" in agreements["user_agreement"]["text"]
    assert "电话 400-800-1234（工作日 9:00–18:00）" in agreements["privacy"]["text"]
    for one in agreements.values():
        assert "{" not in one["text"]
