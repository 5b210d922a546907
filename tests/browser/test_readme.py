"""The story of README, step by step: two windows that stay open.

Nobody reloads a page; the only address that is opened is the shared link. The desk starts the shop anew by itself when
it changes the member, and only then.
"""

import re

from playwright.async_api import Error, expect

from tests.browser.conftest import Enter, Shop
from tests.browser.test_group_buying import pay
from tests.browser.visitor import Visitor
from tests.support.shop import until, work

CARD = "影音会员月卡"
PRICE = "19.90"


async def window(visitor: Enter, name: str) -> Visitor:
    """Open a window of the shop that is wide enough for the sandbox desk."""
    person = await visitor(name)
    await person.page.set_viewport_size({"width": 1200, "height": 900})
    await person.open()
    await person.sees("大家在买", "微信沙箱")
    return person


async def buy(person: Visitor, shop: Shop) -> None:
    """Buy the card from its page; the worker does its part."""
    await person.stand("pages/product/index")
    await person.tap("立即购买")
    await person.sheet.get_by_role("radio", name="1 个月").click()
    await person.sheet.get_by_role("button", name="立即购买").click()
    await person.stand("packages/order/pages/confirm/index")
    await pay(person)
    await person.sees("支付成功", PRICE)
    await work(shop.mall)


async def join_and_buy(friend: Visitor, link: str, shop: Shop) -> None:
    """Open the link in a window that shows the shop already, and buy what it leads to."""
    await friend.page.evaluate("window.kept = true")
    await friend.page.goto(link, wait_until="commit")
    await friend.sees("欢迎！你是通过", CARD)
    assert await friend.page.evaluate("window.kept")
    await buy(friend, shop)


async def started_anew(person: Visitor) -> bool:
    """Whether the desk has started the shop anew. The shop's policy refuses scripts that wait for it in the page."""
    try:
        return not await person.page.evaluate("window.kept")
    except Error:  # the page is just being left
        return False


async def test_the_story_of_readme(visitor: Enter, shop: Shop) -> None:
    # 1. A buys a card.
    a = await window(visitor, "first-window")
    await a.page.evaluate("window.kept = true")
    await a.tab("分类")
    await a.stand("pages/category/index")
    await a.tap("礼品卡券", "tab")
    await a.tap(CARD, "link")
    await buy(a, shop)

    # 2. A copies the link of the card.
    await a.tap("回首页")
    await a.tab("推三返一")
    await a.sees("0/3")
    await a.tap("去分享")
    await a.stand("packages/referral/pages/share/index")
    await a.tap(CARD, "radio")
    await a.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await a.tap("复制链接")
    await a.sees("内容已复制")
    link = await a.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(shop.mall.base_url)

    # 3. B, C and D open it in the other window and buy.
    others = await window(visitor, "private-window")
    await join_and_buy(others, link, shop)
    for _ in "CD":
        await others.tap("换成新会员")
        await until(lambda: started_anew(others))
        await others.sees("大家在买")
        await join_and_buy(others, link, shop)

    # 4. A comes back to the first window.
    await a.back()
    await a.stand("pages/referral/index")
    await a.sees("已完成 1 轮，这是新的一轮")
    await a.shot("readme-ring")
    assert await a.page.evaluate("window.kept")
    await a.tap(re.compile("冻结"), "link")
    await a.stand("packages/referral/pages/rebate/index")
    await a.sees("怎么算出来的", "谁计入了这一轮", "返还的是这一单", "冻结中", f"¥{PRICE}")
    await a.shot("readme-rebate")

    # 5. Eight days pass.
    await a.tap("快进 8 天")
    await a.sees("已快进 8 天")
    await work(shop.mall)
    await a.stand("packages/referral/pages/rebate/index")
    await a.back()
    await a.tab("我的")
    await a.tap("钱包")
    await a.stand("packages/wallet/pages/wallet/index")
    await a.sees(re.compile(rf"^\+¥{PRICE}$"), "返还")
    await a.shot("readme-wallet")
    await a.back()
    await a.tab("首页")
    await a.tap("秒杀")
    await expect(a.control("马上抢").first).to_be_enabled()
    await a.shot("readme-flash")
    assert await a.page.evaluate("window.kept")
