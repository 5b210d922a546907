"""What waits for a second operator, in the panel: asked for where the act is, decided on one page."""

import re
from typing import Any

import pytest

from server import db
from server.rules import rule_forms, shop_form
from server.rules.approvals import CommissionPublish, RulePublish
from server.rules.commissions import CommissionTerms, Ratio
from server.rules.operators import Role
from server.rules.rebates import RuleTerms
from server.services.terms import levels, policy
from tests.handlers.admin.conftest import Desk, send
from tests.handlers.admin.test_flash_sales import typed
from tests.handlers.admin.test_levels import row
from tests.handlers.admin.test_stacking import boxes
from tests.support.mall import Mall
from tests.support.purse import ask, points_of, rich, set_policy
from tests.support.shop import make_sku, publish, publish_commission, shopper, stock
from tests.support.shop import product as product_entry
from tests.support.staff import BEA, CLI, employ, points, waits

WAITS = "已提交，等待另一位运营审批"


@pytest.fixture
async def two(mall: Mall, desks: Any) -> tuple[Desk, Desk]:
    """Return the desks of two owners in a shop whose limits apply."""
    mall.swap(operator_limits=True)
    return await desks(Role.OWNER, "ada"), await desks(Role.OWNER, "zoe")


def place(answer: Any) -> str:
    """Return the page of the approval that an act led to."""
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/admin/approvals/\d+", answer.headers["location"])
    return str(answer.headers["location"]).removeprefix("/admin")


def badge(page: str) -> str:
    found = re.search(r'<span class="badge"[^>]*>(\d+)</span>', page)
    return found[1] if found else ""


async def test_points_wait_and_are_given_by_a_second_operator(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    me = await shopper(mall)
    form = {"points": "60000", "key": "abcdefgh", "reason": "活动补发"}
    assert "还没有需要审批的操作" in (await zoe.get("/approvals", state="")).text
    asked = place(await ada.post(f"/members/{me.id}/points", **form))
    page = (await ada.get(asked)).text
    assert WAITS in page
    assert "撤回申请" in page
    assert "同意并执行" not in page
    assert badge(page) == ""
    assert (await ada.post(f"{asked}/approve", reason="自己")).status_code == 403
    assert await points_of(me) == 0
    page = (await zoe.get("/approvals")).text
    assert badge(page) == "1"
    for shown in ("发放或扣除积分", f"会员 #{me.id}", "60000 积分", "50000 积分", "活动补发", "待审批"):
        assert shown in page, shown
    page = (await zoe.get(asked)).text
    assert "ada（店主）" in page
    assert "<del>0</del> → <ins>60000</ins>" in page
    assert (await zoe.post(f"{asked}/approve", reason=" ")).status_code == 400
    assert (await zoe.post(f"{asked}/approve", reason="核实过")).status_code == 303
    page = (await zoe.get(asked)).text
    assert "已同意，操作已执行" in page
    assert "<dt>审批人</dt><dd>zoe</dd>" in page
    assert badge(page) == ""
    assert await points_of(me) == 60_000
    assert (await zoe.post(f"{asked}/reject", reason="反悔")).status_code == 409
    log = (await zoe.get("/audit", action="member.points")).text
    assert "审批人：zoe" in log
    assert "没有符合条件的申请" in (await zoe.get("/approvals")).text
    for query, found in (({"state": "approved"}, True), ({"state": "", "asked_by": "ada"}, True)):
        assert ("60000 积分" in (await zoe.get("/approvals", **query)).text) is found
    for query in ({"state": "", "asked_by": "zoe"}, {"state": "", "kind": "price_change"}):
        assert "60000 积分" not in (await zoe.get("/approvals", **query)).text
    assert "60000 积分" in (await zoe.get("/approvals", state="", q=f"会员 {me.id}")).text


async def test_an_act_is_rejected_or_taken_back_with_a_reason(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    me = await shopper(mall)
    grown = {"amount": "20000", "reason": "补"}
    first = place(await ada.post(f"/members/{me.id}/growth", key="abcdefgh", **grown))
    second = place(await ada.post(f"/members/{me.id}/growth", key="abcdefgi", **grown))
    assert (await zoe.post(f"{first}/reject", reason="太多")).status_code == 303
    page = (await ada.get(first)).text
    assert "已拒绝" in page
    assert "太多" in page
    assert (await zoe.post(f"{second}/cancel", reason="替她撤")).status_code == 403
    assert (await ada.post(f"{second}/cancel", reason="填错了")).status_code == 303
    assert "已撤回，操作没有执行" in (await ada.get(second)).text
    assert await db.fetch_value("SELECT count(*) FROM growth_entries") == 0
    assert (await zoe.get("/approvals/404")).status_code == 404


async def test_prices_wait_with_the_whole_form(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    await stock(mall, product_entry("mask", "面膜", 10_000))
    product = await db.fetch_value("SELECT id FROM products")
    sku = {"code": "mask-1", "price_fen": "49.00", "on_sale": "on"}
    row = {f"skus[0].{name}": value for name, value in sku.items()}
    page = (await ada.get(f"/products/{product}")).text
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    category = await db.fetch_value("SELECT slug FROM categories ORDER BY id DESC LIMIT 1")
    form = {"title": "新名字", "category": category, "on_sale": "on", "seen": seen[1], "reason": "清仓", **row}
    wrong = await send(ada, f"/products/{product}", form | {"skus[0].price_fen": "很贵"})
    assert wrong.status_code == 422
    asked = place(await send(ada, f"/products/{product}", form))
    page = (await zoe.get(asked)).text
    for shown in ("改价", "商品 mask", "51%", "50%", "清仓", "<del>¥100.00</del> → <ins>¥49.00</ins>"):
        assert shown in page, shown
    assert await db.fetch_value("SELECT title FROM products") == "面膜"
    await db.fetch("UPDATE skus SET price_fen = 9000 RETURNING id")
    assert (await zoe.post(f"{asked}/approve", reason="同意")).status_code == 303
    page = (await zoe.get(asked)).text
    assert "没有做成：当前状态不支持此操作：提交之后情况已经改变，请重新提交" in page
    assert await db.fetch_value("SELECT price_fen FROM skus") == 9_000
    form["skus[0].price_fen"] = "80.00"
    assert (await send(ada, f"/products/{product}", form)).headers["location"] == f"/admin/products/{product}"
    assert await db.fetch_value("SELECT price_fen FROM skus") == 8_000


async def test_rules_and_policies_show_what_they_would_change(mall: Mall, two: tuple[Desk, Desk]) -> None:
    _, zoe = two
    await employ(mall, BEA)
    first = await waits(mall, BEA, RulePublish(terms=RuleTerms(), reason="第一版"))
    page = (await zoe.get(f"/approvals/{first}")).text
    assert "和现在的内容完全一样" in page
    await publish(mall)
    rule = await waits(mall, BEA, RulePublish(terms=RuleTerms(required=4), reason="四人"))
    page = (await zoe.get(f"/approvals/{rule}")).text
    for shown in ("发布返一规则", "四人", "现在", "同意后", "<ins>4"):
        assert shown in page, shown
    act = CommissionPublish(terms=CommissionTerms(policies=(Ratio(ratio_bp=700),)), reason="七个点")
    terms = await waits(mall, BEA, act)
    assert "7%" in (await zoe.get(f"/approvals/{terms}")).text
    await publish_commission(mall)
    assert "7%" in (await zoe.get(f"/approvals/{terms}")).text
    assert (await zoe.post(f"/approvals/{rule}/approve", reason="好")).status_code == 303
    assert "<ins>2" in (await zoe.get(f"/approvals/{rule}")).text, "what is done says which version it made"


async def test_the_forms_of_rules_policies_and_refunds_lead_to_the_queue(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    await publish(mall)
    form = rule_forms.filled(RuleTerms()) | {"base": "1", "note": "再发一版"}
    assert WAITS in (await ada.get(place(await send(ada, "/rules", form)))).text
    text = '{"policies": [{"kind": "ratio", "ratio_bp": 300}]}'
    place(await send(ada, "/commission-policies", {"text": text, "base": "0", "note": "三个点"}))
    await set_policy(mall, limit_owner_refund_fen=0)
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await me.receive(order_no)
    refund_no = (await me.refund(order_no))["refund_no"]
    asked = place(await send(ada, f"/refunds/{refund_no}/approve", {"reason": "质量问题"}))
    page = (await zoe.get(asked)).text
    assert f"退款 {refund_no}" in page
    assert "¥100.00" in page
    assert (await zoe.post(f"{asked}/approve", reason="同意")).status_code == 303
    assert (await me.order(order_no))["refunded_fen"] == 10_000


async def test_limits_are_set_in_the_panel_and_loosened_by_two(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    page = (await ada.get("/settings")).text
    assert "店主 · 积分" in page
    assert 'name="limit_cli_points" value="不限"' in page
    held = await policy.stored()
    form = shop_form.texts(held.policy) | {"version": held.version, "reason": "放开", "limit_owner_points": "不限"}
    asked = place(await send(ada, "/settings", form))
    assert "<del>50000</del> → <ins>不限</ins>" in (await zoe.get(asked)).text
    assert (await policy.stored()).policy.limit_owner_points == 50_000
    assert (await zoe.post(f"{asked}/approve", reason="同意")).status_code == 303
    assert (await policy.stored()).policy.limit_owner_points is None


async def test_a_withdrawal_is_decided_in_the_queue_by_who_decides_about_money(mall: Mall, desks: Any) -> None:
    await set_policy(mall, withdrawal_second_from_fen=4_000)
    fin: Desk = await desks(Role.FINANCE, "fin")
    zoe: Desk = await desks(Role.OWNER, "zoe")
    sam: Desk = await desks(Role.SERVICE, "sam")
    ops: Desk = await desks(Role.OPERATIONS, "ops")
    no = await ask(await rich(mall), 5_000)
    assert (await fin.post(f"/withdrawals/{no}/approve", reason="来源清楚")).status_code == 303
    asked = f"/approvals/{await db.fetch_value('SELECT id FROM approvals')}"
    assert badge((await sam.get("/")).text) == ""
    assert "要由有权限的另一位运营审批" in (await sam.get(asked)).text
    assert (await sam.post(f"{asked}/approve", reason="同意")).status_code == 403
    assert (await ops.get(asked)).status_code == 403
    page = (await fin.get(asked)).text
    assert "¥40.00 起" in page
    assert "撤回后这笔提现回到待审核" in page
    assert badge((await zoe.get("/")).text) == "1"
    assert "拒绝理由（会员会看到）" in (await zoe.get(asked)).text
    assert (await zoe.post(f"{asked}/approve", reason="复核无误")).status_code == 303
    assert "复核同意" in (await zoe.get(f"/withdrawals/{no}")).text


async def test_what_the_command_line_asked_for_says_so(mall: Mall, two: tuple[Desk, Desk]) -> None:
    _, zoe = two
    await set_policy(mall, limit_cli_points=5)
    me = await shopper(mall)
    asked = await waits(mall, CLI, points(me.id, 6))
    assert "cli（命令行）" in (await zoe.get(f"/approvals/{asked}")).text


async def test_a_deep_discount_is_shown_with_what_it_cost_before(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    await stock(mall, product_entry("mask", "面膜", 10_000))
    form = {"slug": "noon", "name": "午间秒杀", "starts_at": typed(mall, 1), "ends_at": typed(mall, 2)}
    item = {"items[0].sku": "mask-1", "items[0].price_fen": "0.01", "items[0].stock": "5", "items[0].per_member": "1"}
    wrong = await send(ada, "/flash-sales/new", form | item | {"name": ""})
    assert wrong.status_code == 422, "mistakes are told first"
    asked = place(await send(ada, "/flash-sales/new", form | item))
    assert WAITS in (await ada.get(asked)).text
    page = (await zoe.get(asked)).text
    for shown in ("营销活动", "秒杀 noon", "99.99%", "50%", "mask-1 · 价格", "<del>¥100.00</del> → <ins>¥0.01</ins>"):
        assert shown in page, shown
    assert (await zoe.post(f"{asked}/approve", reason="引流")).status_code == 303
    assert "已同意，操作已执行" in (await zoe.get(asked)).text
    number = await db.fetch_value("SELECT id FROM flash_sales")
    stopped = await send(ada, f"/flash-sales/{number}/stop", {"reason": "停"})
    assert stopped.headers["location"] == f"/admin/flash-sales/{number}", "a stop needs nobody"


async def test_group_buys_and_points_goods_wait_too(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    await stock(mall, product_entry("mask", "面膜", 10_000))
    team = {"slug": "three", "title": "三人团", "product": "mask", "size": "3", "window_hours": "24", "active": "on"}
    team |= {"starts_at": typed(mall, 0), "ends_at": typed(mall, 9)}
    team |= {"skus[0].code": "mask-1", "skus[0].price_fen": "90", "skus[0].leader_price_fen": "1"}
    asked = place(await send(ada, "/group-buys/new", team))
    page = (await zoe.get(asked)).text
    for shown in ("拼团 three", "99%", "团长价", "<del>¥100.00</del> → <ins>¥90.00</ins>"):
        assert shown in page, shown
    good = {"slug": "cup", "sku": "mask-1", "points": "1", "stock": "5", "active": "on"}
    asked = place(await send(ada, "/points-goods/new", good))
    page = (await zoe.get(asked)).text
    for shown in ("积分商品 cup", "99.99%", "<del>¥100.00</del> → <ins>¥0.00</ins>"):
        assert shown in page, shown


async def test_publications_of_the_panel_lead_to_the_queue(mall: Mall, two: tuple[Desk, Desk]) -> None:
    ada, zoe = two
    form = row(0, "普通", "0") | row(1, "金卡", "9", discount_bp="50")
    asked = place(await send(ada, "/levels", form | {"version": levels.version(()), "reason": "开张"}))
    page = (await zoe.get(asked)).text
    for shown in ("修改会员等级", "金卡 · 折扣", "50%"):
        assert shown in page, shown
    assert (await zoe.post(f"{asked}/approve", reason="好")).status_code == 303
    assert "金卡" in (await ada.get("/levels")).text
    open_ = boxes() | {"flash_sale.coupon": "on", "base": "0", "note": "秒杀可用券"}
    asked = place(await send(ada, "/stacking", open_))
    page = (await zoe.get(asked)).text
    for shown in ("发布叠加规则", "秒杀订单 · 优惠券", "<del>否</del> → <ins>是</ins>"):
        assert shown in page, shown
    coupon = {"slug": "gift", "name": "礼券", "amount_fen": "50", "valid_days": "9", "per_member": "1", "active": "on"}
    asked = place(await send(ada, "/coupon-templates/new", coupon))
    page = (await zoe.get(asked)).text
    for shown in ("新增或放宽优惠券", "优惠券 gift", "¥50.00"):
        assert shown in page, shown
    assert (await zoe.post(f"{asked}/approve", reason="好")).status_code == 303
    await shopper(mall)
    await set_policy(mall, limit_owner_issues=0)
    template = await db.fetch_value("SELECT id FROM coupon_templates")
    issue = {"template": str(template), "segment": "all", "once": "once-1", "reason": "活动"}
    asked = place(await send(ada, "/coupon-issues/new", issue))
    page = (await zoe.get(asked)).text
    for shown in ("发放优惠券", "1 张", "所有会员"):
        assert shown in page, shown
    assert await db.fetch_value("SELECT count(*) FROM coupon_issues") == 0
