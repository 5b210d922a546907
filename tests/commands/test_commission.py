import json
from pathlib import Path

from server import db
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.shop import make_sku


async def test_policies_are_applied_from_a_file_and_shown(mall: Mall, tmp_path: Path) -> None:
    await make_sku()
    product = await db.fetch_value("SELECT id FROM products")
    category = await db.fetch_value("SELECT category_id FROM products")
    file = tmp_path / "policies.json"
    code, out, err = await run(mall, "commission", "show")
    assert (code, out) == (1, "")
    assert "还没有发布" in err
    terms = {
        "policies": [
            {"kind": "ratio", "ratio_bp": 500},
            {"kind": "fixed", "fixed_fen": 100, "scope": "product", "ids": [product]},
            {"kind": "ratio", "ratio_bp": 800, "scope": "category", "ids": [category]},
        ]
    }
    file.write_text(json.dumps(terms), encoding="utf-8")
    for _ in range(2):  # the second time it says that these policies are in force already
        code, out, err = await run(mall, "commission", "apply", str(file), "--note", "开业")
        assert (code, out, err) == (0, "完成 done: version 1, policies 3\n", "")
    record = await db.fetch_row("SELECT actor, action, subject, count(*) OVER () AS records FROM audit_log")
    assert record is not None
    assert tuple(record) == ("cli", "commission.apply", "commission_version:1", 1)
    code, out, _ = await run(mall, "commission", "show", "--json")
    shown = json.loads(out)
    assert (code, shown["version"], shown["note"], shown["terms"]["commission_cap_bp"]) == (0, 1, "开业", 3_000)
    code, out, _ = await run(mall, "commission", "show")
    assert code == 0
    assert "分润策略版本 1" in out
    assert "observe_days: 7" in out


async def test_every_mistake_of_a_file_is_told_with_its_line(mall: Mall, tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    wrong = {
        "depth": 1,
        "policies": [
            {"kind": "ratio", "ratio_bp": 500, "level": 2},
            {"kind": "ratio", "ratio_bp": 500, "scope": "product", "ids": [404]},
            {"kind": "ratio", "ratio_bp": 500, "scope": "category", "ids": [405]},
        ],
    }
    file.write_text(json.dumps(wrong, indent=1), encoding="utf-8")
    code, out, err = await run(mall, "commission", "apply", str(file))
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"{file}:7: $.policies[0].level 分润层级只有 1 级",
        f"{file}:14: $.policies[1].ids[0] 没有编号为 404 的商品",
        f"{file}:22: $.policies[2].ids[0] 没有编号为 405 的类目",
    ]
    file.write_text('{"depth":\n 3}', encoding="utf-8")
    code, _, err = await run(mall, "commission", "apply", str(file))
    assert code == 1
    assert f"{file}:2: $.depth" in err
