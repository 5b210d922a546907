"""A rebate under the payout cap explains itself: its steps are the books' amounts, and their sum is what was posted."""

from server.services.terms import commission_policies, policy
from tests.browser.conftest import Enter, Shop
from tests.browser.life import POLICIES
from tests.browser.test_amounts import amounts, booked, goods_cash, held, links
from tests.browser.visitor import Visitor
from tests.support.circle import Friend, circle, line_ids, shop_refunds
from tests.support.shop import join, make_sku, publish, work

PAGE = "packages/referral/pages/rebate/index?id="


async def explained(me: Visitor, rebate: int) -> tuple[list[str], list[int], int]:
    """Return the steps on a rebate's page: their labels, their amounts, and the sum under them."""
    await me.open(f"{PAGE}{rebate}")
    await me.top.locator(".sum").first.wait_for()
    *steps, total = await me.top.locator(".sum").all()
    labels = [await step.locator(".note").inner_text() for step in steps]
    parts = [amounts(await step.locator(".figure").inner_text())[0] for step in steps]
    return labels, parts, amounts(await total.inner_text())[0]


async def test_the_steps_under_a_payout_cap_sum_to_what_was_posted(visitor: Enter, shop: Shop) -> None:
    """The cap is half of what friends paid, less their commission and points; a partial refund lowers it again."""
    mall = shop.mall
    await commission_policies.apply(mall.deps, POLICIES, "for tests", "tester")
    await publish(mall, payout_cap_bp=5_000, observe_days=7, waivers={})
    a = await circle(mall, own_fen=30_000, friend_fen=7_001)
    for _ in range(3):
        person = await join(mall, a.me)
        a.friends.append(Friend(person, await person.buy(a.sku, await make_sku(3_333))))
        await work(mall)
    rebate = await a.rebate()
    link = f"rebate:{rebate['id']}"
    page = await visitor("capped", openid=a.me.openid)
    labels, parts, total = await explained(page, rebate["id"])
    await page.looks("rebate-capped")
    assert sum(parts) == total == await booked(link, "frozen", kind="rebate_stage")
    assert parts[0] == await goods_cash(a.own)
    percent, commission, points = amounts(labels[-1])
    earned = [await booked(one, "commission_cost") for one in await links(a.me.id, "commission_frozen")]
    assert commission == -sum(earned) > 0
    for friend in a.friends:
        await friend.receive()
    per_fen = (await policy.current()).points_per_fen
    owned = [await held(one.person.id, "frozen", "points", currency="POINT") for one in a.friends]
    assert points == sum(one // per_fen for one in owned) > 0
    paid = [await goods_cash(one.order_no) for one in a.friends]
    assert total == sum(paid) * percent // 10_000 - commission - points

    last = a.friends[-1]
    await shop_refunds(mall, last.order_no, {(await line_ids(last.person, last.order_no))[1]: 1})
    labels, parts, lower = await explained(page, rebate["id"])
    await page.looks("rebate-capped-refund")
    assert labels[-1] == "相关订单部分退款"
    assert sum(parts) == lower == await booked(link, "frozen") < total
