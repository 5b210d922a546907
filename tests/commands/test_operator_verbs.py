import json
from pathlib import Path
from typing import Any

from server import db
from tests.support.cli import run
from tests.support.mall import Mall
from tests.support.purse import ask, rich
from tests.support.shop import join, make_sku, publish, work


async def test_the_rule_is_published_and_shown(mall: Mall, tmp_path: Path) -> None:
    code, _, err = await run(mall, "rule", "show")
    assert (code, err) == (1, "没有找到\n")
    terms = tmp_path / "rule.json"
    terms.write_text('{"required": 2, "cap_fen": 5000}', encoding="utf-8")
    code, out, err = await run(mall, "rule", "publish", str(terms), "--note", "开业规则")
    assert (code, out, err) == (0, "规则已发布 published\n", "")
    code, out, _ = await run(mall, "rule", "show", "--json")
    shown = json.loads(out)
    assert (code, shown["version"], shown["note"]) == (0, 1, "开业规则")
    assert (shown["terms"]["required"], shown["terms"]["stages_bp"]) == (2, [0, 10_000])
    code, out, _ = await run(mall, "rule", "show")
    assert code == 0
    assert "规则版本 1" in out
    assert "  cap_fen: 5000" in out
    terms.write_text('{"required": 1}', encoding="utf-8")
    code, out, err = await run(mall, "rule", "publish", str(terms), "--note", "错的")
    assert (code, out) == (1, "")
    assert err.startswith("规则不合法 (rule_invalid)")
    assert '"field":"required"' in err
    assert await db.fetch_value("SELECT count(*) FROM rule_versions") == 1


async def test_a_rule_without_its_limits_is_published_with_reasons_only(mall: Mall, tmp_path: Path) -> None:
    file, cap, early = tmp_path / "rule.json", "开业活动，预算另有上限", "礼品卡售出不退，无需观察"

    async def published(**terms: Any) -> tuple[int, str]:
        file.write_text(json.dumps(terms), encoding="utf-8")
        code, _, err = await run(mall, "rule", "publish", str(file), "--note", "测试")
        return code, err

    for terms, waiver in (
        ({"payout_cap_bp": None}, "no_payout_cap"),
        ({"payout_cap_bp": None, "waivers": {"early_release": early}}, "no_payout_cap"),
        ({"observe_days": 0, "withdrawable": True}, "early_release"),
        ({"observe_days": 6, "withdrawable": True, "waivers": {"no_payout_cap": cap}}, "early_release"),
        ({"observe_days": 0, "waivers": {"early_release": "太短"}}, "early_release"),
    ):
        code, err = await published(**terms)
        assert (code, err.startswith("规则不合法 (rule_invalid)")) == (1, True)
        assert f'"field":"waivers.{waiver}"' in err
        assert err.count(f"waivers.{waiver}") == 2, "the sentence names the waiver, too"
    assert await db.fetch_value("SELECT count(*) FROM rule_versions") == 0
    waivers = {"no_payout_cap": cap, "early_release": early}
    code, _ = await published(payout_cap_bp=None, observe_days=0, withdrawable=True, waivers=waivers)
    assert code == 0
    shown = json.loads((await run(mall, "rule", "show", "--json"))[1])
    assert shown["terms"]["waivers"] == waivers
    assert early in (await run(mall, "rule", "show"))[1]
    said = (await mall.http.get("/api/shop")).json()["rule"]["plain"]
    assert {"title": "本版规则放宽的限制", "text": WAIVED.format(cap, early)} in said


WAIVED = "允许不设占好友订单实付的上限，理由：{}。允许观察期短于售后期，理由：{}。"


async def test_orders_are_shipped_and_refunds_decided(mall: Mall, tmp_path: Path) -> None:
    await publish(mall)
    anna = await join(mall)
    order_no = await anna.buy(await make_sku())
    code, out, err = await run(mall, "order", "ship", order_no, "--company", "SF", "--tracking", "SF1234567890")
    assert (code, out, err) == (0, "已发货 shipped\n", "")
    assert (await anna.order(order_no))["status"] == "shipped"
    code, _, err = await run(mall, "order", "ship", order_no)
    assert (code, err) == (1, '当前状态不支持此操作 (state_conflict) {"status":"shipped"}\n')

    code, _, err = await run(mall, "order", "correct", order_no, "--company", "ZTO")
    assert (code, "运单号要么都填" in err) == (1, True)
    code, out, err = await run(mall, "order", "correct", order_no, "--company", "中通", "--tracking", "ZTO7654321")
    assert (code, out, err) == (0, "已更正物流信息 corrected\n", "")
    assert (await anna.order(order_no))["tracking_no"] == "ZTO7654321"
    code, _, err = await run(mall, "order", "correct", order_no, "--pick-up")
    assert (code, "shipping_final" in err) == (1, True)
    fetched = await anna.buy(await make_sku())
    assert (await run(mall, "order", "ship", fetched, "--pick-up"))[0] == 0
    assert (await anna.order(fetched))["shipped_by"] == "pick_up"

    refused = await anna.post(f"/orders/{order_no}/refunds", {"reason": "不合适"})
    assert (await run(mall, "refund", "reject", refused["refund_no"]))[0] == 0
    granted = await anna.post(f"/orders/{order_no}/refunds", {"reason": "真的不合适"})
    assert (await run(mall, "refund", "approve", granted["refund_no"]))[0] == 0
    await work(mall)
    assert (await anna.order(order_no))["status"] == "refunded"
    code, _, err = await run(mall, "refund", "approve", "R0")
    assert (code, "not_found" in err) == (1, True)

    other = await anna.buy(await make_sku())
    code, out, _ = await run(mall, "refund", "open", other, "--reason", "缺货")
    (opened,) = (await anna.get(f"/orders/{other}/refunds"))["items"]
    assert (code, out, opened["state"]) == (0, f"已提交退款申请 opened: {opened['refund_no']}\n", "requested")
    actors = await db.fetch("SELECT DISTINCT actor FROM audit_log WHERE action <> 'rule_publish'")
    assert [row["actor"] for row in actors] == ["cli"]


async def test_a_refund_that_wechat_closed_is_reissued(mall: Mall, tmp_path: Path) -> None:
    anna = await join(mall)
    sku = await make_sku()
    await mall.control("knobs", refund_outcome="CLOSED")
    numbers = [(await anna.refund(await anna.buy(sku)))["refund_no"] for _ in range(2)]
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    await mall.control("knobs", reset=True)
    mall.clock.advance(61)  # WeChat wants a minute between two refunds of one order
    code, out, err = await run(mall, "refund", "reissue", numbers[0], "--way", "again", "--reason", "已充值")
    issue_no = await db.fetch_value("SELECT issue_no FROM refunds WHERE refund_no = $1", numbers[0])
    assert (code, out, err) == (0, f"已处理 reissued: {issue_no}\n", "")
    hand = ("refund", "reissue", numbers[1], "--way", "hand", "--reason", "已转账")
    assert (await run(mall, *hand))[0] == 2
    code, out, err = await run(mall, *hand, "--reference", "BANK20261201")
    assert (code, out, err) == (0, f"已处理 reissued: {numbers[1]}\n", "")
    assert (await run(mall, "refund", "reissue", numbers[1], "--way", "card", "--reason", "原卡已注销"))[0] == 2
    code, _, err = await run(mall, *hand, "--reference", "BANK20261202")
    assert (code, "state_conflict" in err) == (1, True)
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert await db.fetch_value("SELECT array_agg(DISTINCT state) FROM refunds") == ["succeeded"]


async def test_withdrawals_are_approved_and_rejected(mall: Mall, tmp_path: Path) -> None:
    anna = await rich(mall)
    first, second = await ask(anna), await ask(anna)
    code, out, err = await run(mall, "withdrawal", "approve", first)
    assert (code, out, err) == (0, "已同意提现 approved\n", "")
    code, _, err = await run(mall, "withdrawal", "approve", first)
    assert (code, err) == (1, '当前状态不支持此操作 (state_conflict) {"status":"approved"}\n')
    code, out, _ = await run(mall, "withdrawal", "reject", second, "--why", "资料不符")
    assert (code, out) == (0, "已拒绝提现 rejected\n")
    assert (await anna.get(f"/withdrawals/{second}"))["why"] == "资料不符"
    assert (await run(mall, "withdrawal", "reject", "W0"))[0] == 1


async def test_a_qualification_is_reviewed(mall: Mall, tmp_path: Path) -> None:
    await publish(mall)
    anna = await join(mall)
    friend = await join(mall, anna)
    await friend.buy(await make_sku())
    found = await db.fetch_value("SELECT id FROM qualifications")
    code, _, err = await run(mall, "qualification", "review", str(found), "pass")
    assert (code, "state_conflict" in err) == (1, True)
    assert (await run(mall, "qualification", "review", str(found), "maybe"))[0] == 2
    code, out, _ = await run(mall, "qualification", "review", str(found), "void")
    assert (code, out) == (0, "已审核 reviewed\n")
    assert await db.fetch_value("SELECT state FROM qualifications") == "void"
