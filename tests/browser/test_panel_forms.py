"""Forms of the panel in a browser: edits are not lost, messages are not mixed up, the keyboard finds its way."""

from pathlib import Path

from playwright.async_api import Dialog, Page, expect

from server import db
from server.rules.operators import Role
from server.services.common import alarms
from tests.browser.conftest import Admit
from tests.browser.desk import Operator
from tests.browser.life import Life

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "ring.webp"
LEAVES = "(() => { const leaving = new Event('beforeunload', { cancelable: true }); return !dispatchEvent(leaving) })()"


def stay(page: Page) -> list[str]:
    """Answer each question with no; return the questions."""
    asked = list[str]()

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", refuse)
    return asked


async def edited(owner: Operator) -> str:
    """Open a product and begin to change its title; return the title that is stored."""
    number, title = (await db.fetch("SELECT id, title FROM products ORDER BY id LIMIT 1"))[0].values()
    await owner.open(f"/products/{number}")
    await owner.fill("标题", "改到一半")
    return str(title)


async def test_edits_are_not_lost_without_a_word(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "editor")
    asked = stay(owner.page)
    title = await edited(owner)
    field = owner.page.get_by_label("标题", exact=True)
    await owner.page.get_by_role("navigation", name="主导航").get_by_role("link", name="订单", exact=True).click()
    await expect(field).to_have_value("改到一半")
    assert len(asked) == 1
    assert "没有保存的修改" in asked[0]
    await owner.page.get_by_label("添加图片").set_input_files(PICTURE)
    await owner.press("上传")
    await expect(field).to_have_value("改到一半")
    assert len(asked) == 2, "another form of the page"
    assert await owner.page.evaluate(LEAVES), "closing the window"
    await owner.page.get_by_label("添加图片").set_input_files([])
    await field.fill(title)
    assert not await owner.page.evaluate(LEAVES), "typed back, so nothing changed"
    await field.fill(f"{title}（新）")
    await owner.press("保存")
    await owner.told("已保存")
    await owner.menu("订单")
    await owner.fill("订单号", "T2")
    await owner.menu("会员")
    assert len(asked) == 2, "what is saved, and a search, are no edits"


async def test_who_wants_to_leave_leaves(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "leaver")
    await edited(owner)
    owner.page.on("dialog", Dialog.accept)
    await owner.menu("订单")


async def test_a_new_mistake_takes_the_old_success_away(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "hasty")
    await owner.open("/settings")
    await owner.fill("修改理由", "试一试")
    await owner.press("保存设置")
    await owner.told("没有改动")
    await owner.fill("未付款保留", "x")
    await owner.fill("运费（元）", "1.234")
    await owner.fill("修改理由", "再试")
    await owner.press("保存设置")
    await expect(owner.page.get_by_role("alert")).to_contain_text("未付款保留")
    await expect(owner.page.locator("small.wrong")).to_have_count(2)
    await expect(owner.page.get_by_role("status")).to_have_count(0)
    assert await owner.looks("settings-refused") == []


async def test_a_secret_stays_until_it_was_copied(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "copier")
    await owner.open("/operators")
    await owner.fill("账号名", "newcomer")
    await owner.press("新增")
    await owner.told("一次性密码")
    await owner.fill("账号名", "newcomer")
    await owner.press("新增")
    await expect(owner.page.get_by_role("alert")).to_be_visible()
    await owner.told("一次性密码")


async def test_alarms_of_a_kind_go_together(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "watchful")
    detail = {"problem": "该订单超过 48 小时未发货", "event": "trade_manage_remind_shipping"}
    async with db.transaction() as tx:
        for n in range(12):
            await alarms.sound(tx, "wechat_reminds", f"order:T{n}", owner.mall.clock.now(), detail)
    await owner.open("/alarms")
    await owner.sees("微信提醒处理（未发货或未接入发货） 12 条")
    assert await owner.looks("alarms-of-a-kind") == []
    await owner.press("全部标为已处理：微信提醒处理（未发货或未接入发货）")
    await owner.told("12 条已标记为已处理")


async def test_the_keyboard_goes_on_in_the_new_page(life: Life, panel: Admit) -> None:
    owner = await panel(Role.OWNER, "typer")
    await owner.open("/orders")
    link = owner.page.get_by_role("navigation", name="主导航").get_by_role("link", name="会员", exact=True)
    await link.focus()
    await owner.page.keyboard.press("Enter")
    await expect(owner.page.get_by_role("heading", level=1)).to_contain_text("会员")
    await expect(owner.page.get_by_role("main")).to_be_focused()
    await owner.page.keyboard.press("Tab")
    inside = "document.activeElement.closest('main') !== null && document.activeElement.localName !== 'main'"
    assert await owner.page.evaluate(inside)
