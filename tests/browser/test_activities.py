"""Activities, from the form that creates them to their results; a flash sale before, while and after it runs."""

import re
from datetime import datetime, timedelta
from typing import Any

from playwright.async_api import Locator, expect

from server import db
from server.rules.operators import Role
from tests.browser.conftest import Admit, Enter, Shop
from tests.browser.desk import Operator
from tests.browser.life import goods, sku_of
from tests.browser.test_group_buying import pay
from tests.support.flash import apply_sale
from tests.support.group_buys import join_team, open_team
from tests.support.purse import give_points
from tests.support.shop import Shopper, join

_PAGE = "packages/marketing/pages/flash/index"
_WRONG_BY = timedelta(hours=7)
_WAIT_S = 600
_EARLY_S = 0.5


async def session(shop: Shop, slug: str, skus: list[int], **times: datetime) -> tuple[int, list[int]]:
    """Create a session with one piece of each SKU for ¥9.90; return its id and the ids of its items."""
    now = shop.mall.clock.now()
    codes = [await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku) for sku in skus]
    items = [{"sku": code, "price_fen": 990, "stock": 1, "per_member": 1} for code in codes]
    window = {"starts_at": now, "ends_at": now + timedelta(hours=1)} | times
    await apply_sale(shop.mall, slug=slug, name="浏览器秒杀", items=items, **window)
    rows = await db.fetch(
        "SELECT i.id, i.sale_id FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id WHERE s.slug = $1"
        " ORDER BY i.id",
        slug,
    )
    return rows[0]["sale_id"], [row["id"] for row in rows]


def flash(item: int) -> dict[str, Any]:
    """Return the promotion as placing an order takes it."""
    return {"promotion": {"kind": "flash_sale", "id": item}}


async def test_a_flash_sale_sold_out_queued_and_starting_by_the_malls_clock(visitor: Enter, shop: Shop) -> None:
    mall = shop.mall
    sold, held, next_ = [sku_of(one) for one in (await goods(mall))[:3]]
    starts_at = mall.clock.now() + timedelta(seconds=_WAIT_S)
    running, (gone, taken) = await session(shop, "running", [sold, held])
    soon, _ = await session(shop, "soon", [next_], starts_at=starts_at)
    other = await join(mall)
    await other.buy(sold, **flash(gone))
    unpaid = (await other.place(held, **flash(taken)))["order_no"]
    await (await join(mall, openid="h5-late")).address()

    me = await visitor("late")
    await me.page.clock.install(time=mall.clock.now() - _WRONG_BY)
    await me.open(f"{_PAGE}?id={running}")
    await me.sees("距结束", "已抢 100%")
    await expect(me.control(re.compile("^已抢光："))).to_be_disabled()
    await me.looks("flash-running")
    me.expected += ["429", "422"]
    await me.tap(re.compile("^排队中："))
    await me.sees("正在排队", "有人没付款就会空出来")
    await me.looks("flash-confirm-queued")
    await other.post(f"/orders/{unpaid}/cancel")
    await me.tap("再试一次")
    await me.sees("提交订单")
    await me.open(f"packages/order/pages/confirm/index?items={sold}x1&promotion=flash_sale-{gone}")
    await me.sees("活动商品已经没有了", "看看别的活动吧")
    await me.looks("flash-confirm-sold-out")

    await me.open(f"{_PAGE}?id={soon}")
    await me.sees("距开始", re.compile("^0[89]:[0-5][0-9]$"), "共 1 件")
    waiting = me.control(re.compile("^即将开抢："))
    await expect(waiting).to_be_disabled()
    await me.looks("flash-not-started")
    left_s = (starts_at - mall.clock.now()).total_seconds()
    mall.clock.advance(left_s - _EARLY_S)  # the page asks a moment too early, and then again
    await me.page.clock.fast_forward(_WAIT_S * 1000)
    await me.tap(re.compile("^马上抢："))
    await me.stand("packages/order/pages/confirm/index")
    await me.sees("秒杀 浏览器秒杀", "商品金额")
    await me.looks("flash-confirm")
    await pay(me)
    await me.open(f"{_PAGE}?id={soon}")
    await expect(me.control(re.compile("^已抢光："))).to_be_disabled()


def clock(moment: datetime) -> str:
    """Return a time as it is typed into a field, in Shanghai."""
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S")


async def made(operator: Operator, fields: dict[str, str], *, days: int = 1) -> None:
    """Fill in a new activity that has begun and lasts some days, and create it."""
    form = operator.form("创建")
    for label, text in fields.items():
        await operator.fill(label, text, form)
    if days:
        now = operator.mall.clock.now()
        await operator.fill("开始时间", clock(now - timedelta(minutes=1)), form)
        await operator.fill("结束时间", clock(now + timedelta(days=days)), form)
    await operator.press("创建", form)
    await operator.done()


def figure(operator: Operator, label: str) -> Locator:
    """Return the number beside that label on a page of results."""
    return operator.page.locator("li.figure").filter(has=operator.page.get_by_text(label, exact=True)).locator("b")


async def test_an_operator_makes_activities_and_sees_what_members_bought(panel: Admit, shop: Shop) -> None:
    mall = shop.mall
    product = (await goods(mall))[3]
    sku = sku_of(product)
    row = await db.fetch_row(
        "SELECT p.slug, s.code FROM skus s JOIN products p ON p.id = s.product_id WHERE s.id = $1", sku
    )
    assert row is not None
    owner = await panel(Role.OWNER, "maker")

    await owner.menu("拼团")
    await owner.follow("新增拼团")
    await owner.fill("商品标识", row["slug"])
    await owner.press("下一步")
    price = owner.page.locator("fieldset.part").filter(has=owner.page.locator(f"input[value='{row['code']}']"))
    await owner.fill("拼团价（元）", "8.80", price)
    await made(owner, {"标识": "pair", "名称": "两人成团", "几人团": "2", "成团时限": "24"})
    await owner.menu("秒杀")
    await owner.follow("新增场次")
    await owner.fill("SKU 编码", row["code"])
    await owner.fill("秒杀价（元）", "6.60")
    await owner.fill("库存", "3")
    await made(owner, {"标识": "dawn", "名称": "清晨秒杀"})
    await owner.menu("优惠券")
    await owner.follow("新增优惠券")
    await made(owner, {"标识": "five-off", "名称": "立减五元", "面额": "5", "总量": "10"}, days=0)

    await owner.menu("积分商城")
    await owner.follow("新增积分商品")
    await made(
        owner, {"标识": "for-points", "SKU 编码": row["code"], "积分": "200", "加现金": "1", "兑换库存": "2"}, days=0
    )

    leader, friend = await join(mall), await join(mall)
    activity = await db.fetch_value("SELECT id FROM group_buys WHERE slug = 'pair'")
    _, team_no = await open_team(leader, activity, sku)
    await join_team(friend, activity, team_no, sku)
    item = await db.fetch_value(
        "SELECT i.id FROM flash_items i, flash_sales s WHERE s.id = i.sale_id AND slug = 'dawn'"
    )
    await leader.buy(sku, **flash(item))
    await buy_with(leader, "立减五元", sku)
    good = await db.fetch_value("SELECT id FROM points_goods WHERE slug = 'for-points'")
    await give_points(mall, friend.id, 300)
    await friend.buy(sku, promotion={"kind": "points", "id": good})

    await owner.open(f"/group-buys/{activity}")
    await expect(figure(owner, "成团")).to_have_text("1")
    await expect(figure(owner, "成团实收现金")).to_have_text("¥33.60")
    await owner.menu("秒杀结果")
    await expect(owner.page.get_by_role("row").filter(has_text="清晨秒杀")).to_contain_text("¥6.60")
    await owner.follow("清晨秒杀")
    await expect(figure(owner, "已售（件）")).to_have_text("1")
    await expect(figure(owner, "实收")).to_have_text("¥14.60")
    await owner.menu("优惠券")
    await owner.follow("立减五元")
    await expect(figure(owner, "已使用（单）")).to_have_text("1")
    await expect(figure(owner, "优惠金额")).to_have_text("¥5.00")
    await owner.open(f"/points-goods/{good}")
    await expect(figure(owner, "已兑（件）")).to_have_text("1")
    await expect(figure(owner, "消耗积分")).to_have_text("200")


async def buy_with(member: Shopper, name: str, sku: int) -> None:
    """Take a coupon from the claim centre and pay with it."""
    templates = (await member.get("/coupon-templates"))["items"]
    template = next(one["id"] for one in templates if one["name"] == name)
    coupon = await member.post(f"/coupon-templates/{template}/claim")
    await member.buy(sku, coupon_id=coupon["id"])
