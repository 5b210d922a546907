"""Messages are asked for where the member acts, come at their moment, and name no amount that is not so."""

from typing import Any

from server import db
from server.services.growth import progress
from server.services.orders import refunds
from server.services.withdrawals import requests as withdrawal_requests
from tests.browser.conftest import Enter, Shop
from tests.browser.test_amounts import amounts, ask_for_refund, booked, cash, eager, goods_cash, shown
from tests.browser.test_promises import plain_sku
from tests.browser.test_withdrawing import DETAIL, agree, told
from tests.browser.visitor import Visitor
from tests.support import purse
from tests.support.group_buys import join_team
from tests.support.shop import Shopper, join, work

CONFIRM = "packages/order/pages/confirm/index"


async def allow(me: Visitor, *titles: str) -> None:
    """Allow the messages that the sheet asks about, which must be these."""
    sheet = me.sheet
    await sheet.get_by_role("button", name="允许").wait_for()
    assert await sheet.get_by_role("checkbox").count() == len(titles)
    for title in titles:
        await sheet.get_by_label(title).wait_for()
    await sheet.get_by_role("button", name="允许").click()


async def buy(me: Visitor, shop: Shop, path: str, *titles: str) -> str:
    """Buy from the page that confirms an order, and allow these messages; return the order's number."""
    await me.open(f"{CONFIRM}?{path}")
    await me.sees("商品金额")
    await me.tap("提交订单")
    await allow(me, *titles)
    await me.tap("确认支付")
    await me.stand("packages/order/pages/result/index")
    await work(shop.mall)
    no: str = await db.fetch_value(
        "SELECT order_no FROM orders WHERE member_id = (SELECT id FROM members WHERE openid = $1) ORDER BY id DESC"
        " LIMIT 1",
        me.openid,
    )
    return no


async def values(shop: Shop, openid: str, title: str) -> list[dict[str, str]]:
    """Return what the messages of one kind say to a member, by the kind of their fields, in order."""
    template = await db.fetch_value("SELECT template_id FROM notice_templates WHERE title = $1", title)
    return [
        {field.rstrip("0123456789"): part["value"] for field, part in one["data"].items()}
        for one in await told(shop, openid)
        if one["template_id"] == template
    ]


async def test_an_orders_messages_are_asked_for_at_checkout(visitor: Enter, shop: Shop) -> None:
    buyer = await join(shop.mall, openid="h5-order")
    await buyer.address()
    me = await visitor("order")
    no = await buy(me, shop, f"items={await plain_sku(4_567)}x1", "订单支付成功通知", "订单发货通知", "退款进度通知")
    [paid] = await values(shop, me.openid, "订单支付成功通知")
    assert (paid["character_string"], amounts(paid["amount"])) == (no, [await cash(no)])


async def test_a_teams_result_is_asked_for_at_its_checkout(visitor: Enter, shop: Shop) -> None:
    activities = (await shop.mall.http.get("/api/group-buys")).json()["items"]
    found = next(one for one in activities if one["size"] == 2)
    buyer = await join(shop.mall, openid="h5-team")
    await buyer.address()
    sku = (await buyer.get(f"/group-buys/{found['id']}"))["skus"][0]["sku_id"]
    me = await visitor("team")
    path = f"items={sku}x1&promotion=group_buy-{found['id']}"
    no = await buy(me, shop, path, "拼团结果通知", "订单发货通知", "退款进度通知")
    assert await values(shop, me.openid, "拼团结果通知") == []
    await join_team(await join(shop.mall), found["id"], (await buyer.order(no))["team_no"], sku)
    await work(shop.mall)
    assert await values(shop, me.openid, "拼团结果通知") == [{"character_string": no, "phrase": "拼团成功"}]


async def test_a_new_level_is_asked_for_on_the_page_of_levels(visitor: Enter, shop: Shop) -> None:
    one = await join(shop.mall, openid="h5-rising")
    me = await visitor("rising")
    await me.open("packages/marketing/pages/level/index")
    await me.tap("等级变化、积分快到期时提醒我")
    await allow(me, "会员等级变更提醒", "积分到期提醒")
    await me.sees("普通会员")
    assert await progress.correct(shop.mall.deps, one.id, 500, "a", "老会员", "tester", anew=False)
    await work(shop.mall)
    assert await values(shop, me.openid, "会员等级变更提醒") == [{"thing": "银卡会员", "phrase": "已升级"}]


async def moved(no: str) -> list[int]:
    """Return what the books say of an order's refunds: granted, and sent back."""
    return [
        await booked(f"order:{no}", "refunds_due", kind="refund"),
        await booked(f"order:{no}", "wechat_cash", kind="refund_sent"),
    ]


async def test_a_refused_refund_names_what_was_asked_for_and_that_nothing_came(visitor: Enter, shop: Shop) -> None:
    """What stays is what comes back when it is asked for once more and granted."""
    buyer = await eager(shop)
    no = await buyer.buy(await plain_sku(3_456))
    await buyer.receive(no)
    me = await visitor("refused", openid=buyer.openid)
    detail = f"packages/order/pages/detail/index?order_no={no}"
    asked = await ask_for_refund(me, no)
    assert asked == [3_456]
    [first] = (await buyer.get(f"/orders/{no}/refunds"))["items"]
    await refunds.reject(shop.mall.deps, first["refund_no"], "tester", "商品已使用")
    await work(shop.mall)
    [refusal] = await values(shop, buyer.openid, "退款进度通知")
    assert (refusal["phrase"], amounts(refusal["amount"])) == ("未通过审核", asked)
    assert await shown(me, detail, ".refund .figure") == asked
    await me.sees("申请的金额（没有退）")
    await me.misses("退回微信")
    await me.looks("refund-refused")
    assert await moved(no) == [0, 0]

    assert await ask_for_refund(me, no) == asked
    await me.open(detail)
    await me.tap("撤销申请")
    await me.sheet.get_by_role("button").last.click()
    await me.misses("退回微信")
    assert await moved(no) == [0, 0]
    third = (await buyer.refund(no))["refund_no"]
    await refunds.approve(shop.mall.deps, third, "tester")
    assert (await moved(no))[0] == await goods_cash(no) == asked[0]


async def turned_down(shop: Shop, me: Shopper, amount_fen: int, debt_fen: int) -> str:
    """Ask for a withdrawal with a fee, owe this much meanwhile, and be turned down; return its number."""
    no: str = (await me.post("/withdrawals", {"amount_fen": amount_fen}))["withdrawal_no"]
    if debt_fen:
        await purse.owe(shop.mall, me.id, debt_fen)
    await withdrawal_requests.reject(shop.mall.deps, no, "tester", "请先完善资料")
    await work(shop.mall)
    return no


async def test_a_refused_withdrawal_names_what_returned_and_that_debt_goes_first(visitor: Enter, shop: Shop) -> None:
    await agree('{"withdrawal_fee_bp": 150}')
    one = await eager(shop)
    await purse.earn(shop.mall, one.id, 2_000)
    me = await visitor("turned-down", openid=one.openid)
    for debt_fen in (0, 300):
        no = await turned_down(shop, one, 1_000, debt_fen)
        message: dict[str, Any] = (await values(shop, one.openid, "提现进度通知"))[-1]
        back = {code: await booked(f"withdrawal:{no}", code, kind="withdrawal_back") for code in ("in_flight", "debt")}
        assert (message["phrase"], amounts(message["amount"])) == ("未通过", [-back["in_flight"]])
        assert back == {"in_flight": -1_000, "debt": debt_fen}
        assert await booked(f"withdrawal:{no}", "withdrawable", kind="withdrawal_back") == 1_000 - debt_fen
        assert set(await shown(me, f"{DETAIL}?no={no}", ".amount", ".sum .figure", ".sum.total")) == {1_000}
        await me.sees("已退回", "提现金额已全部退回余额，有待扣时先抵扣")
    await me.looks("withdrawal-refused")
    assert await shown(me, "packages/wallet/pages/wallet/index", ".hero") == [1_700]
