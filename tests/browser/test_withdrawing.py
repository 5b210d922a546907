"""A member withdraws money by clicking: from a friend's order to the wallet, and from there to WeChat or back."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from server import db
from server.services.terms import commission_policies, policy
from server.services.withdrawals import requests as withdrawal_requests
from tests.browser.conftest import Enter, Shop
from tests.browser.life import POLICIES, goods, sku_of
from tests.browser.network import unanswered
from tests.browser.visitor import Visitor
from tests.support.purse import earn
from tests.support.shop import Shopper, join, pass_days, work

WALLET = "packages/wallet/pages"
DETAIL = f"{WALLET}/withdrawal/index"


async def agree(terms: str) -> None:
    """Set the shop's terms, given as JSON, from now on."""
    async with db.transaction() as tx:
        await tx.execute("UPDATE shop_policy SET terms = terms || $1::jsonb", terms)
    policy.FRESH.forget()


@pytest.fixture(scope="module", autouse=True)
async def fee(shop: Shop) -> None:
    """Let the shop pay commission, and take 1 % of withdrawals as a fee."""
    await commission_policies.apply(shop.mall.deps, POLICIES, "for tests", "tester")
    shop.mall.clock.advance(1)  # from then on they are in force
    await agree('{"withdrawal_fee_bp": 100}')


@pytest.fixture
async def taxed() -> AsyncIterator[None]:
    """Let the shop withhold income tax during the block."""
    await agree('{"withdrawal_withholding": "labour_remuneration"}')
    yield
    await agree('{"withdrawal_withholding": "none"}')


async def rich(shop: Shop, name: str) -> Shopper:
    """Return a member with 100 yuan that can be withdrawn."""
    me = await join(shop.mall, openid=f"h5-{name}")
    await earn(shop.mall, me.id, 10_000)
    return me


async def ask(me: Visitor, amount: str) -> str:
    """Ask for a withdrawal and allow messages about it; return its number."""
    await me.open(f"{WALLET}/withdraw/index")
    await me.fill("提现金额，元", amount)
    await me.sees("预计到账")
    await me.tap("申请提现")
    await me.sheet.get_by_role("button", name="允许").click()
    await me.stand(DETAIL)
    match = re.search(r"no=(\w+)", me.page.url)
    assert match
    return match[1]


async def approve(shop: Shop, no: str) -> None:
    await withdrawal_requests.approve(shop.mall.deps, no, "tester")
    await work(shop.mall)


async def told(shop: Shop, openid: str) -> list[dict[str, Any]]:
    """Return the messages that the member's WeChat received."""
    answer = await shop.mall.http.get(f"{shop.mall.sandbox_url}/control/messages", params={"openid": openid})
    return list(answer.json()["items"])


async def test_from_a_friends_order_to_the_change_in_wechat(visitor: Enter, shop: Shop) -> None:
    sku = sku_of((await goods(shop.mall))[0])
    me = await join(shop.mall, openid="h5-earner")
    friend = await join(shop.mall, me)
    earner = await visitor("earner")
    order_no = await friend.buy(sku)
    await work(shop.mall)
    await earner.open(f"{WALLET}/commissions/index")
    await earner.sees("冻结中", "好友的订单")
    await earner.tap("到账时提醒我")
    await earner.sheet.get_by_role("button", name="允许").click()
    await friend.receive(order_no)
    await pass_days(shop.mall, 8)
    assert [one["page"] for one in await told(shop, "h5-earner")] == [f"{WALLET}/commission/index?id=1"]

    await earner.open(f"{WALLET}/commissions/index")
    await earner.sees("已到账")
    await earner.top.get_by_role("link").filter(has_text="已到账").click()
    await earner.stand(f"{WALLET}/commission/index")
    await earner.sees("全店策略：实付 24.90 元 × 10.00%", order_no)
    await earner.tap("去提现")
    await earner.stand(f"{WALLET}/withdraw/index")
    await earner.tap("全部")
    await earner.sees("¥2.49", "¥2.47")
    await earner.looks("story-withdraw", widths=(320, 390))
    no = await ask(earner, "2")
    await earner.sees("商城正在审核", "已提交申请", "取消提现")
    await approve(shop, no)
    assert [one["page"] for one in await told(shop, "h5-earner")][-1] == f"{DETAIL}?no={no}"

    await earner.open(f"{DETAIL}?no={no}")
    await earner.sees("待确认收款", "等你确认收款")
    await earner.tap("确认收款")
    await earner.sees("微信收款（沙箱）", "1.98", no)
    await earner.shot("story-transfer-sheet")
    await earner.sheet.get_by_role("button", name="暂不收款").click()
    await earner.tap("确认收款")
    await earner.sheet.get_by_role("button", name="收款", exact=True).click()
    await earner.sees("钱已经到你的微信零钱", "到账金额")
    await earner.misses("取消提现")
    await earner.looks("story-withdrawal-paid", widths=(320, 390))
    await earner.tap("在钱包明细中查看")
    await earner.sees(re.compile("到账 1.98 元，手续费 0.02 元"), "-¥2.00")
    await earner.top.get_by_role("link").first.click()
    await earner.stand(DETAIL)


async def test_turned_down(visitor: Enter, shop: Shop) -> None:
    shopper = await rich(shop, "unlucky")
    me = await visitor("unlucky")
    no = await ask(me, "30.5")
    await withdrawal_requests.reject(shop.mall.deps, no, "tester", "请先完善资料")
    await me.open(f"{DETAIL}?no={no}")
    await me.sees("未通过", "请先完善资料", "提现金额已全部退回余额")
    await me.looks("story-withdrawal-rejected", widths=(320, 390))
    assert (await shopper.wallet())["withdrawable_fen"] == 10_000
    await me.tap("在钱包明细中查看")
    await me.sees("提现退回", "+¥30.50")


async def test_called_off_before_and_after_wechat_knows(visitor: Enter, shop: Shop) -> None:
    shopper = await rich(shop, "fickle")
    me = await visitor("fickle")
    await ask(me, "10")
    await me.tap("取消提现")
    await me.sheet.get_by_role("button", name="再想想").click()
    await me.tap("取消提现")
    await me.sheet.get_by_role("button", name="取消提现").click()
    await me.sees("已取消")
    await approve(shop, no := await ask(me, "20"))
    await me.open(f"{DETAIL}?no={no}")
    await me.tap("取消提现")
    await me.sheet.get_by_role("button", name="取消提现").click()
    await me.sees("正在取消")
    await me.shot("story-withdrawal-cancelling")
    await work(shop.mall)
    shop.mall.clock.advance(120)
    await work(shop.mall)
    await me.open(f"{WALLET}/withdrawals/index")
    await me.sees("已取消")
    await me.misses("正在取消")
    assert (await shopper.wallet())["withdrawable_fen"] == 10_000


async def test_nobody_confirms_for_a_day(visitor: Enter, shop: Shop) -> None:
    await rich(shop, "late")
    me = await visitor("late")
    await approve(shop, no := await ask(me, "10"))
    await pass_days(shop.mall, 1.1)
    await me.open(f"{DETAIL}?no={no}")
    await me.sees("超时未确认", "微信规定 24 小时内要确认收款")
    await me.tap("重新申请")
    await me.stand(f"{WALLET}/withdraw/index")


async def test_an_old_wechat_is_told_to_be_renewed(visitor: Enter, shop: Shop) -> None:
    await rich(shop, "old")
    me = await visitor("old")
    await approve(shop, no := await ask(me, "10"))
    await me.open(f"{DETAIL}?no={no}")
    await me.sees("待确认收款")
    await me.page.evaluate("() => { wx.canIUse = () => false }")
    await me.tap("确认收款")
    await me.sees("请更新微信")
    await me.sheet.get_by_role("button", name="知道了").click()
    await me.sees("确认收款")


@pytest.mark.usefixtures("taxed")
async def test_tax_a_name_and_what_cannot_be_asked_for(visitor: Enter, shop: Shop) -> None:
    shopper = await rich(shop, "wealthy")
    await earn(shop.mall, shopper.id, 390_000)
    me = await visitor("wealthy")
    await me.open(f"{WALLET}/withdraw/index")
    for amount, sentence in (("x", "最多两位小数"), ("0.5", "最少提现 1.00 元"), ("4000.01", "超出可提现余额")):
        await me.fill("提现金额，元", amount)
        await me.sees(sentence)
        assert await me.control("申请提现", "button").is_disabled()
    await me.fill("提现金额，元", "3000")
    await me.sees("代扣税款", "-¥434.00", "真实姓名")
    assert await me.control("申请提现", "button").is_disabled()
    await me.fill("真实姓名", "王小明")
    await me.looks("story-withdraw-named", widths=(320, 390))
    await me.tap("申请提现")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.stand(DETAIL)
    await me.sees("代扣税款")


async def test_pressing_again_after_a_lost_answer_asks_once(visitor: Enter, shop: Shop) -> None:
    shopper = await rich(shop, "patient")
    me = await visitor("patient")
    await me.open(f"{WALLET}/withdraw/index")
    await me.fill("提现金额，元", "10")
    await me.sees("预计到账")
    async with unanswered(me, "/withdrawals", heard=True):
        await me.tap("申请提现")
        await me.sheet.get_by_role("button", name="拒绝").click()
        await me.sees("网络连接不上")
    await me.open(f"{WALLET}/withdraw/index")
    await me.fill("提现金额，元", "10")
    await me.sees("预计到账")
    await me.tap("申请提现")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.stand(DETAIL)
    assert len((await shopper.get("/withdrawals"))["items"]) == 1


async def test_the_statement_is_saved_as_a_file(visitor: Enter, shop: Shop, tmp_path: Path) -> None:
    await rich(shop, "keeper")
    me = await visitor("keeper")
    await me.open(f"{WALLET}/statement/index")
    await me.sees("收入 ¥100.00", "支出 ¥0.00")
    async with me.page.expect_download() as downloading:
        await me.tap("导出全部月份")
    file = tmp_path / (await downloading.value).suggested_filename
    await (await downloading.value).save_as(file)
    assert file.suffix == ".xlsx"
    rows = list(load_workbook(file).worksheets[0].iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["返一解冻到账"]
