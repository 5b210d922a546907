"""The shop as in production: a browser is a guest, and everything that needs WeChat leads there."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.conftest import Enter, Shop
from tests.browser.life import goods
from tests.support.shop import join

IN_WECHAT = "登录、下单和支付请在微信小程序中进行"


@pytest.fixture(scope="module", autouse=True)
async def production(shop: Shop) -> AsyncIterator[None]:
    """Let the same mall tell its pages that it is in production."""
    control = shop.mall.deps.sandbox_control_url
    shop.mall.swap(sandbox_control_url="")
    yield
    shop.mall.swap(sandbox_control_url=control)


async def test_a_guest_looks_around(visitor: Enter, shop: Shop) -> None:
    product = (await goods(shop.mall))[0]
    guest = await visitor("guest")
    await guest.open()
    await guest.sees("大家在买", product["title"])
    await guest.tap(product["title"])
    await guest.stand("pages/product/index")
    await guest.sees("商品详情")
    await guest.open("pages/category/index")
    await guest.tap("美妆个护")
    await guest.open("packages/referral/pages/rules/index")
    await guest.sees("完整规则")
    await guest.open("pages/referral/index")
    await guest.sees("你的进度在微信里")
    await guest.looks("referral-guest")


@pytest.mark.parametrize(
    "path",
    [
        "pages/cart/index",
        "pages/mine/index",
        "packages/order/pages/list/index",
        "packages/wallet/pages/wallet/index",
        "packages/member/pages/addresses/index",
        "packages/referral/pages/share/index",
    ],
)
async def test_what_needs_a_member_leads_to_wechat(visitor: Enter, path: str) -> None:
    guest = await visitor("guest")
    await guest.open(path)
    await guest.sees(IN_WECHAT)
    await guest.looks(path.replace("packages/", "").replace("/pages/", "-").split("/")[-2] + "-in-wechat")


async def test_buying_leads_to_wechat(visitor: Enter, shop: Shop) -> None:
    product = (await goods(shop.mall))[0]
    guest = await visitor("guest")
    await guest.open(f"pages/product/index?id={product['id']}")
    await guest.tap("立即购买")
    for group in await guest.sheet.get_by_role("radiogroup").all():
        await group.get_by_role("radio").first.click()
    await guest.sheet.get_by_role("button", name="立即购买").click()
    await guest.sees(IN_WECHAT)
    await guest.looks("product-in-wechat")


async def test_a_share_lands_and_is_counted(visitor: Enter, shop: Shop) -> None:
    control = shop.mall.deps.sandbox_control_url
    assert not control
    sharer = await join(shop.mall, openid="h5-producer")
    card = await sharer.post("/shares", {"kind": "home", "channel": "friend"})
    guest = await visitor("guest")
    await guest.open(card["path"])
    await guest.sees("大家在买")
    results = (await sharer.get("/shares"))["items"]
    assert [(one["visitors"], one["bound"]) for one in results] == [(1, 0)]
