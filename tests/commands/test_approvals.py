"""The command line above its limits: it says which approval it waits for, and exits with 3."""

import json
from pathlib import Path

import pytest

from server import db
from server.services.desk import approvals
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.purse import ask, rich, set_policy
from tests.support.shop import make_sku, publish, shopper, stock
from tests.support.shop import product as product_entry
from tests.support.staff import ADA, employ

LIMITS = {
    "limit_cli_refund_fen": 0,
    "limit_cli_price_bp": 1_000,
    "limit_cli_rules": 0,
    "limit_cli_commissions": 0,
    "limit_cli_coupons": 0,
    "withdrawal_second_from_fen": 4_000,
}


async def waits(mall: Mall, *args: str) -> int:
    code, out, err = await run(mall, *args)
    said = json.loads(out)
    assert (code, err, said["status"], list(said)) == (3, "", "awaiting_approval", ["status", "approval"])
    return int(said["approval"])


async def test_above_its_limits_the_command_line_waits_for_an_operator(
    mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_LIMITS", "1")
    await employ(mall, ADA)
    await publish(mall)
    await stock(mall, product_entry("mask", "面膜", 10_000))
    await set_policy(mall, **LIMITS)
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await me.receive(order_no)
    refund_no = (await me.refund(order_no))["refund_no"]
    withdrawal_no = await ask(await rich(mall), 5_000)
    files = {
        "rule": {"required": 4},
        "terms": {"policies": [{"kind": "ratio", "ratio_bp": 300}]},
        "prices": {"products": [{"slug": "mask", "skus": [{"code": "mask-1", "price_fen": 8_000}]}]},
        "activity": {"points_goods": [{"slug": "cup", "sku": "mask-1", "points": 1, "stock": 5}]},
        "coupons": {"templates": [{"slug": "gift", "name": "礼券", "amount_fen": 500}]},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    asked = [
        await waits(mall, "rule", "publish", str(tmp_path / "rule"), "--note", "四人"),
        await waits(mall, "commission", "apply", str(tmp_path / "terms"), "--json"),
        await waits(mall, "product", "apply", str(tmp_path / "prices"), "--json"),
        await waits(mall, "refund", "approve", refund_no),
        await waits(mall, "activity", "apply", str(tmp_path / "activity")),
        await waits(mall, "coupon", "apply", str(tmp_path / "coupons"), "--json"),
        await waits(mall, "withdrawal", "approve", withdrawal_no),
    ]
    assert await waits(mall, "refund", "approve", refund_no) == asked[3], "asked for twice, it is one"
    assert await db.fetch_value("SELECT array_agg(DISTINCT asked_by || '/' || role) FROM approvals") == ["cli/cli"]
    assert await db.fetch_value("SELECT count(*) FROM audit_log WHERE actor = 'cli' AND action = 'approval.ask'") == 7
    for one in reversed(asked):  # the activity before the price that it rests on
        assert await approvals.approve(mall.deps, one, ADA, "同意") is None
    assert await db.fetch_value("SELECT max(version) FROM rule_versions") == 2
    assert await db.fetch_value("SELECT price_fen FROM skus WHERE code = 'mask-1'") == 8_000
    assert await db.fetch_value("SELECT state FROM withdrawals") == "approved"
    assert await db.fetch_value("SELECT points FROM points_goods") == 1
    assert await db.fetch_value("SELECT amount_fen FROM coupon_templates") == 500
    assert (await me.order(order_no))["refunded_fen"] == 10_000


async def test_without_limits_of_its_own_it_acts_at_once(
    mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_LIMITS", "1")
    await employ(mall, ADA)
    terms = tmp_path / "rule.json"
    terms.write_text('{"required": 2}', encoding="utf-8")
    code, out, err = await run(mall, "rule", "publish", str(terms), "--note", "开业规则")
    assert (code, out, err) == (0, "规则已发布 published\n", "")
    assert await db.fetch_value("SELECT actor FROM audit_log ORDER BY id DESC LIMIT 1") == "cli"
