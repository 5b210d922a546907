"""What pages offer before anybody buys: coupons, levels, prices. The order then costs and brings exactly that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.async_api import Locator

from server import db
from server.core.money import WHOLE_BP
from server.services.growth import progress
from server.services.terms import commission_policies, levels, policy
from tests.browser.conftest import Enter, Shop
from tests.browser.life import POLICIES
from tests.browser.test_activities import flash, session
from tests.browser.test_amounts import amounts, booked, cash, goods_cash, held, links, shown
from tests.browser.test_promises import plain_sku
from tests.browser.visitor import Visitor
from tests.support.shop import Shopper, join, work

LEVEL_PAGE = "packages/marketing/pages/level/index"
CARDS = 6


@dataclass(frozen=True)
class Ticket:
    """A coupon as its ticket shows it."""

    name: str
    from_fen: int
    amount_fen: int
    off_bp: int
    most_fen: int | None

    @classmethod
    async def read(cls, ticket: Locator) -> "Ticket":
        name = await ticket.locator(".ticket-name").inner_text()
        worth = await ticket.locator(".ticket-amount").inner_text()
        terms = {text[:2]: amounts(text) for text in await ticket.locator(".ticket-terms").all_inner_texts()}
        [threshold] = terms.get("满 ", [0])
        fold = re.fullmatch(r"([\d.]+)\s*折", worth)
        return cls(
            name,
            threshold,
            0 if fold else amounts(worth)[0],
            WHOLE_BP - int(Decimal(fold[1]) * 1000) if fold else 0,
            terms["最多"][0] if "最多" in terms else None,
        )

    def off(self, goods_fen: int) -> int:
        """Return what it takes off goods at this price, a part of a fen rounded down."""
        off = goods_fen * self.off_bp // WHOLE_BP if self.off_bp else self.amount_fen
        return min(off, goods_fen, self.most_fen or off)

    def prices(self) -> Iterable[int]:
        """Return prices to try: the lowest one, an odd one, and one at which a percentage reaches its ceiling."""
        yield self.from_fen or 1
        yield self.from_fen + 3_337
        if self.most_fen:
            yield self.most_fen * WHOLE_BP // self.off_bp + 1_001


async def tickets(me: Visitor) -> list[Ticket]:
    await me.open("packages/marketing/pages/coupon-center/index")
    await me.top.locator(".ticket").first.wait_for()
    return [await Ticket.read(one) for one in await me.top.locator(".ticket").all()]


async def coupon_of(buyer: Shopper, name: str) -> int:
    """Return the id of the coupon with this name that can be used, claimed if it has to be."""
    mine = [one["id"] for one in (await buyer.get("/coupons"))["items"] if one["name"] == name]
    if mine:
        return int(mine[0])
    offers = (await buyer.get("/coupon-templates"))["items"]
    await buyer.post(f"/coupon-templates/{next(one['id'] for one in offers if one['name'] == name)}/claim")
    return await coupon_of(buyer, name)


async def test_a_coupon_takes_off_what_its_ticket_says(visitor: Enter, shop: Shop) -> None:
    """Each one of the centre: a fen below its threshold nothing; above it the amount or the part, up to the ceiling."""
    me = await visitor("tickets")
    offered = await tickets(me)
    assert any(one.off_bp for one in offered)
    assert any(one.from_fen for one in offered)
    first = offered[0]
    await me.tap(f"领取{first.name}")
    await me.sheet.get_by_role("button", name="拒绝").click()
    await me.sees("已放进你的券包")
    claimed = await join(shop.mall, openid="h5-tickets")
    assert [one["name"] for one in (await claimed.get("/coupons"))["items"]] == [first.name]
    for ticket in offered:
        for price in ticket.prices():
            buyer = await join(shop.mall)
            coupon = await coupon_of(buyer, ticket.name)
            sku = await plain_sku(price, category="beauty")
            paid = await goods_cash(await buyer.buy(sku, coupon_id=coupon))
            assert paid == price - ticket.off(price), (ticket, price)
        if ticket.from_fen:
            buyer = await join(shop.mall)
            coupon = await coupon_of(buyer, ticket.name)
            dear = await buyer.basket(await plain_sku(ticket.from_fen - 1, category="beauty"), coupon_id=coupon)
            assert await buyer.refused_post("/orders", dear) == "422 coupon_unusable", ticket


async def privileges(me: Visitor) -> dict[str, str]:
    """Return what the page of levels says that this member's level gives."""
    await me.open(LEVEL_PAGE)
    await me.top.locator(".gives").wait_for()
    rows = [await row.locator("wx-text").all_inner_texts() for row in await me.top.locator(".give").all()]
    return {label.strip(): detail.strip() for label, detail in rows}


def number(text: str, unit: str) -> Decimal:
    """Return the number before a word: 9.8 of `商品享 9.8 折`."""
    found = re.search(rf"([\d.]+)\s*{unit}", text)
    assert found, text
    return Decimal(found[1])


@pytest.mark.parametrize("position", [1, 2, 3])
async def test_a_level_gives_what_its_page_says(visitor: Enter, shop: Shop, position: int) -> None:
    """The discount of goods, the freight, the points and the commission of a member on each level of the shop."""
    await commission_policies.apply(shop.mall.deps, POLICIES, "for tests", "tester")
    shop.mall.clock.advance(1)
    one = await join(shop.mall, openid=f"h5-level-{position}")
    growth = (await levels.current())[position].growth
    assert await progress.correct(shop.mall.deps, one.id, growth, f"level-{position}", "老会员", "tester", anew=False)
    me = await visitor(f"level-{position}")
    said = await privileges(me)
    await me.looks(f"level-{position}")
    price = 4_321
    no = await one.buy(sku := await plain_sku(price))
    net = await goods_cash(no)
    assert net == int(price * number(said["会员折扣"], "折")) // 10
    assert (await cash(no) == net) == ("全场包邮" in said)

    assert "秒杀订单除外" in said["会员折扣"].replace("、积分兑换", "")
    _, [item] = await session(shop, f"level-{position}", [sku])
    assert await goods_cash(await one.buy(sku, **flash(item))) == 990

    await one.receive(no)
    points = await held(one.id, "frozen", "points", currency="POINT")
    per_yuan = (await policy.current()).points_per_yuan
    assert points == int(net * per_yuan * number(said["积分加倍"], "倍")) // 100

    friend = await join(shop.mall, one)
    await friend.buy(await plain_sku(10_000))
    await work(shop.mall)
    [commission] = await links(one.id, "commission_frozen")
    bonus = number(said["佣金加成"], "%") if "佣金加成" in said else 0
    assert -await booked(commission, "commission_cost") == 1_000 + int(10 * bonus)


async def cards(me: Visitor) -> list[tuple[str, int, bool]]:
    """Return the first cards that anybody may buy: title, price, and whether that is the lowest of several."""
    await me.top.locator(".product").first.wait_for()
    found = []
    for card in await me.top.locator(".product").all():
        title = await card.locator(".name").inner_text()
        text = await card.locator(".foot").inner_text()
        if not await card.locator(".level").count():
            found.append((title, amounts(text)[0], "起" in text))
    return found[:CARDS]


@pytest.mark.parametrize("page", ["pages/index/index", "pages/category/index"])
async def test_a_cards_price_is_what_the_cheapest_piece_costs(visitor: Enter, shop: Shop, page: str) -> None:
    me = await visitor(page.split("/")[1])
    await me.open(page)
    buyer = await join(shop.mall)
    seen = await cards(me)
    assert len(seen) == CARDS
    for title, price, lowest in seen:
        product = await db.fetch_value("SELECT id FROM products WHERE title = $1", title)
        skus = [one for one in (await buyer.get(f"/products/{product}"))["skus"] if one["available"]]
        costs = sorted((int(one["price_fen"]), one["id"]) for one in skus)
        assert (costs[-1][0] > price) == lowest, title
        assert await goods_cash(await buyer.buy(costs[0][1])) == price, title


async def test_the_activity_price_on_a_products_page_is_what_it_costs(visitor: Enter, shop: Shop) -> None:
    sku = await plain_sku(7_777)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    _, [item] = await session(shop, "on-the-page", [sku])
    me = await visitor("activity")
    plain, promised = await shown(me, f"pages/product/index?id={product}", ".money", ".flash-price")
    buyer = await join(shop.mall)
    assert await goods_cash(await buyer.buy(sku, **flash(item))) == promised
    assert await goods_cash(await buyer.buy(sku)) == plain


async def freight_of(buyer: Shopper, price: int) -> int:
    """Buy goods at this price; return the freight that was paid for them."""
    no = await buyer.buy(await plain_sku(price))
    return await cash(no) - price


async def test_freight_is_free_from_the_sum_on_the_pages(visitor: Enter, shop: Shop) -> None:
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", await plain_sku(2_000))
    me, buyer = await visitor("freight"), await join(shop.mall)
    [free_from] = await shown(me, "pages/index/index", ".heading .fine")
    from_there, freight = await shown(me, f"pages/product/index?id={product}", ".terms")
    assert from_there == free_from
    assert [await freight_of(buyer, price) for price in (free_from - 1, free_from)] == [freight, 0]


async def test_the_rules_example_is_what_an_order_of_a_hundred_brings(visitor: Enter, shop: Shop) -> None:
    """With friends who buy for enough, as the example says, no limit of the rule is met."""
    me = await visitor("rules")
    own, promised = (await shown(me, "packages/referral/pages/rules/index", ".example"))[:2]
    one = await join(shop.mall)
    await one.buy(await plain_sku(own))
    for _ in range(3):
        await (await join(shop.mall, one)).buy(await plain_sku(own * 2))
        await work(shop.mall)
    [rebate] = await links(one.id, "rebate_stage")
    assert await booked(rebate, "frozen") == promised
