"""Coupon, points and balance in one price, explained in the server's words; refunds; goods that sell out meanwhile."""

import re
from datetime import timedelta
from typing import Any

from playwright.async_api import expect

from server import db
from server.services.catalogue import apply as catalogue_apply
from server.services.orders import refunds, returns
from tests.browser.conftest import Enter, Shop
from tests.browser.life import OPENID, Life
from tests.support.purse import give_points
from tests.support.shop import join, work


def yuan(amount_fen: int) -> str:
    """Return the amount as the pages write it."""
    return f"¥{amount_fen // 100:,}.{amount_fen % 100:02}"


def explained(priced: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the steps of a price with the server's words and amounts."""
    detail = {one["label"]: one["detail"] for one in priced["why"]}
    return [
        ("商品金额", yuan(priced["items_fen"])),
        *((one["label"] + detail[one["label"]], f"-{yuan(one['amount_fen'])}") for one in priced["discounts"]),
        ("运费" + detail["运费"], yuan(priced["freight_fen"]) if priced["freight_fen"] else "免运费"),
        ("余额抵扣", f"-{yuan(priced['balance_fen'])}"),
        ("微信支付", yuan(priced["cash_due_fen"])),
    ]


async def test_coupon_points_and_balance_in_one_price(visitor: Enter, life: Life) -> None:
    coupon = next(one for one in (await life.me.get("/coupons?state=unused"))["items"] if one["threshold_fen"] > 10_000)
    await give_points(life.me.mall, life.me.id, 500 - (await life.me.wallet())["points"])
    balance_fen = (await life.me.wallet())["available_fen"]
    sku = life.sku
    price_fen = (await life.me.post("/orders/preview", await life.me.basket(sku)))["items_fen"]
    pieces = -(-coupon["threshold_fen"] // price_fen)
    wish = {
        "items": [{"sku_id": sku, "quantity": pieces}],
        "address_id": life.address,
        "coupon_id": coupon["id"],
        "points": 500,
        "use_balance_fen": balance_fen,
    }
    preview = await life.me.post("/orders/preview", wish)
    assert [one["kind"] for one in preview["discounts"]] == ["coupon", "points"]
    assert preview["balance_fen"] == balance_fen > 0

    me = await visitor("me", openid=OPENID)
    await me.open(f"packages/order/pages/confirm/index?items={sku}x{pieces}")
    await me.tap("优惠券")
    await me.sheet.get_by_role("radio", name=coupon["name"]).click()
    await me.top.get_by_role("switch", name="用积分抵扣").click()
    await me.sees("500 积分 -¥")
    await me.top.get_by_role("switch", name="用余额抵扣").click()
    await me.tap("价格怎么来的")
    told = explained(preview)
    for label, amount in told:
        row = me.top.locator("wx-view", has_text=re.compile(f"^{re.escape(label)}{re.escape(amount)}$"))
        await expect(row.last).to_be_visible()
    await me.sees("本单可被返还")
    await me.looks("order-confirm-explained")

    await me.tap("提交订单")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await expect(me.sheet.get_by_text(yuan(preview["cash_due_fen"])[1:])).to_be_visible()
    await me.tap("取消支付")
    await me.stand("packages/order/pages/result/index")
    await me.sees("继续支付")
    await me.looks("order-result-unpaid")
    await me.tap("继续支付")
    await me.tap("确认支付")
    await me.sees("支付成功")
    await me.looks("order-result-paid")
    newest = (await life.me.get("/orders"))["items"][0]
    assert {name: newest[name] for name in ("cash_due_fen", "balance_fen", "discounts", "status")} == {
        "cash_due_fen": preview["cash_due_fen"],
        "balance_fen": balance_fen,
        "discounts": preview["discounts"],
        "status": "paid",
    }


async def test_an_exchange_in_the_points_mall(visitor: Enter, life: Life) -> None:
    """From the home page to a paid order in points and cash; after it the points do not suffice for another."""
    held = (await life.me.wallet())["points"]
    await give_points(life.me.mall, life.me.id, 1_300 - held)
    me = await visitor("me", openid=OPENID)
    await me.open("pages/index/index")
    await me.tap("积分商城")
    await me.stand("packages/marketing/pages/points-mall/index")
    await me.sees("1300", "1200 积分", "影音会员月卡")
    await me.looks("points-mall")
    await me.top.get_by_role("button", name="去兑换：", exact=False).last.click()
    await me.sees("1200 积分 +", "确认兑换")
    await me.sees("1200 积分兑换", "本单不可被返还：积分兑换不参与")
    await me.looks("points-mall-confirm")
    await me.tap("确认兑换")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.tap("确认支付")
    await me.sees("支付成功")
    newest = (await life.me.get("/orders"))["items"][0]
    assert (newest["kind"], newest["discounts"][0]["label"]) == ("points", "1200 积分兑换")
    await me.open("packages/marketing/pages/points-mall/index")
    await me.sees("100", "还差 1100", "还差 500")


async def test_asking_for_a_refund(visitor: Enter, life: Life) -> None:
    order_no = await life.me.buy(life.sku)
    me = await visitor("me", openid=OPENID)
    await me.open("packages/order/pages/list/index?tab=paid")
    await me.top.get_by_role("link", name=f"订单 {order_no}").click()
    await me.stand("packages/order/pages/detail/index")
    await me.tap("申请退款")
    await me.stand("packages/order/pages/refund/index")
    await me.tap("不想要了")
    await me.tap("提交申请")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.sees("申请已提交")
    await me.looks("order-refund-done")
    await me.tap("回到订单")
    await me.sees("退款")
    assert (await life.me.order(order_no))["status"] == "refunded"
    await me.looks("order-detail-refunded")


async def test_sending_goods_back(visitor: Enter, shop: Shop, life: Life) -> None:
    order_no = await life.me.buy(life.sku)
    await life.me.receive(order_no)
    refund_no = (await life.me.refund(order_no))["refund_no"]
    await returns.accept(shop.mall.deps, refund_no, "仓库 057188888888 杭州市西湖区退货一号门", "请寄回商品", "op")
    me = await visitor("me", openid=OPENID)
    await me.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await me.sees("待寄回商品", "退货寄往", "商家说明：请寄回商品")
    await me.tap("提交运单号")
    await me.sees("请填写快递公司和运单号")
    await me.fill("快递公司", "顺丰速运")
    await me.fill("退货运单号", "SF1234567890")
    await me.looks("order-detail-returning")
    await me.tap("提交运单号")
    await me.sees("已寄出：顺丰速运 SF1234567890")
    await me.whole("order-detail-sent-back")
    await refunds.approve(shop.mall.deps, refund_no, "op", restock=True)
    await me.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await me.sees("退款中")


async def test_adding_to_the_cart_and_checking_out(visitor: Enter, life: Life) -> None:
    newcomer = await visitor("cart")
    await newcomer.open(f"pages/product/index?id={life.product}")
    await newcomer.tap("加入购物车")
    for group in await newcomer.sheet.get_by_role("radiogroup").all():
        await group.get_by_role("radio").first.click()
    await newcomer.looks("product-spec")
    await newcomer.sheet.get_by_role("button", name="加入购物车").click()
    await newcomer.tap(re.compile("^购物车，1 件"))
    await newcomer.stand("pages/cart/index")
    await newcomer.tap(re.compile("数量加一$"))
    await newcomer.sees("去结算（2）")
    await newcomer.tap("去结算")
    await newcomer.stand("packages/order/pages/confirm/index")
    await newcomer.sees("×2")
    await newcomer.tap("提交订单")
    await newcomer.stand("packages/member/pages/addresses/index")


async def test_taking_the_last_thing_out_of_the_cart(visitor: Enter, shop: Shop, life: Life) -> None:
    owner = await join(shop.mall, openid="h5-emptying")
    await owner.do("PUT", "/cart/items", {"sku_id": life.sku, "quantity": 2})
    me = await visitor("emptying", openid="h5-emptying")
    await me.open("pages/cart/index")
    await me.tap(re.compile("数量减一$"))
    await me.sees("去结算（1）")
    await me.tap(re.compile("数量减一$"))
    await me.sheet.get_by_role("button", name="移出").click()
    await me.sees("购物车还是空的")
    assert (await owner.get("/cart"))["items"] == []


async def test_goods_for_a_level_for_points_and_those_that_are_coupons(visitor: Enter, shop: Shop) -> None:
    quilt = await db.fetch_value("SELECT id FROM products WHERE min_level = 1")
    coupon = await db.fetch_value("SELECT id FROM products WHERE exchange_only")
    buyer = await join(shop.mall, openid="h5-level")
    me = await visitor("level")
    await me.open(f"pages/product/index?id={quilt}")
    await me.sees("银卡会员专享", "银卡会员及以上专享")
    await me.misses("立即购买")
    await me.looks("product-for-a-level")
    async with db.connection() as connection:
        until = shop.mall.clock.now() + timedelta(days=99)
        standing = "INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 1, $2)"
        await connection.execute(standing, buyer.id, until)
    await me.open(f"pages/product/index?id={quilt}")
    await me.sees("立即购买", "银卡会员专享")
    await me.open(f"pages/product/index?id={coupon}")
    await me.sees("自动发券", "500 积分兑换", "积分专享 10 元券：无门槛减 10 元")
    await me.misses("加入购物车")

    sold = {"products": [{"slug": "coupon-10", "exchange_only": False}]}
    await catalogue_apply.apply(shop.mall.deps, sold, "tester")
    sku = await db.fetch_value("SELECT id FROM skus WHERE product_id = $1", coupon)
    order_no = await buyer.buy(sku)
    await work(shop.mall)
    await me.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await me.sees("积分专享 10 元券", "可使用，有效期至")
    await me.looks("order-coupons")
    await me.tap("我的优惠券")
    await me.stand("packages/member/pages/coupons/index")
    await me.sees("积分专享 10 元券")


async def test_withdrawing_a_refund(visitor: Enter, life: Life) -> None:
    await life.me.log_in_again()  # a member has five sessions, and each visitor's login takes one
    order_no = await life.me.buy(life.sku)
    await life.me.receive(order_no)
    await life.me.refund(order_no)
    me = await visitor("me", openid=OPENID)
    await me.open(f"packages/order/pages/detail/index?order_no={order_no}")
    await me.sees("待审核")
    await me.whole("order-refund-open")
    await me.tap("撤销申请")
    await me.shot("order-refund-withdraw")
    await me.sheet.get_by_role("button", name="撤销申请").click()
    await me.sees("已撤销")
    await me.whole("order-refund-withdrawn")
    state = "SELECT r.state FROM refunds r JOIN orders o ON o.id = r.order_id WHERE o.order_no = $1"
    assert await db.fetch_value(state, order_no) == "withdrawn"
