"""推三返一 as four members click it in four browsers, from A's card to the line in A's statement."""

import re

from playwright.async_api import expect

from server.services.orders import fulfilment
from tests.browser.conftest import Enter, Shop
from tests.browser.life import goods
from tests.browser.visitor import Visitor
from tests.support.shop import pass_days, work

ADDRESS = {"收货人": "收货人", "电话": "13800138000", "详细地址": "文三路一号"}


async def choose_region(member: Visitor) -> None:
    """Choose the first region that the picker offers."""
    await member.tap("所在地区")
    await member.tap("确定")
    await member.misses("省、市、区")


async def enter_address(member: Visitor) -> None:
    """Enter an address on the page that confirm leads to, and choose it."""
    await member.tap("选择收货地址")
    await member.tap("新增地址")
    for label, text in ADDRESS.items():
        await member.fill(label, text)
    await choose_region(member)
    await member.tap("保存")
    await member.stand("packages/member/pages/addresses/index")
    await member.tap("选择收货人的地址")
    await member.stand("packages/order/pages/confirm/index")


async def buy(member: Visitor, product: int) -> str:
    """Buy a product from its page, with a new address; return the order number."""
    await member.stand("pages/product/index")
    await member.tap("立即购买")
    for group in await member.sheet.get_by_role("radiogroup").all():
        await group.get_by_role("radio").first.click()
    await member.sheet.get_by_role("button", name="立即购买").click()
    await member.stand("packages/order/pages/confirm/index")
    await enter_address(member)
    await member.tap("提交订单")
    await member.sheet.get_by_role("button", name="允许").click()
    return await pay(member)


async def pay(member: Visitor) -> str:
    """Pay in the sandbox's payment sheet."""
    await member.tap(re.compile("确认支付"))
    await member.stand("packages/order/pages/result/index")
    await member.sees("支付成功")
    match = re.search(r"order_no=(\w+)", member.page.url)
    assert match
    return match[1]


async def share(member: Visitor) -> str:
    """Return the link of the current page, as a share card carries it."""
    await member.tap("分享给朋友")
    link = await member.sheet.locator("p").inner_text()
    await member.sheet.get_by_role("button", name="取消").click()
    return link


async def receive(member: Visitor, order_no: str) -> None:
    """Confirm the receipt, and the question that follows."""
    await member.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await member.tap("确认收货")
    await member.sheet.get_by_role("button", name="确认收货").click()
    await member.sees("已收货")


async def counted(member: Visitor, friends: int) -> None:
    """Check that the ring shows this many of three friends."""
    await member.open("pages/referral/index")
    await expect(member.top.get_by_text(f"{friends}/3").first).to_be_visible()


async def test_three_friends_bring_one_order_back(visitor: Enter, shop: Shop) -> None:
    product = (await goods(shop.mall))[0]["id"]
    members = [await visitor(name) for name in "ABCD"]
    a, *friends = members

    await a.open(f"pages/product/index?id={product}")
    orders = [await buy(a, product)]
    await counted(a, 0)
    await a.open(f"pages/product/index?id={product}")
    link = await share(a)
    assert re.search(r"#/pages/product/index\?id=\d+&s=\w+$", link)

    for number, friend in enumerate(friends, 1):
        await friend.follow(link)
        await friend.sees("欢迎！你是通过")
        orders.append(await buy(friend, product))
        await work(shop.mall)
        if number < len(friends):
            await counted(a, number)
            await a.shot(f"story-{number}-of-3")

    await a.open("pages/referral/index")
    await a.sees("已完成 1 轮", "冻结中")
    await a.top.get_by_role("link", name=re.compile("冻结")).first.click()
    await a.stand("packages/referral/pages/rebate/index")
    await a.sees("怎么算出来的", "谁计入了这一轮", orders[0])
    assert (await a.text()).count("付款") >= len(friends)
    await a.shot("story-rebate-frozen")

    for member, order_no in zip(members, orders, strict=True):
        await fulfilment.ship(shop.mall.deps, order_no, "顺丰速运", "SF1234567890", "tester")
        await receive(member, order_no)
    await pass_days(shop.mall, 8)

    await a.open("packages/referral/pages/rebates/index")
    await a.sees("已到账")
    await a.top.get_by_role("link").first.click()
    await a.tap("在钱包明细中查看")
    await a.stand("packages/wallet/pages/statement/index")
    await a.sees(re.compile("^\\+¥24.90$"), "返还")
    await a.shot("story-statement")
