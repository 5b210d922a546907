"""The operators' panel in Chromium: every screen, and an operator's day from the morning to the audit log."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import expect

from server import db
from server.core.clock import shanghai_day
from server.handlers.rooms import ADMIN
from server.rules.commissions import CommissionTerms, Ratio
from server.rules.operators import PERMISSIONS, Permission, Role
from server.services.common import audit_log
from server.services.reconciliation import runs as reconciliation_runs
from server.services.terms import commission_policies
from tests.browser.conftest import Admit, Shop
from tests.browser.desk import Operator
from tests.browser.life import Life
from tests.support.mall import Mall
from tests.support.purse import ask, rich
from tests.support.shop import Shopper, join, shopper, work
from tests.support.staff import ADA, SAM, employ, points, waits

PLACES = {
    "order_no": "SELECT order_no FROM orders ORDER BY id LIMIT 1",
    "member_id": "SELECT id FROM members ORDER BY id LIMIT 1",
    "version": "SELECT 1",
    "withdrawal_no": "SELECT withdrawal_no FROM withdrawals ORDER BY id LIMIT 1",
    "account_id": "SELECT id FROM ledger_accounts ORDER BY id LIMIT 1",
    "entry_id": "SELECT id FROM ledger_entries ORDER BY id LIMIT 1",
    "product_id": "SELECT id FROM products ORDER BY id LIMIT 1",
    "sku_id": "SELECT s.id FROM skus s JOIN products p ON p.id = s.product_id WHERE p.kind = 'virtual' LIMIT 1",
    "template_id": "SELECT id FROM coupon_templates ORDER BY id LIMIT 1",
    "group_buy_id": "SELECT id FROM group_buys ORDER BY id LIMIT 1",
    "team_no": "SELECT team_no FROM teams ORDER BY id LIMIT 1",
    "sale_id": "SELECT id FROM flash_sales ORDER BY id LIMIT 1",
    "good_id": "SELECT id FROM points_goods ORDER BY id LIMIT 1",
    "freight_id": "SELECT id FROM freight_templates ORDER BY id LIMIT 1",
    "qualification_id": "SELECT id FROM qualifications ORDER BY id LIMIT 1",
    "rebate_id": "SELECT id FROM rebates ORDER BY id LIMIT 1",
    "commission_id": "SELECT id FROM commissions ORDER BY id LIMIT 1",
    "approval_id": "SELECT id FROM approvals ORDER BY id LIMIT 1",
    "day": "SELECT day::text FROM reconciliations ORDER BY id LIMIT 1",
}
"""What replaces the parameters in an address."""
NOT_LOOKED_AT = {
    "/admin/login",
    "/admin/exports/<export_id:int>/file",
    "/admin/rules/compare",
    "/admin/commission-policies/compare",
    "/admin/commission-policies/preview",
    "/admin/coupon-issues/new",
}
"""Pages that are not checked here: the login (each operator passes it), a file, pages that need a query or a draft."""
AND_THESE = (
    "/rules/compare?old=1&new=1",
    "/commission-policies/compare?old=1&new=1",
    "/refunds?state=",
    "/alarms?show=",
    "/coupon-issues/new?template=1",
    "/members?q=%231",
)

_PARTS = 4
"""How many tests share the screens: each test has a time limit."""


@pytest.fixture(scope="module")
async def life(life: Life, shop: Shop) -> Life:
    """Return a shop with a member who has used every feature; its operators have, too."""
    terms = CommissionTerms(policies=(Ratio(ratio_bp=500),))
    await commission_policies.apply(shop.mall.deps, terms, "百分之五", "cli")
    await ask(await rich(shop.mall))
    await employ(shop.mall, SAM, ADA)
    await waits(shop.mall, SAM, points((await join(shop.mall)).id, 10**6))
    shop.mall.swap(operator_limits=False)
    await reconciliation_runs.run(shop.mall.deps, shanghai_day(shop.mall.clock.now()) - timedelta(days=1), "cli")
    return life


async def screens() -> list[str]:
    """Return every address of the panel that shows a page, with real values as its parameters."""
    uris = {
        f"/admin{route.uri}".rstrip("/")
        for blueprint in ADMIN
        for route in blueprint._future_routes
        if "GET" in (route.methods or ()) and not route.uri.startswith("/assets")
    }
    found = []
    for uri in sorted(uris - NOT_LOOKED_AT):
        path = uri.removeprefix("/admin")
        for name in re.findall(r"<(\w+):\w+>", uri):
            value = await db.fetch_value(PLACES[name])
            if value is None:
                break
            path = re.sub(rf"<{name}:\w+>", str(value), path)
        else:
            found.append(path)
    return [*found, *AND_THESE]


@pytest.mark.parametrize("part", range(_PARTS))
async def test_every_screen_can_be_read_pressed_and_heard(life: Life, panel: Admit, part: int) -> None:
    owner = await panel(Role.OWNER, f"looker-{part}")
    found = []
    for path in (await screens())[part::_PARTS]:
        await owner.open(path)
        found += await owner.looks(re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("role", Role)
async def test_each_role_walks_its_menu_and_no_further(life: Life, panel: Admit, role: Role) -> None:
    somebody = await panel(role, f"walker-{role}")
    ways = await somebody.page.get_by_role("navigation", name="主导航").get_by_role("link").all()
    paths = [path for way in ways if (path := await way.get_attribute("href")) and path.startswith("/admin")]
    assert len(paths) > 8
    for path in paths:
        await somebody.open(path.removeprefix("/admin"))
    may_manage = role in PERMISSIONS[Permission.OPERATORS_MANAGE]
    assert ("/admin/operators" in paths) is may_manage
    await somebody.open("/operators", 200 if may_manage else 403)
    await somebody.sees("操作员" if may_manage else "没有权限")


async def test_the_keyboard_leads_past_the_menu_and_through_a_form(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "typist")
    await owner.open("/orders")
    await owner.page.keyboard.press("Tab")
    await expect(owner.page.get_by_role("link", name="跳到正文")).to_be_focused()
    await owner.page.keyboard.press("Enter")
    await owner.page.get_by_label("订单号").first.focus()
    await owner.page.keyboard.type(life.orders["paid"])
    await owner.page.keyboard.press("Enter")
    await expect(owner.page.get_by_role("main").get_by_role("row")).to_have_count(2)


async def test_without_scripts_the_panel_does_the_same(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "plain", java_script_enabled=False)
    await owner.menu("订单")
    await owner.fill("订单号", life.orders["paid"])
    await owner.press("查找")
    await owner.follow(life.orders["paid"])
    await owner.press("查看完整收货信息")
    await owner.told("收货信息")
    await owner.sees("13800138000")


async def test_a_refused_form_keeps_what_was_typed(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "careless")
    await owner.open(f"/orders/{life.orders['paid']}")
    form = owner.form("发货")
    await owner.fill("快递公司", "火箭快递", form)
    await owner.fill("运单号", "X90001", form)
    await owner.press("发货", form)
    await expect(form.get_by_role("alert")).to_contain_text("不认识的快递公司")
    await expect(form.get_by_label("运单号")).to_have_value("X90001")


async def paid_orders(shop: Shop, count: int) -> tuple[Shopper, list[str]]:
    """Make paid orders of one member for goods that are shipped."""
    me = await shopper(shop.mall, "day-buyer")
    sku = await db.fetch_value(
        "SELECT s.id FROM skus s JOIN products p ON p.id = s.product_id"
        " WHERE p.kind = 'physical' AND p.on_sale AND s.on_sale ORDER BY s.available DESC LIMIT 1"
    )
    return me, [await me.buy(sku) for _ in range(count)]


async def ship_by_file(owner: Operator, mall: Mall, orders: list[str], folder: Path) -> None:
    """Fill in the list of orders to ship, with three wrong rows."""
    await owner.menu("待发货")
    await owner.press("导出 XLSX")
    await owner.told("正在导出")
    await work(mall)
    await expect(owner.page.get_by_role("link", name="下载").first).to_be_visible()
    async with owner.page.expect_download() as coming:
        await owner.follow("下载")
    path = folder / "parcels.xlsx"
    await (await coming.value).save_as(path)
    book = load_workbook(io.BytesIO(path.read_bytes()))
    sheet = book.worksheets[0]
    lines = {str(sheet.cell(line, 1).value): line for line in range(2, sheet.max_row + 1)}
    assert set(orders) <= set(lines)
    wrong = dict(zip(orders[:3], ("火箭快递", "SF", None), strict=True))
    for n, order_no in enumerate(orders):
        sheet.cell(lines[order_no], 2, wrong.get(order_no, "顺丰"))
        sheet.cell(lines[order_no], 3, None if order_no == orders[1] else f"SF{100000 + n}")
    for other in set(lines) - set(orders):
        sheet.delete_rows(next(n for n in range(2, sheet.max_row + 1) if sheet.cell(n, 1).value == other))
    book.save(path)
    told = {order_no: n for n in range(2, sheet.max_row + 1) if (order_no := str(sheet.cell(n, 1).value)) in orders[:3]}
    await owner.menu("待发货")
    await owner.page.get_by_label("填好的文件").set_input_files(path)
    await owner.press("上传并发货")
    await owner.told(f"已发货 {len(orders) - 3} 单，3 行有问题")
    report = owner.page.get_by_label("上次批量发货的结果")
    for order_no, line in told.items():
        await expect(report.get_by_role("row").filter(has_text=order_no)).to_contain_text(str(line))


async def add_product(owner: Operator, mall: Mall) -> None:
    """Add a product that is on sale at once."""
    await owner.open("/products/new")
    await owner.fill("标识", "osmanthus-tea")
    await owner.fill("标题", "桂花乌龙")
    category = await db.fetch_value("SELECT slug FROM categories WHERE parent_id IS NOT NULL ORDER BY id LIMIT 1")
    await owner.page.get_by_label("分类").select_option(category)
    sku = owner.page.locator("fieldset.part").first
    await owner.fill("编码", "OT-1", sku)
    await owner.fill("售价（元）", "39.90", sku)
    await owner.fill("入库 +n", "20", sku)
    await owner.press("创建商品")
    await owner.done()
    found = (await mall.http.get("/api/products?q=桂花乌龙")).json()["items"]
    assert [one["title"] for one in found] == ["桂花乌龙"]


async def publish_rule(owner: Operator) -> None:
    """Publish a rule that observes money for ten days."""
    await owner.open("/rules/new")
    await owner.fill("观察期", "10")
    await owner.press("预览")
    await owner.sees("发布前确认")
    await owner.fill("说明", "观察期延长")
    await owner.press("发布")
    await owner.done()
    days = await db.fetch_value("SELECT terms ->> 'observe_days' FROM rule_versions ORDER BY version DESC LIMIT 1")
    assert days == "10"


async def decide_withdrawals(owner: Operator, good: str, bad: str) -> None:
    """Approve one withdrawal and reject the other."""
    for number, button, label, reason in (
        (good, "同意提现", "同意理由", "来源清楚"),
        (bad, "拒绝", "拒绝理由", "资料不全"),
    ):
        await owner.open(f"/withdrawals/{number}")
        form = owner.form(button)
        await owner.fill(label, reason, form)
        await owner.press(button, form)
        await owner.done()


async def approve_refund(owner: Operator, refund_no: str) -> None:
    """Approve a refund."""
    await owner.menu("退款")
    card = owner.page.get_by_role("listitem").filter(has_text=refund_no)
    await owner.fill("同意理由", "七天无理由", card)
    await owner.press("同意退款", card)
    await owner.told("已同意退款")


async def correct_binding(owner: Operator, child: int, parent: int) -> None:
    """Correct who referred whom."""
    await owner.open(f"/members/{child}/binding")
    await owner.fill("会员号或分享码", str(parent))
    await owner.press("预览")
    await owner.fill("理由", "现场扫错了码")
    await owner.press("确认更正")
    await owner.done()
    assert await db.fetch_value("SELECT referrer_id FROM members WHERE id = $1", child) == parent


async def find_in_log(owner: Operator, done: dict[str, str]) -> None:
    """Find each action by its name and its object."""
    await owner.menu("操作日志")
    for action, subject in done.items():
        await owner.page.locator("select[name=action]").select_option(label=action)
        await owner.press("查找")
        mine = owner.page.get_by_role("row").filter(has_text=owner.name).filter(has_text=subject)
        await expect(mine.first).to_be_visible()
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []


async def test_an_operators_day(shop: Shop, panel: Admit, tmp_path: Path) -> None:
    me, orders = await paid_orders(shop, 50)
    await work(shop.mall)
    wealthy, poor = await rich(shop.mall), await rich(shop.mall)
    good, bad = await ask(wealthy), await ask(poor)
    child, parent = await join(shop.mall), await join(shop.mall)
    owner = await panel(Role.OWNER, "boss", accept_downloads=True)
    await add_product(owner, shop.mall)
    await publish_rule(owner)
    await ship_by_file(owner, shop.mall, orders, tmp_path)
    shipped = "SELECT count(*) FROM orders WHERE order_no = ANY ($1) AND status = 'shipped'"
    assert await db.fetch_value(shipped, orders) == 47
    refund_no = (await me.refund(orders[5], reason="不喜欢"))["refund_no"]
    await approve_refund(owner, refund_no)
    await decide_withdrawals(owner, good, bad)
    assert (await poor.get(f"/withdrawals/{bad}"))["state"] == "rejected"
    assert (await wealthy.get(f"/withdrawals/{good}"))["state"] == "approved"
    await correct_binding(owner, child.id, parent.id)
    await find_in_log(
        owner,
        {
            "商品变更": "商品 osmanthus-tea",
            "发布返一规则": "返一规则 #",
            "发货": orders[10],
            "同意退款": refund_no,
            "同意提现": good,
            "拒绝提现": bad,
            "更正绑定": f"会员 #{child.id}",
        },
    )
