"""The rebate rule in the panel: versions shown and compared, a new one filled in, previewed and published once."""

import asyncio
from typing import Any

import msgspec
import orjson
import pytest

from server import db
from server.core.errors import FormInvalid, RuleInvalid
from server.rules import rule_forms, shop_form
from server.rules.rebates import RuleTerms
from server.services.terms import policy, rebate_rules
from tests.handlers.admin.conftest import Desk
from tests.support.mall import Mall
from tests.support.shop import make_sku, publish

REASON = "十个字的理由才算理由"


def form(base: int | str, **fields: str) -> dict[str, str]:
    """Return the form of the default terms, with these fields changed."""
    return rule_forms.filled(RuleTerms()) | {"base": str(base)} | fields


async def versions() -> int:
    found: int = await db.fetch_value("SELECT count(*) FROM rule_versions")
    return found


async def test_versions_are_read_and_compared(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    assert "还没有发布过规则" in (await desk.get("/rules")).text
    await publish(mall, cap_fen=5_000)
    await publish(mall, cap_fen=8_000, budget_fen=1_000_000, pay_as="coupon")
    page = (await desk.get("/rules")).text
    assert '<a href="/admin/rules/2">2</a>' in page
    assert "¥10000.00" in page
    first, second = (await desk.get("/rules/1")).text, (await desk.get("/rules/2")).text
    assert "相比" not in first
    assert "推荐 3 位好友，返还你的一笔订单" in first
    assert "<del>50.00 元</del>" in second
    assert "<ins>80.00 元</ins>" in second
    compared = (await desk.get("/rules/compare", old=2, new=1)).text
    assert "<ins>50.00 元</ins>" in compared
    assert "单次返还上限" in compared
    assert "返还比例" not in compared
    assert "内容完全一样" in (await desk.get("/rules/compare", old=1, new=1)).text
    for path, status in (
        ("/rules/9", 404),
        (f"/rules/{2**40}", 404),
        ("/rules/compare?old=1&new=9", 404),
        ("/rules/compare?old=x&new=1", 400),
        ("/rules/compare", 400),
    ):
        assert (await desk.get(path)).status_code == status, path


async def test_a_version_is_previewed_and_then_published(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    page = (await desk.get("/rules/new")).text
    assert "第一版" in page
    assert 'name="base" value="0"' in page
    preview = (await desk.get("/rules/new", **form(0))).text
    assert "这是第一版" in preview
    assert (await desk.post("/rules", **form(0), note="开业")).status_code == 303
    page = (await desk.get("/rules/new")).text
    assert "以第 1 版为基础" in page
    typed = form(1, cap_fen="88.8", ratio_bp="50", stages_bp="30, 30, 40")
    preview = (await desk.get("/rules/new", **typed)).text
    for text in ("<ins>88.80 元</ins>", "<ins>50%</ins>", "<ins>依次 30%、30%、40%</ins>", "每次最多返还 88.80 元"):
        assert text in preview, text
    assert 'name="cap_fen" value="88.8"' in preview
    assert await versions() == 1
    again = (await desk.get("/rules/new", **typed, edit="1")).text
    assert 'name="cap_fen" value="88.8"' in again
    assert "发布前确认" not in again
    done = await desk.post("/rules", **typed, note="减半")
    assert done.headers["location"] == "/admin/rules/2"
    terms = (await rebate_rules.in_force()).terms
    assert (terms.cap_fen, terms.ratio_bp, terms.stages_bp) == (8_880, 5_000, (3_000, 3_000, 4_000))
    row = await db.fetch_row(
        "SELECT actor, subject, detail FROM audit_log WHERE action = 'rule_publish' ORDER BY id DESC"
    )
    assert row is not None
    assert (row["actor"], row["subject"]) == (desk.name, "rule:2")
    assert orjson.loads(row["detail"]) == {"before": 1, "after": 2, "reason": "减半"}
    assert "没有任何变化" in (await desk.get("/rules/new", **(typed | {"base": "2"}))).text


async def test_mistakes_stand_beside_their_fields(mall: Mall, desks: Any) -> None:
    await publish(mall)
    desk: Desk = await desks()
    page = await desk.get("/rules/new", **form(1, required="1", cap_fen="<b>", scope="products", scope_ids="7"))
    assert page.status_code == 200
    assert "有 3 处需要修改" in page.text
    assert "不能小于 2 次" in page.text
    assert "&lt;b&gt;" in page.text
    for scope, noun in (("products", "商品"), ("categories", "分类")):
        page = await desk.get("/rules/new", **form(1, scope=scope, scope_ids="999999"))
        assert f"没有编号为 999999 的{noun}" in page.text
    for bad in (
        form(1, required="1", note="x"),
        form(1, scope="products", scope_ids="999999", note="x"),
    ):
        assert (await desk.post("/rules", **bad)).status_code == 422
    for about in ({"note": " "}, {}, {"note": "x" * 201}):
        assert (await desk.post("/rules", **form(1), **about)).status_code == 400, about
    for base in ("x", "-1", str(2**40)):
        assert (await desk.post("/rules", **form(base), note="x")).status_code == 400, base
    for field in form(1):
        for typed in ("x" * 300, "9" * 30, "<script>", "1e9"):
            assert (await desk.get("/rules/new", **form(1) | {field: typed})).status_code == 200, (field, typed)
    assert await versions() == 1


async def test_a_scope_is_told_by_names(mall: Mall, desks: Any) -> None:
    sku = await make_sku()
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    category = await db.fetch_value("SELECT id FROM categories")
    desk: Desk = await desks()
    preview = (await desk.get("/rules/new", **form(0, scope="products", scope_ids=str(product)))).text
    assert "参与的商品：商品" in preview
    assert (
        await desk.post("/rules", **form(0, scope="categories", scope_ids=str(category)), note="x")
    ).status_code == 303
    assert f"指定分类：care（编号 {category}）" in (await desk.get("/rules/1")).text


async def test_of_two_who_publish_from_the_same_version_one_is_told(mall: Mall, desks: Any) -> None:
    await publish(mall)
    desk: Desk = await desks()
    stale = await desk.get("/rules/new", **form(0))
    assert "这份草稿不能再发布" in stale.text
    assert "<button>发布</button>" not in stale.text
    other: Desk = await desks(name="other-owner")
    answers = await asyncio.gather(
        desk.post("/rules", **form(1, cap_fen="1"), note="一"), other.post("/rules", **form(1, cap_fen="2"), note="二")
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert "第 2 版已经发布，请在它的基础上重新填写" in refused.text
    assert await versions() == 2


async def test_limits_are_left_with_reasons_only(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    free = form(0, payout_cap_bp="", observe_days="0", withdrawable="true")
    page = (await desk.get("/rules/new", **free)).text
    assert "有 2 处需要修改" in page
    for waiver in ("no_payout_cap", "early_release"):
        assert f'id="waivers.{waiver}-wrong"' in page
        assert f"须在 waivers.{waiver} 写明理由" in page
    for fields in (
        free,
        free | {"waivers.no_payout_cap": REASON},
        free | {"waivers.early_release": REASON},
        form(0, observe_days="6", withdrawable="true"),
        form(0, payout_cap_bp="", **{"waivers.no_payout_cap": "太短"}),
    ):
        refused = await desk.post("/rules", **fields, note="x")
        assert (refused.status_code, "waivers." in refused.text) == (422, True)
    assert await versions() == 0
    free |= {"waivers.no_payout_cap": REASON, "waivers.early_release": f"{REASON}二"}
    assert f"允许观察期短于售后期，理由：{REASON}二。" in (await desk.get("/rules/new", **free)).text
    assert (await desk.post("/rules", **free, note="x")).status_code == 303
    page = (await desk.get("/rules/1")).text
    assert f"允许不设占好友订单实付的上限，理由：{REASON}。" in page
    assert f"<dd>{REASON}二</dd>" in page
    assert f'value="{REASON}二"' in (await desk.get("/rules/new")).text


async def test_a_longer_refund_period_must_fit_the_rule_in_force(mall: Mall, desks: Any) -> None:
    await publish(mall, observe_days=7, waivers={"no_payout_cap": REASON})
    held = await policy.stored()

    async def refund_within(days: int) -> list[str]:
        now = await policy.stored()
        wanted = msgspec.structs.replace(now.policy, refund_days=days)
        return await policy.change(mall.deps, wanted, now.version, "test", "tester")

    with pytest.raises(FormInvalid) as refused:
        await refund_within(8)
    (problem,) = refused.value.detail["problems"]
    assert problem["field"] == "refund_days"
    assert "第 1 版的收货后观察期只有 7 天" in problem["problem"]
    assert "waivers.early_release" in problem["problem"]
    assert await policy.stored() == held
    desk: Desk = await desks()
    typed = shop_form.texts(held.policy) | {"refund_days": "15", "version": held.version, "reason": "假期"}
    answer = await desk.post("/settings", **typed)
    assert (answer.status_code, "第 1 版的收货后观察期只有 7 天" in answer.text) == (422, True)
    assert await refund_within(3) == ["refund_days"]
    assert await refund_within(7) == ["refund_days"]
    await publish(mall, observe_days=10, waivers={"no_payout_cap": REASON})
    assert await refund_within(10) == ["refund_days"]
    with pytest.raises(RuleInvalid, match="rule_invalid") as early:
        await publish(mall, observe_days=9, waivers={"no_payout_cap": REASON})
    assert early.value.detail["field"] == "waivers.early_release"
    await publish(mall, observe_days=0, waivers={"no_payout_cap": REASON, "early_release": REASON})
    assert await refund_within(30) == ["refund_days"]


async def test_before_the_first_rule_any_refund_period_will_do(mall: Mall) -> None:
    now = await policy.stored()
    wanted = msgspec.structs.replace(now.policy, refund_days=30)
    assert await policy.change(mall.deps, wanted, now.version, "test", "tester") == ["refund_days"]
