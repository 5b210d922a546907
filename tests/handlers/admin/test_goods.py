"""Goods in the panel: what the forms change, refuse by field, and write to the audit log."""

import re
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from server import db
from server.core.clock import day_start, shanghai_day
from server.core.errors import NotFound
from server.rules.levels import Level
from server.rules.operators import Role
from server.services.catalogue import card_import, goods
from server.services.coupons import apply as coupon_apply
from server.services.files.sheets import SheetWriter
from server.services.terms import levels
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.shop import DAY_S, make_virtual_sku, product, stock

NEW = {
    "slug": "serum",
    "kind": "physical",
    "title": "精华液",
    "category": "face",
    "on_sale": "1",
    "detail": "一行\r\n两行",
    "skus[0].code": "SE-1",
    "skus[0].spec": "颜色：红；规格=500ml",
    "skus[0].price_fen": "39.9",
    "skus[0].market_price_fen": "49.90",
    "skus[0].stock_add": "12",
    "skus[0].alert_at": "3",
    "skus[0].on_sale": "1",
    "skus[1].code": "",
    "skus[2].code": "",
}


def fields_of(page: str) -> dict[str, str]:
    """Return the product form as a browser sends it back."""
    form = page[page.index('name="seen"') :]
    found = {"seen": re.findall(r'name="seen" value="([^"]+)"', page)[0]}
    found |= dict(re.findall(r'<input name="([^"]+)"[^>]*?value="([^"]*)"', form))
    for name in re.findall(r'type="checkbox" name="([^"]+)" value="1" checked', form):
        found[name] = "1"
    found["category"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    found["detail"] = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", form)[0]
    return found


async def skus() -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch("SELECT * FROM skus ORDER BY id")]


async def test_a_product_is_made_and_changed(mall: Mall, desks: Any) -> None:
    await stock(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    made = await send(desk, "/products/new", NEW)
    assert made.status_code == 303, made.text
    (one,) = await skus()
    assert (one["price_fen"], one["market_price_fen"], one["available"], one["alert_at"]) == (3990, 4990, 12, 3)
    assert orjson.loads(one["spec"]) == {"颜色": "红", "规格": "500ml"}
    assert await db.fetch_value("SELECT detail FROM products") == "一行\n两行"
    assert (await send(desk, "/products/new", NEW)).status_code == 422
    place = made.headers["location"].removeprefix("/admin")
    form = fields_of((await desk.get(place)).text)
    change = form | {"title": "新精华液", "skus[0].price_fen": "35", "skus[0].stock_add": "-2"}
    refused = await send(desk, place, change)
    assert refused.status_code == 422
    assert 'data-field="reason"' in refused.text
    change |= {"reason": "盘点", "skus[2].code": "SE-2", "skus[2].price_fen": "99"}
    assert (await send(desk, place, change)).status_code == 303
    record = await last_record()
    assert (record["actor"], record["action"], record["subject"]) == (desk.name, "product.apply", "product:serum")
    assert record["detail"] == {
        "before": {
            "products": {"serum": {"title": "精华液"}},
            "skus": {"SE-1": {"price_fen": 3990, "stocked_in": 12}},
        },
        "after": {
            "products": {"serum": {"title": "新精华液"}},
            "skus": {
                "SE-1": {"price_fen": 3500, "stocked_in": 10},
                "SE-2": {
                    "spec": {},
                    "price_fen": 9900,
                    "market_price_fen": None,
                    "alert_at": 0,
                    "on_sale": True,
                    "position": 2,
                    "weight_g": 0,
                },
            },
        },
        "reason": "盘点",
    }
    again = await send(desk, place, change)
    assert again.status_code == 422
    assert "刚刚被修改过" in again.text
    assert (await skus())[0]["available"] == 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "Serum"}, "slug"),
        ({"title": ""}, "title"),
        ({"title": "长" * 81}, "title"),
        ({"subtitle": "长" * 121}, "subtitle"),
        ({"category": "nowhere"}, "category"),
        ({"kind": "spirit"}, "kind"),
        ({"reason": "长" * 201}, "reason"),
        ({"skus[0].code": ""}, "skus[0].code"),
        ({"skus[0].code": "编码"}, "skus[0].code"),
        ({"skus[0].price_fen": ""}, "skus[0].price_fen"),
        ({"skus[0].price_fen": "1.234"}, "skus[0].price_fen"),
        ({"skus[0].price_fen": "0"}, "skus[0].price_fen"),
        ({"skus[0].price_fen": "99999999999"}, "skus[0].price_fen"),
        ({"skus[0].market_price_fen": "贵"}, "skus[0].market_price_fen"),
        ({"skus[0].stock_add": "many"}, "skus[0].stock_add"),
        ({"skus[0].stock_add": "-1"}, "skus[0].stock_add"),
        ({"skus[0].alert_at": "-1"}, "skus[0].alert_at"),
        ({"skus[0].position": "x"}, "skus[0].position"),
        ({"skus[0].spec": "红"}, "skus[0].spec"),
        ({"skus[2].code": "SE-1", "skus[2].price_fen": "1"}, "skus[2].code"),
        ({"skus[2].price_fen": "1"}, "skus[2].code"),
    ],
)
async def test_what_is_wrong_is_told_by_field(mall: Mall, desks: Any, change: dict[str, str], field: str) -> None:
    await stock(mall)
    desk: Desk = await desks()
    refused = await send(desk, "/products/new", NEW | change)
    assert refused.status_code == 422
    told = re.findall(r'data-field="([^"]*)"', refused.text)
    assert field in told, refused.text
    assert await skus() == []


async def test_products_and_stock_are_found(mall: Mall, desks: Any) -> None:
    await stock(mall, product("mask", "补水面膜"), product("milk", "婴儿润肤乳", category="baby"))
    await db_execute("UPDATE skus SET available = 5, stocked_in = 5 WHERE code = 'milk-1'")
    desk: Desk = await desks(Role.AUDITOR)
    number = await goods.product_id("mask")
    for query, found in {
        "mas": "面膜",
        "mask-": "面膜",
        f"#{number}": "面膜",
        f"{number}": "面膜",
        "面膜": "面膜",
        "润肤": "润肤乳",
    }.items():
        page = (await desk.get("/products", q=query)).text
        assert found in page, query
        assert ("润肤乳" in page) is (found == "润肤乳"), query
    assert "没有符合条件" in (await desk.get("/products", q="牙膏")).text
    assert "没有符合条件" in (await desk.get("/products", q="！！")).text
    assert "润肤乳" not in (await desk.get("/products", category="beauty")).text
    assert "面膜" in (await desk.get("/products", category="美妆个护")).text
    low = (await desk.get("/products", stock="low", kind="physical", show="on")).text
    assert "润肤乳" in low
    assert "补水面膜" not in low
    shelf = (await desk.get("/stock", stock="low")).text
    assert "milk-1" in shelf
    assert "mask-1" not in shelf
    assert "理由" not in shelf
    with pytest.raises(NotFound):
        await goods.product_id("nothing")
    for path in ("/products/404", "/skus/404/cards", "/coupon-templates/404"):
        assert (await desk.get(path)).status_code == 404


async def db_execute(sql: str, *values: object) -> None:
    async with db.transaction() as tx:
        await tx.execute(sql, *values)


async def test_stock_is_added_corrected_and_watched(mall: Mall, desks: Any) -> None:
    await stock(mall, product("mask", "补水面膜"))
    await db_execute("UPDATE skus SET available = 40, reserved = 50, sold = 10")
    desk: Desk = await desks(Role.OPERATIONS)

    async def change(**form: str) -> httpx.Response:
        page = (await desk.get("/stock")).text
        sku, seen = re.findall(r'/admin/stock/(\d+)".*?name="seen" value="([^"]+)"', page, re.DOTALL)[0]
        return await send(desk, f"/stock/{sku}", {"seen": seen, **form})

    assert (await change(stock_add="5")).status_code == 422
    seen = re.findall(r'name="seen" value="([^"]+)"', (await desk.get("/stock")).text)[0]
    assert (await change(stock_add="5", reason="到货", seen=seen)).status_code == 303
    twice = await change(stock_add="5", reason="到货", seen=seen)
    assert twice.status_code == 422
    too_much = await change(stock_add="-46", reason="盘亏")
    assert too_much.status_code == 422
    assert "可用库存只有 45" in too_much.text
    assert (await change(stock_add="-45", alert_at="7", reason="盘亏")).status_code == 303
    (one,) = await skus()
    assert (one["stocked_in"], one["available"], one["reserved"], one["sold"], one["alert_at"]) == (60, 0, 50, 10, 7)
    record = await last_record()
    assert record["detail"]["before"]["skus"]["mask-1"] == {"stocked_in": 105, "alert_at": 10}
    assert record["detail"]["reason"] == "盘亏"
    assert (await send(desk, "/stock/404", {"reason": "x"})).status_code == 404


async def test_card_keys_come_in_by_file_and_never_out(mall: Mall, desks: Any) -> None:
    sku = await make_virtual_sku(mall, ["OLD-1"])
    desk: Desk = await desks(Role.OPERATIONS)
    text = "\ufeffNEW-1\r\nOLD-1\n\nNEW-2\nNEW-1\n" + "x" * 201 + "\na\0b\n\n"

    async def load(body: bytes, skip_bad: str = "false") -> str:
        answer = await send(desk, f"/skus/{sku}/cards", {"skip_bad": skip_bad}, body)
        assert answer.status_code == 303, answer.text
        return (await desk.get(f"/skus/{sku}/cards")).text

    async def free() -> int:
        return (await card_import.stock(sku)).free

    page = await load(text.encode())
    assert "导入 0 条" in page
    assert await free() == 1
    page = await load(text.encode(), "true")
    assert "导入 2 条" in page
    for problem in ("该卡密已入库", "空行", "重复", "超过 200 个字", "不可用的字符"):
        assert problem in page
    assert "NEW-" not in page
    assert await free() == 3
    assert (await skus())[0]["available"] == 3
    page = await load(text.encode(), "true")
    assert "导入 0 条" in page
    sheet = SheetWriter("卡", ["卡密"])
    sheet.append([["S-1"], ["S-2"]])
    assert "导入 2 条" in await load(sheet.finished())
    sealed = await db.fetch("SELECT sealed FROM card_keys")
    assert "S-1" not in str(sealed)
    assert "NEW-1" not in str(await db.fetch("SELECT detail FROM audit_log"))
    for body in (b"", b"\xff\xfe\x00", b"PK\x03\x04", b"\n".join([b"x"] * 10_001)):
        assert (await send(desk, f"/skus/{sku}/cards", {}, body)).status_code == 422
    assert (await send(desk, f"/skus/{sku}/cards", {"skip_bad": "perhaps"}, b"x")).status_code == 400
    await stock(mall, product("mask", "补水面膜"))
    physical = await db.fetch_value("SELECT id FROM skus WHERE code = 'mask-1'")
    assert (await send(desk, f"/skus/{physical}/cards", {}, b"x")).status_code == 422
    assert "这个商品没有卡密" in (await desk.get(f"/skus/{physical}/cards")).text


async def test_a_product_whose_pieces_are_coupons(mall: Mall, desks: Any) -> None:
    await stock(mall)
    templates = {"templates": [{"slug": "ten", "name": "十元券", "amount_fen": 1000}]}
    await coupon_apply.apply(mall.deps, templates, "tester")
    await levels.change(mall.deps, [Level("普通", 0), Level("金卡", 9)], levels.version(()), "test", "tester")
    desk: Desk = await desks(Role.OPERATIONS)
    assert '<option value="ten">优惠券：十元券</option>' in (await desk.get("/products/new")).text
    refused = await send(desk, "/products/new", NEW | {"coupon": "ten"})
    assert re.findall(r'data-field="([^"]+)"', refused.text) == ["coupon"]
    made = await send(
        desk, "/products/new", NEW | {"coupon": "ten", "kind": "virtual", "exchange_only": "1", "min_level": "1"}
    )
    assert made.status_code == 303, made.text
    place = made.headers["location"].removeprefix("/admin")
    page = (await desk.get(place)).text
    template_id = await db.fetch_value("SELECT id FROM coupon_templates")
    assert f'<a href="/admin/coupon-templates/{template_id}">十元券</a>' in page
    assert "仅限积分兑换</span>" in page
    assert '<option value="1" selected>金卡及以上</option>' in page
    (sku,) = await skus()
    assert sku["available"] == 12
    assert "这个商品没有卡密" in (await desk.get(f"/skus/{sku['id']}/cards")).text
    assert "入库、更正或改提醒线" in (await desk.get("/stock")).text
    change = fields_of(page) | {"skus[0].stock_add": "5", "min_level": "1", "reason": "加量"}
    assert (await send(desk, place, change)).status_code == 303
    assert (await skus())[0]["available"] == 17
    page = (await desk.get("/products")).text
    assert "仅限积分兑换</span>" in page
    assert "金卡专享</span>" in page
    asked = await send(desk, place, change | {"min_level": "gold", "seen": "x"})
    assert set(re.findall(r'data-field="([^"]+)"', asked.text)) == {"min_level", "seen"}


async def test_a_products_times_limit_and_freight(mall: Mall, desks: Any) -> None:
    await stock(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    mall.clock.advance(60)
    soon, late = (f"{day_start(shanghai_day(mall.clock.now())) + timedelta(days=n):%Y-%m-%dT00:00:00}" for n in (2, 4))
    timed = NEW | {"on_from": "2099-01-02T08:00", "off_from": "2099-01-01T08:00", "limit_each": "0", "freight": "x"}
    refused = await send(desk, "/products/new", timed)
    assert refused.status_code == 422
    assert set(re.findall(r'data-field="([^"]+)"', refused.text)) == {"limit_each", "off_from", "freight"}
    refused = await send(desk, "/products/new", timed | {"limit_each": "2"})
    assert set(re.findall(r'data-field="([^"]+)"', refused.text)) == {"off_from", "freight"}
    refused = await send(desk, "/products/new", timed | {"limit_each": "2", "on_from": "morgen"})
    assert set(re.findall(r'data-field="([^"]+)"', refused.text)) == {"on_from", "freight"}
    timed |= {"on_from": soon, "off_from": late, "limit_each": "2", "freight": "", "skus[0].weight_g": "250"}
    made = await send(desk, "/products/new", timed)
    assert made.status_code == 303, made.text
    place = made.headers["location"].removeprefix("/admin")
    assert (await skus())[0]["weight_g"] == 250
    found = fields_of((await desk.get(place)).text)
    assert [found[name] for name in ("limit_each", "skus[0].weight_g")] == ["2", "250"]
    assert f'name="on_from" step="1" value="{soon}"' in (await desk.get(place)).text
    for days, state, shown in ((0, "coming", "待上架"), (2, "on", "上架"), (2, "off", "已到期下架")):
        mall.clock.advance(days * DAY_S)
        await desk.log_in()
        assert f">{shown}</span>" in (await desk.get(place)).text
        for path in ("/products", "/stock"):
            for show in ("coming", "on", "off"):
                assert ("精华液" in (await desk.get(path, show=show)).text) is (show == state), (path, show)
    cleared = found | {"on_from": "", "off_from": "", "limit_each": "", "reason": "长期"}
    assert (await send(desk, place, cleared)).status_code == 303
    record = await last_record()
    assert record["detail"]["after"] == {"products": {"serum": {"on_from": None, "off_from": None, "limit_each": None}}}
    assert ">上架</span>" in (await desk.get(place)).text
