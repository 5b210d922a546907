import json
from pathlib import Path
from typing import Any

from server import db
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.shop import CATEGORIES, product, stock


def filed(folder: Path, content: Any) -> str:
    path = folder / "file.json"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return str(path)


async def test_products_are_applied_from_a_file(mall: Mall, tmp_path: Path) -> None:
    good = filed(tmp_path, {"categories": CATEGORIES, "products": [product("mask", "补水面膜")]})
    code, out, err = await run(mall, "product", "apply", good, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "ok": True,
        "categories": 3,
        "products": 1,
        "products_new": 1,
        "skus": 1,
        "skus_new": 1,
        "pieces": 100,
    }
    record = await db.fetch_row("SELECT actor, action FROM audit_log")
    assert record is not None
    assert tuple(record) == ("cli", "product.apply")
    bad = filed(tmp_path, {"products": [{"slug": "mask", "skus": [{"code": "mask-1", "stock_add": -101}]}]})
    code, out, err = await run(mall, "product", "apply", bad)
    assert (code, out) == (1, "")
    assert err == f"{bad}:8: $.products[0].skus[0].stock_add 可用库存只有 100，不能减少 101\n"
    code, out, err = await run(mall, "product", "apply", bad, "--json")
    assert (code, err) == (1, "")
    assert [one["line"] for one in json.loads(out)["problems"]] == [8]
    code, out, err = await run(mall, "product", "apply", str(tmp_path / "missing.json"))
    assert (code, out) == (2, "")
    assert "missing.json" in err


async def test_coupons_are_applied_from_a_file_and_the_shop_is_seeded(mall: Mall, tmp_path: Path) -> None:
    good = filed(tmp_path, {"templates": [{"slug": "ten", "name": "满99减10", "amount_fen": 1000}]})
    code, out, err = await run(mall, "coupon", "apply", good)
    assert (code, out, err) == (0, "完成 done: templates 1, templates_new 1\n", "")
    code, out, err = await run(mall, "seed")
    assert (code, err) == (0, "")
    assert "notice_templates 13" in out
    assert await db.fetch_value("SELECT count(*) FROM products") >= 36


async def test_activities_are_applied_from_a_file(mall: Mall, tmp_path: Path) -> None:
    await stock(mall, product("mask", "补水面膜"))
    entry = {
        "slug": "mask-3",
        "title": "三人团",
        "product": "mask",
        "size": 3,
        "window_hours": 24,
        "starts_at": "2026-01-01T00:00:00+08:00",
        "ends_at": "2036-01-01T00:00:00+08:00",
        "skus": [{"code": "mask-1", "price_fen": 3900}],
    }
    code, out, err = await run(mall, "activity", "apply", filed(tmp_path, {"group_buys": [entry]}))
    assert (code, out, err) == (0, "完成 done: activities 1, activities_new 1\n", "")
    code, out, err = await run(mall, "activity", "apply", filed(tmp_path, {"group": [], "group_buys": [3]}))
    assert (code, out) == (1, "")
    assert "没有名为 group 的字段" in err
    code, _, err = await run(mall, "activity", "apply", filed(tmp_path, {"group_buys": [{"slug": "bare"}]}))
    assert (code, "新活动缺少字段 product" in err) == (1, True)


async def test_flash_sales_are_applied_from_a_file(mall: Mall, tmp_path: Path) -> None:
    await stock(mall, product("mask", "补水面膜"))
    sale = {
        "slug": "noon",
        "name": "午间秒杀",
        "starts_at": "2099-01-01T12:00:00+08:00",
        "ends_at": "2099-01-01T13:00:00+08:00",
    }
    item = {"sku": "mask-1", "price_fen": 990, "stock": 20}
    code, out, err = await run(mall, "activity", "apply", filed(tmp_path, {"flash_sales": [sale | {"items": [item]}]}))
    assert (code, out, err) == (0, "完成 done: activities 1, activities_new 1\n", "")
    assert await db.fetch_value("SELECT reserved FROM skus") == 20
    bad = filed(tmp_path, {"flash_sales": [{"slug": "noon", "items": [item | {"stock": 101}]}]})
    code, out, err = await run(mall, "activity", "apply", bad)
    assert (code, out) == (1, "")
    assert "商品可售库存只剩 80 件" in err


async def test_points_goods_are_applied_from_a_file(mall: Mall, tmp_path: Path) -> None:
    await stock(mall, product("mask", "补水面膜"))
    good = {"slug": "mask", "sku": "mask-1", "points": 900, "stock": 20}
    code, out, err = await run(mall, "activity", "apply", filed(tmp_path, {"points_goods": [good]}))
    assert (code, out, err) == (0, "完成 done: activities 1, activities_new 1\n", "")
    row = await db.fetch_row("SELECT points, price_fen, stock, taken, per_member, active FROM points_goods")
    assert tuple(row or ()) == (900, 0, 20, 0, None, True)
    wrong = {
        "新商品缺少字段 points": {"slug": "b", "sku": "mask-1", "stock": 1},
        "没有这个 SKU": {"slug": "c", "sku": "none", "points": 1, "stock": 1},
        "不能更换 SKU": {"slug": "mask", "sku": "none"},
        "不能小于 1": {"slug": "d", "points": 0},
    }
    bad = filed(tmp_path, {"points_goods": [*wrong.values(), {"slug": "b"}]})
    code, out, err = await run(mall, "activity", "apply", bad)
    assert (code, out) == (1, "")
    for problem in (*wrong, "重复"):
        assert problem in err, problem
    changes: dict[str, dict[str, Any]] = {"应低于商品售价": {"price_fen": 5900}, "已有这个积分商品": {"new": True}}
    for problem, change in changes.items():
        again = filed(tmp_path, {"points_goods": [{"slug": "mask"} | change]})
        code, _, err = await run(mall, "activity", "apply", again)
        assert (code, problem in err) == (1, True), err
