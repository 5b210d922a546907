"""Each amount on a member's pages and in the messages to a member is the one in the books."""

import re
from collections.abc import Awaitable, Callable

from server import db
from server.services.orders import refunds
from server.services.withdrawals import requests as withdrawal_requests
from tests.browser.conftest import Enter, Shop
from tests.browser.life import OPENID, Life
from tests.browser.test_activities import flash
from tests.browser.test_withdrawing import DETAIL, WALLET, agree, told
from tests.browser.visitor import Visitor
from tests.support.group_buys import join_team
from tests.support.purse import give_points
from tests.support.shop import Shopper, join, make_coupon_sku, pass_days, until, work

MONEY = re.compile(r"([+-]?)(?=¥|[\d,]+\.\d\d)¥?([\d,]+)(?:\.(\d\d))?")
_MINE = ("spend_only", "withdrawable")


def amounts(text: str) -> list[int]:
    """Return all amounts in a text, in fen."""
    found = MONEY.findall(re.sub(r"\s", "", text))
    return [int(f"{sign}{yuan.replace(',', '')}{cents or '00'}") for sign, yuan, cents in found]


async def booked(link: str, *codes: str, kind: str = "%", currency: str = "CNY", member: int | None = None) -> int:
    """Return the sum of the lines on these accounts in the entries about `link`; `%` in it stands for anything."""
    found: int = await db.fetch_value(
        "SELECT coalesce(sum(l.amount), 0)::bigint FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id"
        " WHERE e.link LIKE $1 AND l.code = ANY ($2) AND e.kind LIKE $3 AND l.currency = $4"
        " AND ($5::bigint IS NULL OR l.member_id = $5)",
        link,
        [*codes],
        kind,
        currency,
        member,
    )
    return found


async def cash(order_no: str) -> int:
    """Return what the shop received through WeChat for an order."""
    return -await booked(f"order:{order_no}", "wechat_cash", kind="order_paid")


async def goods_cash(order_no: str) -> int:
    """Return the same without the freight."""
    freight: int = await db.fetch_value("SELECT freight_fen FROM orders WHERE order_no = $1", order_no)
    return await cash(order_no) - freight


async def held(member: int, *codes: str, source: str = "%", currency: str = "CNY") -> int:
    """Return the sum of a member's accounts; a debt counts positive."""
    found: int = await db.fetch_value(
        "SELECT coalesce(sum(balance), 0)::bigint FROM ledger_accounts"
        " WHERE member_id = $1 AND code = ANY ($2) AND source LIKE $3 AND currency = $4",
        member,
        [*codes],
        source,
        currency,
    )
    return found


async def movements(member: int) -> list[int]:
    """Return the changes that the statement shows, newest entry first: available, frozen, debt, what is left."""
    rows = await db.fetch(
        "SELECT sum(amount) FILTER (WHERE code = ANY ($2)) AS available, sum(amount) FILTER (WHERE code = 'frozen') AS"
        " frozen, -sum(amount) FILTER (WHERE code = 'debt') AS debt, (SELECT sum(p.amount) FROM ledger_lines p WHERE"
        " p.member_id = $1 AND p.code = ANY ($2) AND p.entry_id <= l.entry_id) AS left FROM ledger_lines l"
        " WHERE member_id = $1 AND currency = 'CNY' GROUP BY entry_id ORDER BY entry_id DESC",
        member,
        [*_MINE],
    )
    return [
        int(fen or 0)
        for row in rows
        for fen in (*(one for one in (row["available"], row["frozen"], row["debt"]) if one), row["left"])
    ]


async def links(member: int, kind: str) -> list[str]:
    """Return what a member's entries of one kind are about, newest first."""
    rows = await db.fetch(
        "SELECT DISTINCT e.id, e.link FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id"
        " WHERE l.member_id = $1 AND e.kind = $2 ORDER BY e.id DESC",
        member,
        kind,
    )
    return [row["link"] for row in rows]


async def shown(me: Visitor, path: str, *places: str) -> list[int]:
    """Open a page; return the amounts in the first of these places, then in the next."""
    await me.open(path)
    found: list[int] = []
    for place in places:
        await me.top.locator(place).first.wait_for()
        found += amounts("|".join(await me.top.locator(place).all_inner_texts()))
    return found


async def pays(shop: Shop, me: Shopper, amount_fen: int) -> str:
    """Let a member withdraw until the money is at WeChat; return the number."""
    no: str = (await me.post("/withdrawals", {"amount_fen": amount_fen}))["withdrawal_no"]
    await withdrawal_requests.approve(shop.mall.deps, no, "tester")
    await work(shop.mall)
    await shop.mall.http.post(f"/sandbox/transfers/{no}/confirm")
    await work(shop.mall)
    return no


OF: dict[tuple[str, str], Callable[[str], Awaitable[int]]] = {
    ("order", "已付款"): lambda link: cash(link.removeprefix("order:")),
    ("order", "已同意退款"): lambda link: booked(link, "refunds_due", kind="refund"),
    ("order", "已到账"): lambda link: booked(link, "wechat_cash", kind="refund_sent"),
    ("rebate", "已入账（冻结中）"): lambda link: booked(link, "frozen", kind="rebate_stage"),
    ("rebate", "已到账"): lambda link: booked(link, *_MINE, kind="rebate_release"),
    ("commission", "已入账（冻结中）"): lambda link: booked(link, "frozen", kind="commission_frozen"),
    ("commission", "已到账"): lambda link: booked(link, *_MINE, kind="commission_release"),
    ("withdrawal", "待转账"): lambda link: booked(link, "wechat_cash"),
    ("withdrawal", "待确认收款"): lambda link: booked(link, "wechat_cash"),
    ("withdrawal", "已到账"): lambda link: booked(link, "wechat_cash"),
    ("withdrawal", "未通过"): lambda link: booked(link, "withdrawable", kind="withdrawal_back"),
}
"""The amount in the books for each message, by what it is about and the state that it names."""


def subject(page: str) -> str:
    """Return what a message is about, as the books name it, from the page that it opens."""
    path, query = page.split("?")
    return f"{path.split('/')[-2].replace('detail', 'order')}:{query.split('=')[1]}"


async def test_pages_about_money_show_the_books(visitor: Enter, shop: Shop, life: Life) -> None:
    me, one = await visitor("books", openid=OPENID), life.me.id
    await agree('{"withdrawal_fee_bp": 150}')
    no = await pays(shop, life.me, 333)
    available, frozen = await held(one, *_MINE), await held(one, "frozen")
    assert await shown(me, "pages/mine/index", ".cell .figure") == [available, frozen]

    kinds = [await held(one, code) for code in ("withdrawable", "frozen", "in_flight", "debt")]
    assert await shown(me, f"{WALLET}/wallet/index", ".hero", ".kind") == [available, *kinds]
    lines = await shown(me, f"{WALLET}/statement/index", ".figures")
    assert lines == (await movements(one))[: len(lines)]

    rebate = f"rebate:{life.rebate}"
    back = await booked(rebate, *_MINE, kind="rebate_release")
    assert await shown(me, "packages/referral/pages/rebates/index", ".rebate-head") == [back]
    steps = await shown(me, f"packages/referral/pages/rebate/index?id={life.rebate}", ".sum", ".amount")
    assert steps == [await goods_cash(life.orders["completed"]), back, back]
    rebates = [back, await held(one, "frozen", source="rebate:%")]
    assert await shown(me, "pages/referral/index", ".sums .sum") == rebates

    earned = [-await booked(link, "commission_cost") for link in await links(one, "commission_frozen")]
    sums = [await booked("commission:%", *_MINE, member=one), await held(one, "frozen", source="commission:%")]
    assert await shown(me, f"{WALLET}/commissions/index", ".total", ".cell .head") == [*sums, *earned]
    commission = [-await booked(f"commission:{life.commission}", "commission_cost")] * 2
    assert await shown(me, f"{WALLET}/commission/index?id={life.commission}", ".amount", ".sum.total") == commission

    asked = [await booked(link, "in_flight", kind="%request") for link in await links(one, "withdrawal_request")]
    assert await shown(me, f"{WALLET}/withdrawals/index", ".cell .head") == asked
    kept, sent = [await booked(f"withdrawal:{no}", code) for code in ("withdrawal_fee", "wechat_cash")]
    assert await shown(me, f"{DETAIL}?no={no}", ".sum .figure", ".sum.total", ".amount") == [333, -kept, sent, sent]

    returnable = [item["order_no"] for item in (await life.me.get("/me/referral/returnable"))["items"]]
    wanted = [await goods_cash(order_no) for order_no in returnable]
    assert await shown(me, "packages/referral/pages/returnable/index", ".sums") == wanted


async def ask_for_refund(me: Visitor, order_no: str) -> list[int]:
    """Ask for everything of an order; return the amounts that the page then names."""
    await me.open(f"packages/order/pages/refund/index?order_no={order_no}")
    await me.tap("不想要了", "radio")
    await me.tap("提交申请")
    await me.sheet.get_by_role("button").last.click()
    await me.sees("申请已提交")
    return amounts(await me.top.locator(".done .sums").inner_text())


async def test_orders_and_refunds_show_the_books(visitor: Enter, shop: Shop, life: Life) -> None:
    me = await visitor("orders", openid=OPENID)
    detail = "packages/order/pages/detail/index?order_no="
    for state in ("completed", "paid", "shipped", "virtual"):
        no = life.orders[state]
        assert await shown(me, f"{detail}{no}", ".total") == [await cash(no)], state
    rows = (await life.me.get("/orders"))["items"]
    listed = await shown(me, "packages/order/pages/list/index", ".due")
    taken = [await cash(row["order_no"]) for row in rows]
    assert any(taken)
    assert [due for due, fen in zip(listed, taken, strict=False) if fen] == [fen for fen in taken[: len(listed)] if fen]
    no = life.orders["refunded"]
    back = await booked(f"order:{no}", "wechat_cash", kind="refund_sent")
    assert await shown(me, f"{detail}{no}", ".total", ".refund .figure") == [await cash(no), back]
    no = life.orders["paid"]
    assert await shown(me, f"packages/order/pages/result/index?order_no={no}", ".sums") == [await cash(no)]
    promised = await ask_for_refund(me, no)
    await me.misses("金额以审核通过时为准")
    await work(shop.mall)
    await until(lambda: booked(f"order:{no}", "wechat_cash", kind="refund_sent"))
    assert promised == [await booked(f"order:{no}", "wechat_cash", kind="refund_sent")]

    no = life.orders["shipped"]
    promised = await ask_for_refund(me, no)
    await me.sees("金额以审核通过时为准")
    await me.looks("refund-asked")
    assert await shown(me, f"{detail}{no}", ".refund .figure") == promised
    await me.sees("金额以审核通过时为准")
    [asked] = (await life.me.get(f"/orders/{no}/refunds"))["items"]
    await refunds.approve(shop.mall.deps, asked["refund_no"], "tester")
    assert promised == [await booked(f"order:{no}", "refunds_due", kind="refund")]


async def test_points_show_the_books(visitor: Enter, shop: Shop, life: Life) -> None:
    me, one = await visitor("points", openid=OPENID), life.me.id
    await give_points(shop.mall, one, 300)
    await me.open("packages/marketing/pages/level/index")
    await me.sees(f"{await held(one, 'points', currency='POINT')} 积分")
    await me.sees(f"冻结中 {await held(one, 'frozen', currency='POINT')}")
    rows = await db.fetch(
        "SELECT sum(amount) FILTER (WHERE code = 'points') AS free, sum(amount) AS all FROM ledger_lines"
        " WHERE member_id = $1 AND currency = 'POINT' GROUP BY entry_id ORDER BY entry_id DESC",
        one,
    )
    moved = [int(row["free"] or row["all"]) for row in rows]
    changes = [int(text) for text in await me.top.locator(".change").all_inner_texts()]
    assert changes
    assert changes == moved[: len(changes)]

    await me.open("packages/marketing/pages/points-mall/index")
    row = me.top.locator(".item").filter(has_text="婴儿手口湿巾").locator(".prices")
    text = await row.inner_text()
    promised = (int(text.split("积分")[0]), amounts(text)[0])
    good = next(item for item in (await life.me.get("/points/goods"))["items"] if item["points"] == promised[0])
    no = await life.me.buy(good["sku_id"], promotion={"kind": "points", "id": good["id"]})
    spent = await booked(f"order:{no}", "points_spent", kind="order_paid", currency="POINT")
    assert (spent, await goods_cash(no)) == promised


async def test_prices_are_what_orders_then_take(visitor: Enter, shop: Shop, life: Life) -> None:
    """Cart and coupon, group buy, flash sale, a coupon of value."""
    me, buyer = await visitor("prices", openid=OPENID), life.me
    [total] = await shown(me, "pages/cart/index", ".sum-line")
    await me.open("packages/member/pages/coupons/index")
    ticket = me.top.locator(".ticket").filter(has_text="无门槛 5 元券").locator(".ticket-amount").first
    [off] = amounts(await ticket.inner_text())
    lines = (await buyer.get("/cart"))["items"]
    coupon = next(one["id"] for one in (await buyer.get("/coupons"))["items"] if one["name"] == "无门槛 5 元券")
    items = [{"sku_id": line["sku_id"], "quantity": line["quantity"]} for line in lines]
    basket = {"items": items, "address_id": life.address, "coupon_id": coupon}
    order_no = (await buyer.post("/orders", basket))["order_no"]
    await buyer.pay(order_no)
    assert await goods_cash(order_no) == total - off

    prices = await shown(me, f"packages/marketing/pages/team/index?team_no={life.team}", ".team-prices")
    friend = await join(shop.mall)
    team = await buyer.get(f"/teams/{life.team}")
    activity = await buyer.get(f"/group-buys/{team['group_buy']['id']}")
    joined = await join_team(friend, activity["id"], life.team, activity["skus"][0]["sku_id"])
    assert await goods_cash(joined) == prices[0]
    await me.open("packages/marketing/pages/groups/index")
    listed = me.top.locator(".group").filter(has_text=activity["product_title"]).locator(".prices")
    assert amounts(await listed.inner_text()) == prices

    item = await db.fetch_row("SELECT id, sale_id FROM flash_items WHERE sku_id = $1 ORDER BY id DESC", life.sku)
    assert item
    prices = await shown(me, f"packages/marketing/pages/flash/index?id={item['sale_id']}", ".prices")
    assert await goods_cash(await friend.buy(life.sku, **flash(item["id"]))) == prices[0]

    [price] = await shown(me, f"pages/product/index?id={life.product}", ".money")
    skus = (await friend.get(f"/products/{life.product}"))["skus"]
    cheapest = min(skus, key=lambda one: int(one["price_fen"]))["id"]
    assert await goods_cash(await friend.buy(cheapest)) == price
    title = (await friend.get(f"/products/{life.product}"))["title"]
    await me.open(f"pages/search/index?q={title}")
    card = me.top.get_by_role("link", name=title).locator(".foot").first
    assert amounts(await card.inner_text())[0] == price

    sku = await make_coupon_sku(shop.mall, "points-10")
    await buyer.buy(sku)
    await work(shop.mall)
    await me.open("packages/member/pages/coupons/index")
    ticket = me.top.locator(".ticket").filter(has_text="积分专享 10 元券").locator(".ticket-amount").first
    assert amounts(await ticket.inner_text()) == [await held(buyer.id, "coupon", currency="CPN")]


async def eager(shop: Shop) -> Shopper:
    """Return a new member who allows five messages of each kind."""
    me = await join(shop.mall)
    templates = [row["template_id"] for row in await db.fetch("SELECT template_id FROM notice_templates")]
    for template in templates:
        await shop.mall.control("subscribe", openid=me.openid, template_id=template, times=5)
    for _ in range(5):
        await me.post("/notices/subscriptions", {"results": dict.fromkeys(templates, "accept")})
    return me


async def test_messages_name_what_the_books_say(shop: Shop, life: Life) -> None:
    """A member who wants every message: order, refund, rebate, commission, withdrawals with a fee."""
    mall = shop.mall
    await agree('{"withdrawal_fee_bp": 150}')
    me = await eager(shop)
    sku = life.sku
    own = await me.buy(sku)
    bought = [(me, own)]
    for _ in range(3):
        friend = await join(mall, me)
        bought.append((friend, await friend.buy(sku)))
        await work(mall)
    await me.refund(again := await me.buy(sku))
    await work(mall)
    await until(lambda: booked(f"order:{again}", "wechat_cash", kind="refund_sent"))
    for person, order_no in bought:
        await person.receive(order_no)
    await pass_days(mall, 8)
    await me.log_in_again()
    await pays(shop, me, 333)
    turned_down = (await me.post("/withdrawals", {"amount_fen": 111}))["withdrawal_no"]
    await withdrawal_requests.reject(mall.deps, turned_down, "tester", "请先完善资料")
    await work(mall)
    seen = set()
    for message in await told(shop, me.openid):
        said = [(kind, value["value"]) for kind, value in message["data"].items()]
        sums = [value for kind, value in said if kind.startswith("amount")]
        if not sums:
            continue
        state = next((value for kind, value in said if kind.startswith(("phrase", "thing"))), "已付款")
        about = subject(message["page"])
        seen.add((about.split(":")[0], state))
        assert [amounts(one) for one in sums] == [[await OF[about.split(":")[0], state](about)]], message
    assert seen == {*OF}


async def test_the_points_that_a_message_names_then_expire(shop: Shop) -> None:
    await pass_days(shop.mall, 2)  # teams that fail are refunded while WeChat still does so
    me = await eager(shop)
    await give_points(shop.mall, me.id, 300)
    ends_at = await db.fetch_value("SELECT max(ends_at) FROM point_credits WHERE member_id = $1", me.id)
    left_s = (ends_at - shop.mall.clock.now()).total_seconds()
    await pass_days(shop.mall, left_s / 86_400 - 6)
    [message] = await told(shop, me.openid)
    await pass_days(shop.mall, 7)
    gone = await booked(f"member:{me.id}", "points", kind="points_expired", currency="POINT")
    assert int(message["data"]["number1"]["value"]) == -gone == 300
