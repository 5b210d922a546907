"""拼团 from the product's page until the last friend joins through a card, each on a phone of their own."""

from playwright.async_api import Browser

from tests.browser.conftest import Enter, Shop
from tests.browser.visitor import Visitor
from tests.support.shop import join, work


async def pay(person: Visitor) -> None:
    """Place the order that the confirm page shows, and pay it."""
    await person.tap("提交订单")
    await person.sheet.get_by_role("button", name="拒绝").click()
    await person.tap("确认支付")
    await person.stand("packages/order/pages/result/index")


async def test_a_team_from_its_opening_to_a_friend_who_comes_by_the_card(
    visitor: Enter, shop: Shop, chromium: Browser
) -> None:
    activities = (await shop.mall.http.get("/api/group-buys")).json()["items"]
    activity = next(one for one in activities if one["size"] == 2)
    for openid in ("h5-leader", "h5-friend", "h5-late"):
        await (await join(shop.mall, openid=openid)).address()

    leader = await visitor("leader")
    await leader.open("pages/index/index")
    await leader.tap("拼团")
    await leader.stand("packages/marketing/pages/groups/index")
    await leader.tap(activity["title"])
    await leader.stand("pages/product/index")
    await leader.sees("2 人团", "距结束")
    await leader.looks("group-product")
    await leader.tap("去开团")
    await leader.sheet.get_by_role("button", name="去开团").click()
    await leader.stand("packages/order/pages/confirm/index")
    await leader.looks("group-confirm")
    await pay(leader)
    await leader.sees("邀请好友参团")
    await leader.looks("group-result")
    await leader.tap("邀请好友参团")
    await leader.stand("packages/marketing/pages/team/index")
    await leader.sees("还差 1 人成团", "团长")

    opener = await join(shop.mall, openid="h5-leader")
    (order,) = (await opener.get("/orders"))["items"]
    team_no = (await opener.order(order["order_no"]))["team_no"]
    card = await opener.post("/shares", {"kind": "team", "target_id": team_no, "channel": "friend"})

    friend = await visitor("friend")
    await friend.open(card["path"])
    await friend.sees("还差 1 人成团", "我要参团")
    await friend.looks("group-team-guest")
    await friend.tap("我要参团")
    await friend.sheet.get_by_role("button", name="去参团").click()
    await friend.stand("packages/order/pages/confirm/index")
    await pay(friend)
    await friend.tap("看看我的团")
    await friend.sees("拼团成功")
    await friend.looks("group-team-succeeded")
    await work(shop.mall)

    late = await visitor("late")
    await late.open(card["path"])
    await late.sees("拼团成功", "自己开一个团")
    await late.open(
        f"packages/order/pages/confirm/index?items={(await sku_of(shop, activity['id']))}x1"
        f"&promotion=group_buy-{activity['id']}&team={team_no}"
    )
    late.expected.append("422")
    await late.sees("这个团已经结束了", "自己开一个团")
    await late.looks("group-confirm-over")
    await late.tap("自己开一个团")
    await late.sees("提交订单")


async def sku_of(shop: Shop, group_buy_id: int) -> int:
    """Return the SKU that the activity sells."""
    view = (await shop.mall.http.get(f"/api/group-buys/{group_buy_id}")).json()
    return int(view["skus"][0]["sku_id"])
