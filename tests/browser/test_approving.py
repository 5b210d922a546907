"""Two operators in two browsers: one asks for more than a role may do alone, the other approves it."""

from playwright.async_api import expect

from server.rules.operators import Role
from tests.browser.conftest import Admit, Shop
from tests.support.purse import points_of
from tests.support.shop import join


async def test_one_asks_and_another_approves(shop: Shop, panel: Admit) -> None:
    me = await join(shop.mall)
    shop.mall.swap(operator_limits=True)
    asker, approver = await panel(Role.OWNER, "asks"), await panel(Role.OWNER, "approves")
    await asker.open(f"/members/{me.id}")
    form = asker.page.locator(f'form[action="/admin/members/{me.id}/points"]')
    await asker.page.get_by_text("发放或扣除积分", exact=True).click()
    await form.get_by_label("积分（负数为扣除）").fill("60000")
    await form.get_by_label("理由").fill("周年庆补发")
    await form.get_by_role("button").click()
    await asker.told("已提交，等待另一位运营审批")
    await asker.sees("自己提交的不能自己审批", "撤回申请")
    assert await points_of(me) == 0
    found = await asker.looks("approval-asked")

    await approver.open("/")
    badge = approver.page.get_by_label("1 项等你审批")
    await expect(badge).to_have_text("1")
    await badge.click()
    await expect(approver.page.get_by_role("heading", level=1)).to_have_text("待审批")
    found += await approver.looks("approvals-waiting")
    row = approver.page.get_by_role("row").filter(has_text="周年庆补发")
    await expect(row).to_contain_text("60000 积分")
    await row.get_by_role("link").first.click()
    await approver.sees("同意后的变化", "60000")
    found += await approver.looks("approval-to-decide")
    decide = approver.form("同意并执行")
    await approver.fill("同意理由", "名单核对过", decide)
    await approver.press("同意并执行", decide)
    await approver.told("已同意，操作已执行")
    await expect(badge).to_have_count(0)
    found += await approver.looks("approval-done")
    assert await points_of(me) == 60_000
    shop.mall.swap(operator_limits=False)
    assert not found, "\n".join(found)
