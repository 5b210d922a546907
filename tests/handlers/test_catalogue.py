import asyncio
from typing import Any

import pytest

from server import db
from server.handlers.shop import catalogue
from server.rules.products import spec_text
from server.services.catalogue import apply as catalogue_apply
from server.services.catalogue import goods, products
from tests.support.mall import Mall
from tests.support.shop import product, shopper, stock


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue._answers, "_max_age_s", 0.0)
    monkeypatch.setattr(catalogue._details, "_max_age_s", 0.0)


async def titles(mall: Mall, query: str) -> list[str]:
    answer = await mall.http.get(f"/api/products?{query}")
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


async def refusal(mall: Mall, path: str) -> tuple[int, str, str]:
    answer = await mall.http.get(f"/api{path}")
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["detail"].get("field", "")


async def some_goods(mall: Mall) -> None:
    await stock(
        mall,
        product("mask", "玻尿酸补水保湿面膜", 5900, subtitle="10片装，熬夜急救"),
        product("milk", "氨基酸保湿乳液", 12900),
        product("bottle", "婴儿防胀气奶瓶240ml", 8900, category="baby"),
        product(
            "card", "体检卡", 29900, category="baby", kind="virtual", skus=[{"code": "card-1", "price_fen": 29900}]
        ),
    )


async def test_the_category_tree_is_open_to_guests(mall: Mall) -> None:
    await stock(mall)
    tree = (await mall.http.get("/api/categories")).json()
    assert [(node["slug"], [child["name"] for child in node["children"]]) for node in tree["items"]] == [
        ("beauty", ["面部护理"]),
        ("baby", []),
    ]
    assert tree["next_cursor"] is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("面膜", ["玻尿酸补水保湿面膜"]),
        ("保湿", ["氨基酸保湿乳液", "玻尿酸补水保湿面膜"]),
        ("保湿乳", ["氨基酸保湿乳液"]),
        ("补水 面膜", ["玻尿酸补水保湿面膜"]),
        ("面部护理", ["氨基酸保湿乳液", "玻尿酸补水保湿面膜"]),
        ("美妆", ["氨基酸保湿乳液", "玻尿酸补水保湿面膜"]),
        ("240ML", ["婴儿防胀气奶瓶240ml"]),
        ("２４０ＭＬ", ["婴儿防胀气奶瓶240ml"]),
        ("婴儿奶瓶", ["婴儿防胀气奶瓶240ml"]),
        ("熬夜", ["玻尿酸补水保湿面膜"]),
        ("bottle-1", ["婴儿防胀气奶瓶240ml"]),
        ("洗衣机", []),
        ("' | !() :* & \\", []),
        ("%_", []),
    ],
)
async def test_search_finds_chinese_words_beginnings_and_exact_codes(mall: Mall, asked: str, found: list[str]) -> None:
    await some_goods(mall)
    answer = await mall.http.get("/api/products", params={"q": asked})
    assert answer.status_code == 200, answer.text
    assert [item["title"] for item in answer.json()["items"]] == found


async def test_a_product_is_found_by_its_number(mall: Mall) -> None:
    await some_goods(mall)
    some_id = (await mall.http.get("/api/products?q=面膜")).json()["items"][0]["id"]
    assert await titles(mall, f"q={some_id}") == ["玻尿酸补水保湿面膜"]


async def test_filters_and_orders(mall: Mall) -> None:
    await some_goods(mall)
    mask, milk, bottle, card = "玻尿酸补水保湿面膜", "氨基酸保湿乳液", "婴儿防胀气奶瓶240ml", "体检卡"
    assert await titles(mall, "") == [card, bottle, milk, mask]
    assert await titles(mall, "sort=price_asc") == [mask, bottle, milk, card]
    assert await titles(mall, "sort=price_desc") == [card, milk, bottle, mask]
    await sold(mall, "bottle", 7)
    await sold(mall, "mask", 3)
    assert (await titles(mall, "sort=sales"))[:2] == [bottle, mask]
    assert await titles(mall, "category=beauty") == [milk, mask]
    assert await titles(mall, "category=face") == [milk, mask]
    baby = next(n for n in (await mall.http.get("/api/categories")).json()["items"] if n["slug"] == "baby")
    assert await titles(mall, f"category={baby['id']}") == [card, bottle]
    assert await titles(mall, "category=nowhere") == []
    assert await titles(mall, "kind=virtual") == [card]
    assert await titles(mall, "in_stock=true") == [bottle, milk, mask]
    assert await titles(mall, "min_price_fen=8900&max_price_fen=12900") == [bottle, milk]


async def sold(mall: Mall, slug: str, count: int) -> None:
    async with db.transaction() as tx:
        await tx.execute("UPDATE products SET sold_count = $2 WHERE slug = $1", slug, count)


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "sales"])
async def test_a_walk_sees_each_product_once_while_others_come_in(mall: Mall, sort: str) -> None:
    old = [f"旧货{i}" for i in range(11)]
    await stock(mall, *(product(f"old-{i}", title, 100 * (i % 3 + 1)) for i, title in enumerate(old)))
    seen: list[str] = []
    cursor, turn = "", 0
    while True:
        answer = (await mall.http.get("/api/products", params={"sort": sort, "limit": 3, "cursor": cursor})).json()
        seen += [item["title"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor, turn = answer["next_cursor"], turn + 1
        await stock(mall, product(f"new-{turn}", f"新货{turn}", 100 * (turn % 3 + 1)), categories=[])
    assert [title for title in sorted(seen) if title.startswith("旧")] == sorted(old)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/products?cursor=!!", (400, "bad_request", "cursor")),
        ("/products?cursor=AAAA", (400, "bad_request", "cursor")),
        ("/products?cursor=WyJuZXdlc3QiLDFlOTksMV0", (400, "bad_request", "cursor")),
        ("/products?cursor=%E4%B8%AD", (400, "bad_request", "cursor")),
        ("/products?sort=price_desc&cursor=WyJuZXdlc3QiLDUsNV0", (400, "bad_request", "cursor")),
        ("/products?sort=random", (400, "bad_request", "sort")),
        ("/products?limit=0", (400, "bad_request", "")),
        ("/products?limit=101", (400, "bad_request", "")),
        ("/products?limit=x", (400, "bad_request", "limit")),
        ("/products?min_price_fen=-1", (400, "bad_request", "min_price_fen")),
        ("/products?min_price_fen=99999999999999999999", (400, "bad_request", "min_price_fen")),
        ("/products?q=%00", (400, "bad_request", "")),
        (f"/products?q={'长' * 81}", (400, "bad_request", "q")),
        ("/products/0", (404, "not_found", "")),
        ("/products/-1", (404, "not_found", "")),
        ("/products/99999999999999999999", (404, "not_found", "")),
        ("/products/abc", (404, "not_found", "")),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(mall: Mall, path: str, expected: tuple[int, str, str]) -> None:
    assert await refusal(mall, path) == expected


async def test_a_product_shows_its_variants_with_stock_states(mall: Mall) -> None:
    skus = [
        {"code": "m-5", "spec": {"规格": "5片"}, "price_fen": 3900, "market_price_fen": 4900, "stock_add": 50},
        {"code": "m-10", "spec": {"规格": "10片"}, "price_fen": 5900, "stock_add": 3, "alert_at": 5},
        {"code": "m-20", "spec": {"规格": "20片"}, "price_fen": 9900},
        {"code": "m-99", "spec": {"规格": "停售"}, "price_fen": 100, "stock_add": 9, "on_sale": False},
    ]
    await stock(mall, product("mask", "补水面膜", skus=skus, detail="敷15分钟。"))
    card = (await mall.http.get("/api/products")).json()["items"][0]
    assert (card["min_price_fen"], card["max_price_fen"], card["market_price_fen"]) == (3900, 5900, 4900)
    assert (card["stock_state"], card["image"]) == ("in_stock", "/media/mask.webp")
    shown = (await mall.http.get(f"/api/products/{card['id']}")).json()
    assert [(sku["spec"]["规格"], sku["stock_state"], sku["available"]) for sku in shown["skus"]] == [
        ("5片", "in_stock", 50),
        ("10片", "low", 3),
        ("20片", "sold_out", 0),
    ]
    assert shown["category"]["slug"] == "face"
    assert (shown["detail"], shown["images"], shown["promotions"]) == ("敷15分钟。", ["/media/mask.webp"], [])


async def test_prices_are_those_of_variants_that_can_be_bought(mall: Mall) -> None:
    """Two of three variants are sold out: no list, page or card promises their prices, and lists sort by the third."""
    skus = [
        {"code": f"m-{n}", "spec": {"规格": str(n)}, "price_fen": 1000 * n, "stock_add": int(n == 2)} for n in (1, 2, 3)
    ]
    await stock(mall, product("mask", "补水面膜", skus=skus), product("milk", "乳液", 1500))
    card = next(one for one in (await mall.http.get("/api/products")).json()["items"] if one["title"] == "补水面膜")
    assert (card["min_price_fen"], card["max_price_fen"], card["stock_state"]) == (2000, 2000, "in_stock")
    await db.fetch("UPDATE skus SET available = 0, sold = sold + 1 WHERE code = 'm-2'")
    shown = (await mall.http.get(f"/api/products/{card['id']}")).json()
    assert (shown["min_price_fen"], shown["max_price_fen"]) == (1000, 3000)  # all are sold out: what it used to cost
    await db.fetch("UPDATE skus SET available = 1, stocked_in = stocked_in + 1 WHERE code = 'm-3'")
    assert await titles(mall, "sort=price_asc") == ["乳液", "补水面膜"]
    await products.count_sales()
    assert await titles(mall, "sort=price_asc&min_price_fen=2500") == ["补水面膜"]
    cards = (await mall.http.get("/api/products?sort=price_desc")).json()["items"]
    assert [(one["title"], one["min_price_fen"]) for one in cards] == [("补水面膜", 3000), ("乳液", 1500)]


async def test_a_spec_keeps_the_order_in_which_the_shop_gave_it(mall: Mall) -> None:
    """From the catalogue through the cart to the order: `jsonb` would put the shorter names first."""
    spec = {"充电接口": "Type-C", "颜色": "白", "a": "1"}
    sku = {"code": "m-1", "spec": spec, "price_fen": 5900, "stock_add": 9}
    await stock(mall, product("mask", "补水面膜", skus=[sku]))
    sku_id = await db.fetch_value("SELECT id FROM skus")
    me = await shopper(mall)
    page = (await mall.http.get(f"/api/products/{await db.fetch_value('SELECT id FROM products')}")).json()
    await me.do("PUT", "/cart/items", {"sku_id": sku_id, "quantity": 1})
    cart = await me.get("/cart")
    placed = await me.place(sku_id)
    order = await me.order(placed["order_no"])
    seen = [one[0]["spec"] for one in (page["skus"], cart["items"], placed["lines"], order["lines"])]
    assert [list(one.items()) for one in seen] == [list(spec.items())] * 4
    form = await goods.sku(sku_id)
    assert spec_text(form["spec"]) == "充电接口：Type-C；颜色：白；a：1"


async def test_what_is_off_sale_is_not_there(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    shown = (await mall.http.get("/api/products")).json()["items"][0]
    await stock(mall, {"slug": "mask", "on_sale": False}, categories=[])
    assert await titles(mall, "") == []
    assert (await mall.http.get(f"/api/products/{shown['id']}")).status_code == 404


async def test_an_unknown_token_does_not_matter_to_guests(mall: Mall) -> None:
    answer = await mall.http.get("/api/products", headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 200


async def test_a_price_is_never_older_than_a_second(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert catalogue._answers._max_age_s <= 1
    await stock(mall, product("mask", "补水面膜", 5900))
    path = f"/api/products/{(await mall.http.get('/api/products')).json()['items'][0]['id']}"
    assert (await mall.http.get(path)).json()["skus"][0]["price_fen"] == 5900
    await catalogue_apply.apply(mall.deps, reprice(4900), "cli")

    await asyncio.sleep(catalogue._answers._max_age_s)
    assert (await mall.http.get(path)).json()["skus"][0]["price_fen"] == 4900


def reprice(price_fen: int) -> dict[str, Any]:
    return {"products": [{"slug": "mask", "skus": [{"code": "mask-1", "price_fen": price_fen}]}]}
