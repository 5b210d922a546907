"""`reconcile` as operators run it, on a mall's database and its sandbox."""

import json
from pathlib import Path

from server import db
from server.core.clock import shanghai_day
from tests.support.bills import forget, to_hour
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, until


async def test_a_day_that_agrees_one_that_does_not_and_one_without_bill(mall: Mall, tmp_path: Path) -> None:
    day = shanghai_day(to_hour(mall, 12))
    buyer, sku = await join(mall), await make_sku(10_000)
    orders = [await buyer.buy(sku) for _ in range(2)]
    await until(lambda: db.fetch_value("SELECT count(*) = 2 FROM payments"))
    code, out, err = await run(mall, "reconcile", "--date", str(day))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{day} 一致",
        "  交易：我方 2 笔 200.00 元，微信 2 笔 200.00 元",
        "  退款：我方 0 笔 0.00 元，微信 0 笔 0.00 元",
        "  资金：我方 2 笔 200.00 元，微信 2 笔 200.00 元",
        "  扣除交易手续费：-1.20 元",
    ]
    lost = await db.fetch_value("SELECT transaction_id FROM orders WHERE order_no = $1", orders[0])
    forget(mall.folder, "transaction", lost)
    code, out, _ = await run(mall, "reconcile", "--date", str(day), "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["state"], told["day"]) == (1, False, "differences", str(day))
    assert [(one["bill"], one["kind"], one["subject"]) for one in told["differences"]] == [
        ("trade", "ours_only", lost),
        ("fund", "ours_only", lost),
    ]
    code, out, _ = await run(mall, "reconcile", "--date", str(day))
    assert (code, f"  交易 仅我方有 {lost}：我方 100.00 元 paid {orders[0]}，微信 无" in out) == (1, True)
    code, out, _ = await run(mall, "reconcile", "list")
    assert (code, out) == (0, f"{day} 有差异 2 处差异 cli\n")
    code, out, _ = await run(mall, "reconcile", "list", "--json")
    assert (code, [one["differences"] for one in json.loads(out)]) == (0, [2])


async def test_what_cannot_be_reconciled(mall: Mall, tmp_path: Path) -> None:
    code, _, err = await run(mall, "reconcile", "--date", "2199-01-01")
    assert (code, err.strip().endswith("(bill_not_ready)")) == (1, True)
    code, out, _ = await run(mall, "reconcile", "--date", "2199-01-01", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (1, "bill_not_ready")
    code, out, _ = await run(mall, "reconcile", "--date", "2020-01-01")
    assert (code, out.startswith("2020-01-01 未能对账：WeChatError: INVALID_REQUEST")) == (1, True)
    assert (await run(mall, "reconcile"))[0] == 2
