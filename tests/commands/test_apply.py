import json
from pathlib import Path
from typing import Any

from server import db
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.shop import CATEGORIES, product


def filed(folder: Path, content: Any) -> str:
    path = folder / "file.json"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return str(path)


async def test_products_are_applied_from_a_file(mall: Mall, tmp_path: Path) -> None:
    good = filed(tmp_path, {"categories": CATEGORIES, "products": [product("mask", "补水面膜")]})
    code, out, err = await run(mall, tmp_path, "product", "apply", good, "--json")
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
    code, out, err = await run(mall, tmp_path, "product", "apply", bad)
    assert (code, out) == (1, "")
    assert err == f"{bad}:8: $.products[0].skus[0].stock_add 可用库存只有 100，不能减少 101\n"
    code, out, err = await run(mall, tmp_path, "product", "apply", bad, "--json")
    assert (code, err) == (1, "")
    assert [one["line"] for one in json.loads(out)["problems"]] == [8]
    code, out, err = await run(mall, tmp_path, "product", "apply", str(tmp_path / "missing.json"))
    assert (code, out) == (2, "")
    assert "missing.json" in err


async def test_coupons_are_applied_from_a_file_and_the_shop_is_seeded(mall: Mall, tmp_path: Path) -> None:
    good = filed(tmp_path, {"templates": [{"slug": "ten", "name": "满99减10", "amount_fen": 1000}]})
    code, out, err = await run(mall, tmp_path, "coupon", "apply", good)
    assert (code, out, err) == (0, "完成 done: templates 1, templates_new 1\n", "")
    code, out, err = await run(mall, tmp_path, "seed")
    assert (code, err) == (0, "")
    assert "notice_templates 9" in out
    assert await db.fetch_value("SELECT count(*) FROM products") >= 36
