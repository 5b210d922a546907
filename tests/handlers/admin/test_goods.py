"""Goods and coupons at the panel: what forms do, refuse by field, and leave in the log."""

import io
import os
import re
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from PIL import Image

from server import db
from server.core.errors import NotFound
from server.rules.operators import Role
from server.services import card_import, catalogue_apply, goods_desk, product_pictures
from server.services.sheets import SheetWriter
from tests.handlers.admin.conftest import Desk
from tests.support.mall import Mall
from tests.support.shop import make_virtual_sku, product, shopper, stock

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


async def send(desk: Desk, path: str, form: dict[str, Any], file: bytes | None = None) -> httpx.Response:
    data = {"csrf": await desk.csrf(), **form}
    files = None if file is None else {"file": ("f", file)}
    return await desk.http.post(f"/admin{path}", data=data, files=files)


async def skus() -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch("SELECT * FROM skus ORDER BY id")]


async def last_record() -> dict[str, Any]:
    row = await db.fetch_row("SELECT * FROM audit_log ORDER BY id DESC LIMIT 1")
    assert row is not None
    return {**row, "detail": orjson.loads(row["detail"])}


def fields_of(page: str) -> dict[str, str]:
    """The product form as a browser would send it back."""
    form = page[page.index('name="seen"') :]
    found = {"seen": re.findall(r'name="seen" value="([^"]+)"', page)[0]}
    found |= dict(re.findall(r'<input name="([^"]+)"[^>]*?value="([^"]*)"', form))
    for name in re.findall(r'type="checkbox" name="([^"]+)" value="1" checked', form):
        found[name] = "1"
    found["category"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    found["detail"] = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", form)[0]
    return found


def photo(colour: str = "red", kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", size, colour).save(out, kind, exif=exif)
    return out.getvalue()


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
    number = await goods_desk.product_id("mask")
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
        await goods_desk.product_id("nothing")
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
    assert "实物商品没有卡密" in (await desk.get(f"/skus/{physical}/cards")).text


async def test_pictures_are_drawn_anew_moved_and_taken_off(mall: Mall, desks: Any) -> None:
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods_desk.product_id("mask")
    desk: Desk = await desks(Role.OPERATIONS)

    async def images() -> list[str]:
        return (await goods_desk.product(number))["images"]  # type: ignore[no-any-return]

    for colour, kind in (("red", "JPEG"), ("green", "PNG"), ("blue", "WEBP")):
        added = await send(desk, f"/products/{number}/pictures", {}, photo(colour, kind))
        assert added.status_code == 303, added.text
    one, two, three = await images()
    served = await mall.http.get(f"{mall.base_url}{one}")
    assert served.status_code == 200
    picture = Image.open(io.BytesIO(served.content))
    assert (picture.format, dict(picture.getexif())) == ("WEBP", {})
    assert (await send(desk, f"/products/{number}/pictures", {}, photo("red"))).status_code == 303
    assert await images() == [two, three, one]
    moves = [(one, "earlier", [two, one, three]), (one, "later", [two, three, one]), (one, "first", [one, two, three])]
    for name, move, expected in [*moves, (two, "remove", [one, three])]:
        moved = await send(desk, f"/products/{number}/pictures/move", {"picture": name, "move": move})
        assert moved.status_code == 303
        assert await images() == expected
    gone = await send(desk, f"/products/{number}/pictures/move", {"picture": two, "move": "first"})
    assert gone.status_code == 404
    odd = await send(desk, f"/products/{number}/pictures/move", {"picture": one, "move": "upside down"})
    assert odd.status_code == 400
    for body in (b"", b"no picture", photo()[:200], photo(size=(6000, 6000))):
        assert (await send(desk, f"/products/{number}/pictures", {}, body)).status_code == 422
    large = await send(desk, f"/products/{number}/pictures", {}, b"x" * (5 * 1024 * 1024 + 1))
    assert large.status_code == 413
    await stock(mall, {"slug": "mask", "images": [f"/media/{n}.webp" for n in range(12)]})
    full = await send(desk, f"/products/{number}/pictures", {}, photo())
    assert full.status_code == 422
    assert "最多 12 项" in full.text


async def test_pictures_that_nothing_shows_go_after_a_day(mall: Mall, desks: Any) -> None:
    folder = mall.deps.media_dir
    assert folder is not None
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods_desk.product_id("mask")
    category = await db.fetch_value("SELECT id FROM categories WHERE slug = 'face'")
    for colour in ("red", "green", "blue"):
        await product_pictures.add(mall.deps, number, photo(colour), "anna")
    await product_pictures.set_icon(mall.deps, category, photo("black"), "anna")
    shown, ordered, unused = (await goods_desk.product(number))["images"]
    await stock(mall, {"slug": "mask", "images": [ordered]})
    me = await shopper(mall)
    await me.place((await skus())[0]["id"])
    await stock(mall, {"slug": "mask", "images": [shown]})
    there = {file.name for file in folder.glob("goods-*.webp")}
    await product_pictures.forget(mall.deps)
    assert {file.name for file in folder.glob("goods-*.webp")} == there
    for file in folder.glob("goods-*.webp"):
        os.utime(file, (0, 0))
    await product_pictures.forget(mall.deps)
    assert there - {file.name for file in folder.glob("goods-*.webp")} == {unused.removeprefix("/media/")}
    await product_pictures.forget(mall.deps)
    bare = replace(mall.deps, media_dir=None)
    await product_pictures.forget(bare)
    with pytest.raises(NotFound):
        await product_pictures.add(bare, number, photo(), "anna")


async def test_a_picture_taken_while_it_was_put_up_is_there_again(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mall.deps.media_dir
    assert folder is not None
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods_desk.product_id("mask")
    apply = catalogue_apply.apply

    async def late(*args: Any) -> Any:
        for file in folder.glob("goods-*.webp"):
            file.unlink()
        return await apply(*args)

    monkeypatch.setattr(catalogue_apply, "apply", late)
    await product_pictures.add(mall.deps, number, photo("orange"), "anna")
    (name,) = (await goods_desk.product(number))["images"]
    assert (folder / name.removeprefix("/media/")).exists()


async def test_the_tree_of_categories(mall: Mall, desks: Any) -> None:
    await stock(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    made = await send(desk, "/categories", {"slug": "eyes", "name": "眼部", "parent": "face", "position": "2"})
    assert made.status_code == 303, made.text
    again = await send(desk, "/categories", {"slug": "eyes", "name": "眼部"})
    assert again.status_code == 422
    assert "已有这个分类" in again.text
    tree = await goods_desk.categories()
    assert [(one["slug"], one["depth"]) for one in tree] == [("beauty", 0), ("face", 1), ("eyes", 2), ("baby", 0)]
    ids = {one["slug"]: one["id"] for one in tree}
    loop = await send(desk, f"/categories/{ids['beauty']}", {"name": "美妆", "parent": "eyes"})
    assert loop.status_code == 422
    assert "分类不能在自己的下级之下" in loop.text
    assert (await send(desk, f"/categories/{ids['eyes']}", {"name": ""})).status_code == 422
    assert (await send(desk, f"/categories/{ids['eyes']}", {"name": "眼", "position": "x"})).status_code == 422
    assert (await send(desk, "/categories/404", {"name": "眼"})).status_code == 404
    moved = await send(desk, f"/categories/{ids['eyes']}", {"name": "眼唇", "parent": "", "position": "1"})
    assert moved.status_code == 303
    record = await last_record()
    assert record["subject"] == "category:eyes"
    assert record["detail"] == {
        "before": {"categories": {"eyes": {"name": "眼部", "parent": "face", "position": 2}}},
        "after": {"categories": {"eyes": {"name": "眼唇", "parent": None, "position": 1}}},
    }
    assert (await send(desk, f"/categories/{ids['eyes']}/icon", {}, photo())).status_code == 303
    assert "/media/goods-" in (await desk.get("/categories")).text


COUPON = {"slug": "ten", "name": "满百减十", "amount_fen": "10", "threshold_fen": "100", "valid_days": "7"}


async def test_coupons_are_made_and_changed(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    form = COUPON | {"total": "5", "per_member": "2", "active": "1"}
    assert (await send(desk, "/coupon-templates/new", form)).status_code == 303
    again = await send(desk, "/coupon-templates/new", form)
    assert again.status_code == 422
    assert "已有这个优惠券" in again.text
    number = await db.fetch_value("SELECT id FROM coupon_templates")
    me = await shopper(mall)
    await me.post(f"/coupon-templates/{number}/claim", {})
    place = f"/coupon-templates/{number}"
    assert (await send(desk, place, form | {"name": "新"})).status_code == 422
    wrong: dict[str, dict[str, str]] = {
        "amount_fen": {"amount_fen": "0"},
        "threshold_fen": {"threshold_fen": "-1"},
        "valid_days": {"valid_days": "9999"},
        "per_member": {"per_member": ""},
        "total": {"total": "0"},
        "name": {"name": "长" * 41},
    }
    for field, change in wrong.items():
        refused = await send(desk, place, form | {"reason": "x"} | change)
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, field
    form.pop("active")
    assert (await send(desk, place, form | {"reason": "停发", "total": "1"})).status_code == 303
    record = await last_record()
    assert record["subject"] == "coupon:ten"
    assert record["detail"] == {
        "before": {"ten": {"total": 5, "active": True}},
        "after": {"ten": {"total": 1, "active": False}},
        "reason": "停发",
    }
    assert (await send(desk, place, form | {"reason": "同样", "total": "1"})).status_code == 303
    assert (await last_record())["detail"]["after"] == {}
    page = (await desk.get("/coupons", q=str(me.id), template="ten", state="unused")).text
    assert "满百减十" in page
    assert "满百减十" in (await desk.get("/coupons", template=f"#{number}")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="expired")).text
    mall.clock.advance(8 * 86_400)
    await desk.log_in()
    assert "已过期" in (await desk.get("/coupons", state="expired")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="unused")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="used")).text
