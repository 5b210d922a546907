"""Every amount that a page names is what then happens in the books; every promise is the rule's."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from server import db
from server.services.withdrawals import requests as withdrawal_requests
from tests.browser.conftest import Enter, Shop
from tests.browser.life import OPENID, Life, goods, sku_of
from tests.browser.network import offline
from tests.browser.test_activities import flash, session
from tests.browser.test_group_buying import pay
from tests.browser.visitor import Visitor
from tests.support.purse import earn, give_points, set_policy
from tests.support.shop import Shopper, join, make_sku, work

CONFIRM = "packages/order/pages/confirm/index"
AMOUNT = re.compile(r"([+-]?)¥([\d,]+\.\d\d)")


def fen(text: str) -> int:
    """Return the last amount in a text, as the pages write it."""
    sign, digits = AMOUNT.findall(text.replace("\n", ""))[-1]
    return int(digits.replace(",", "").replace(".", "")) * (-1 if sign == "-" else 1)


async def plain_sku(price_fen: int, **more: Any) -> int:
    """Make a SKU of a product without a picture."""
    sku = await make_sku(price_fen, **more)
    await db.fetch("UPDATE products SET images = '[]' WHERE id = (SELECT product_id FROM skus WHERE id = $1)", sku)
    return sku


async def rows(me: Visitor) -> list[tuple[str, int]]:
    """Return the rows of the sum at checkout that are on the screen: label and fen (free freight is 0)."""
    found = []
    for row in await me.top.locator(".step").all():
        text = await row.inner_text()
        found.append((text.split("\n")[0], fen(text) if AMOUNT.search(text) else 0))
    return found


async def adds_up(me: Visitor) -> int:
    """Check that what is on the screen adds up to what is due; return the sum."""
    *parts, (last, due) = await rows(me)
    assert last == "微信支付"
    assert sum(amount for label, amount in parts if "×" not in label) == due
    return due


@pytest.fixture
async def silver(shop: Shop) -> Shopper:
    """Return a member of a level with a discount, with points and an address."""
    buyer = await join(shop.mall, openid="h5-silver")
    await buyer.address()
    await give_points(shop.mall, buyer.id, 500)
    await db.fetch(
        "INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 1, now() + interval '99 years')",
        buyer.id,
    )
    return buyer


async def test_a_sum_adds_up_folded_or_not_and_is_what_wechat_takes(
    visitor: Enter, shop: Shop, silver: Shopper
) -> None:
    """A level's discount, points in money, freight: all of it is on the screen, and the order says the same."""
    sku = await plain_sku(129_900)
    me = await visitor("silver")
    await me.open(f"{CONFIRM}?items={sku}x1")
    await me.sees("银卡会员")
    await me.top.get_by_role("switch", name="用积分抵扣").click()
    await me.sees("500 积分 -¥5.00")
    due_fen = await adds_up(me)
    await me.looks("confirm-folded")
    await me.tap("价格怎么来的")
    await me.sees("会员价")
    assert await adds_up(me) == due_fen
    await me.looks("confirm-unfolded")
    await pay(me)
    newest = (await silver.get("/orders"))["items"][0]
    assert (newest["cash_due_fen"], newest["status"]) == (due_fen, "paid")
    paid = "SELECT p.amount_fen FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.order_no = $1"
    assert await db.fetch_value(paid, newest["order_no"]) == due_fen
    line = newest["lines"][0]
    assert (line["points"], line["points_fen"]) == (500, 500)


async def test_a_flash_sale_shows_its_own_price_and_promises_nothing_that_the_rule_leaves_out(
    visitor: Enter, shop: Shop
) -> None:
    """Then the limit is reached: the page and the product say so instead of asking to buy."""
    product = (await goods(shop.mall))[4]
    sku = sku_of(product)
    sale, [item] = await session(shop, "promised", [sku])
    buyer = await join(shop.mall, openid="h5-flash")
    await buyer.address()
    me = await visitor("flash")
    await me.open(f"{CONFIRM}?items={sku}x1&promotion=flash_sale-{item}")
    await me.sees("本单不可被返还：秒杀订单不参与")
    await me.misses("有效推荐")
    await expect(me.top.locator(".line-foot")).to_contain_text("9.90")
    await adds_up(me)
    await me.looks("confirm-flash")
    await pay(me)
    order_no = (await buyer.get("/orders"))["items"][0]["order_no"]
    await me.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await me.sees("本单不可被返还：秒杀订单不参与")
    assert (await buyer.get("/me/referral/returnable"))["items"] == []
    await me.open(f"packages/marketing/pages/flash/index?id={sale}")
    await expect(me.control(re.compile("^已抢光|^已抢 1 件"))).to_be_disabled()


async def test_the_personal_limit_is_said_on_the_page(visitor: Enter, shop: Shop) -> None:
    sku = sku_of((await goods(shop.mall))[5])
    sale, [item] = await session(shop, "limited", [sku])
    await db.fetch("UPDATE flash_items SET stock = stock + 1 WHERE id = $1", item)
    await db.fetch("INSERT INTO flash_units (item_id, sold) VALUES ($1, false)", item)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    buyer = await join(shop.mall, openid="h5-limit")
    await buyer.buy(sku, **flash(item))
    me = await visitor("limit")
    await me.open(f"packages/marketing/pages/flash/index?id={sale}")
    await expect(me.control(re.compile("^已抢 1 件，达到限购"))).to_be_disabled()
    await me.looks("flash-limit")
    await me.open(f"pages/product/index?id={product}")
    await expect(me.control("已抢 1 件，达到限购")).to_be_disabled()


async def test_the_estimate_is_what_then_comes_back(visitor: Enter, shop: Shop) -> None:
    """With two of three friends the centre names order, amount and condition; the third friend makes it true."""
    me = await join(shop.mall, openid="h5-estimate")
    sku = await plain_sku(5_000)
    own = await me.buy(await plain_sku(4_000))
    for _ in range(2):
        await (await join(shop.mall, me)).buy(sku)
        await work(shop.mall)
    page = await visitor("estimate")
    await page.open("pages/referral/index")
    await page.sees("集满最多约返", "不超过这一轮好友订单现金实付合计的 50%")
    promised_fen = fen(await page.top.locator(".estimate").inner_text())
    await page.looks("centre-estimate")
    assert promised_fen == 4_000
    await (await join(shop.mall, me)).buy(sku)
    await work(shop.mall)
    rebate = (await me.rebates())[0]
    assert (rebate["order_no"], rebate["amount_fen"]) == (own, promised_fen)
    second = await me.buy(await plain_sku(6_000))
    await me.receive(second)
    await me.refund(second)
    await page.open("pages/referral/index")
    await page.sees("这一单正在退款，退款成功后不再返还")
    await page.misses("集满最多约返")
    await page.looks("centre-refund")


async def test_a_withdrawals_preview_is_its_transfer(visitor: Enter, shop: Shop) -> None:
    """What is too much promises nothing; what fits says what WeChat then sends."""
    await set_policy(shop.mall, withdrawal_fee_bp=150)
    anna = await join(shop.mall, openid="h5-transfer")
    await earn(shop.mall, anna.id, 10_000)
    me = await visitor("transfer")
    await me.open("packages/wallet/pages/withdraw/index")
    await me.fill("提现金额，元", "100.01")
    await me.sees("超出可提现余额")
    await me.misses("预计到账")
    await me.looks("withdraw-too-much")
    await me.fill("提现金额，元", "50.01")
    await me.sees("预计到账")
    promised_fen = fen(await me.top.locator(".total").inner_text())
    await me.tap("申请提现")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.stand("packages/wallet/pages/withdrawal/index")
    no = (await anna.get("/withdrawals"))["items"][0]["withdrawal_no"]
    await withdrawal_requests.approve(shop.mall.deps, no, "tester")
    await work(shop.mall)
    assert (await anna.get(f"/withdrawals/{no}"))["payout_fen"] == promised_fen == 4_926


async def test_a_link_opened_in_the_shops_own_tab_counts_and_welcomes(visitor: Enter, shop: Shop) -> None:
    """The friend is in the shop already, and the tab is not loaded anew."""
    sharer = await join(shop.mall, openid="h5-same-tab-sharer")
    product = (await goods(shop.mall))[0]
    card = await sharer.post("/shares", {"kind": "product", "target_id": str(product["id"]), "channel": "friend"})
    friend = await visitor("same-tab")
    await friend.open("pages/index/index")
    await friend.sees("大家在买")
    await friend.page.evaluate("window.kept = true")
    await friend.page.evaluate("path => { location.hash = `#${path}` }", card["path"])
    await friend.stand("pages/product/index")
    await friend.sees("欢迎！你是通过", "你的首单付款且符合规则，就为 TA 计上一位")
    assert await friend.page.evaluate("window.kept")
    results = (await sharer.get("/shares"))["items"]
    assert [(one["opened"], one["visitors"], one["bound"]) for one in results] == [(1, 1, 1)]


async def test_who_comes_back_to_a_window_sees_what_has_happened(visitor: Enter, shop: Shop) -> None:
    me = await join(shop.mall, openid="h5-beside")
    sku = await plain_sku(5_000)
    await me.buy(sku)
    page = await visitor("beside")
    await page.open("pages/referral/index")
    await page.sees("0/3")
    await (await join(shop.mall, me)).buy(sku)
    await work(shop.mall)
    await page.page.evaluate("dispatchEvent(new Event('blur')), dispatchEvent(new Event('focus'))")
    await page.sees("1/3")


async def test_ones_devices_are_listed_and_can_be_logged_out(visitor: Enter, shop: Shop) -> None:
    other = await join(shop.mall, openid="h5-devices")
    me = await visitor("devices")
    await me.open("packages/member/pages/account/index")
    await me.tap("登录设备")
    await me.stand("packages/member/pages/sessions/index")
    await me.sees("这台设备")
    await me.looks("sessions")
    await me.tap(re.compile("的设备退出$"))
    await me.sheet.get_by_role("button", name="退出登录").click()
    await me.sees("已退出登录")
    assert (await other.call("GET", "/me")).status_code == 401


async def test_too_much_unpaid_is_said_at_checkout(visitor: Enter, shop: Shop) -> None:
    buyer = await join(shop.mall, openid="h5-unpaid")
    sku = await plain_sku(5_000)
    for _ in range(5):
        await buyer.place(sku)
    me = await visitor("unpaid")
    me.expected.append("422")
    await me.open(f"{CONFIRM}?items={sku}x1")
    await me.sees("最多有 5 笔未付款的订单，请先付款或取消")
    await me.looks("confirm-unpaid")
    await me.tap("看看未付款的订单")
    await me.stand("packages/order/pages/list/index")


async def test_a_tap_without_a_network_says_so(visitor: Enter, life: Life) -> None:
    """Whatever is tapped: a page that must be loaded, and things that are done on the page."""
    me = await visitor("me", openid=OPENID)
    await me.open(f"pages/product/index?id={life.product}")
    await me.sees("立即购买")
    async with offline(me):
        await me.tap("加入购物车")
        for group in await me.sheet.get_by_role("radiogroup").all():
            await group.get_by_role("radio").first.click()
        await me.sheet.get_by_role("button", name="加入购物车").click()
        await me.sees("网络连接不上，请检查网络后重试")
    me.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch dynamically imported module"]
    await me.open("packages/member/pages/account/index")
    await me.sees("登录设备")
    await me.context.set_offline(True)
    await me.tap("登录设备")
    await me.sees("网络连接不上，请检查网络后重试")
    await me.context.set_offline(False)
