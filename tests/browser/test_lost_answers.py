"""Answers that never arrive: the person presses again, and the action happens only once."""

from typing import Any

import pytest

from tests.browser.conftest import Enter, Shop
from tests.browser.life import goods, sku_of
from tests.browser.network import unanswered
from tests.browser.visitor import Visitor
from tests.support.shop import Shopper, join

UNHEARD = "网络连接不上"
CONFIRM = "packages/order/pages/confirm/index"


@pytest.fixture
async def cards(shop: Shop) -> list[int]:
    """Return SKUs that need no address."""
    return [sku_of(one) for one in await goods(shop.mall, "virtual")]


async def press(me: Visitor) -> None:
    """Order what the page shows; afterwards no message is shown."""
    await me.tap("提交订单")
    await me.sheet.get_by_role("button", name="拒绝").click()


async def lose(me: Visitor, path: str) -> None:
    """Order through this path and lose the answer."""
    async with unanswered(me, "/orders", heard=True):
        await me.open(path)
        await press(me)
        await me.sees(UNHEARD)


async def orders_of(buyer: Shopper) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await buyer.get("/orders"))["items"]
    return found


async def test_pressing_again_after_a_restart_orders_once(visitor: Enter, shop: Shop, cards: list[int]) -> None:
    buyer = await join(shop.mall, openid="h5-again")
    me = await visitor("again", openid="h5-again")
    await lose(me, f"{CONFIRM}?items={cards[0]}x1")
    await me.open(f"{CONFIRM}?items={cards[0]}x1")
    await press(me)
    await me.tap("确认支付")
    await me.sees("支付成功")
    assert len(await orders_of(buyer)) == 1


async def test_the_same_goods_are_another_order_once_the_first_is_paid(
    visitor: Enter, shop: Shop, cards: list[int]
) -> None:
    buyer = await join(shop.mall, openid="h5-another")
    me = await visitor("another", openid="h5-another")
    await lose(me, f"{CONFIRM}?items={cards[0]}x1")
    await me.open("packages/order/pages/list/index")
    await me.tap("去付款")
    await me.tap("确认支付")
    await me.sees("支付成功")
    await me.open(f"{CONFIRM}?items={cards[0]}x1")
    await press(me)
    await me.sees("确认支付")
    assert len(await orders_of(buyer)) == 2


async def test_a_cart_with_other_things_is_another_order(visitor: Enter, shop: Shop, cards: list[int]) -> None:
    first, second = cards[:2]
    buyer = await join(shop.mall, openid="h5-refilled")
    me = await visitor("refilled", openid="h5-refilled")
    await buyer.do("PUT", "/cart/items", {"sku_id": first, "quantity": 1})
    await lose(me, CONFIRM)
    await buyer.do("PUT", "/cart/items", {"sku_id": second, "quantity": 1})
    await me.open(CONFIRM)
    await press(me)
    await me.sees("确认支付")
    assert [one["lines"][0]["sku_id"] for one in await orders_of(buyer)] == [second, first]


async def test_a_share_counts_when_its_first_login_was_lost(visitor: Enter, shop: Shop) -> None:
    sharer = await join(shop.mall, openid="h5-patient")
    card = await sharer.post("/shares", {"kind": "home", "channel": "friend"})
    friend = await visitor("unlucky")
    await friend.open()
    await friend.sees("大家在买")
    async with unanswered(friend, "/login", heard=False):
        await friend.open(card["path"])
        await friend.sees("大家在买")
        await friend.settled()
    await friend.open()
    await friend.sees("欢迎！你是通过")
    assert (await sharer.get("/me/referral"))["downline"]["level1"] == 1
    assert await friend.page.evaluate("localStorage['tuisan:share'] ?? null") is None
