"""The overview: the numbers of today, what waits, and a link to each list with more."""

import re
from typing import Any

from server.rules.operators import Role
from server.services.desk import dashboard
from tests.handlers.admin.conftest import Desk
from tests.support.circle import circle
from tests.support.mall import Mall
from tests.support.purse import ask, rich
from tests.support.shop import make_sku, pass_days, publish


async def test_today_and_what_waits(mall: Mall, desks: Any) -> None:
    await publish(mall)
    group = await circle(mall)
    await group.bring(3)
    await make_sku(stock=0)
    me = await rich(mall)
    await ask(me, 1_000)
    shop = await dashboard.current(mall.deps)
    assert (shop.today.orders, shop.today.cash_fen) == (4, 10_000 + 3 * 20_000 + 4 * 0)
    assert (shop.today.members, shop.today.bindings) == (5, 3)
    assert (shop.rebates, shop.rebates_fen) == (1, 10_000)
    assert (shop.to_ship, shop.withdrawals_to_review, shop.withdrawals_second, shop.stock_low) == (4, 1, 0, 1)
    await group.friends[0].refund()
    shop = await dashboard.current(mall.deps)
    assert (shop.refunds, shop.refunded_fen) == (1, 20_000)
    await pass_days(mall, 1)
    shop = await dashboard.current(mall.deps)
    assert (shop.today.orders, shop.days[-2].orders, shop.refunds, shop.rebates) == (0, 4, 0, 0)
    assert len(shop.days) == dashboard.DAYS


async def test_every_way_leads_to_a_list_and_only_for_who_may(mall: Mall, desks: Any) -> None:
    owner: Desk = await desks(Role.OWNER)
    page = (await owner.get("/")).text
    ways = [
        way.replace("&amp;", "&") for way in re.findall(r'class="card figure[^"]*">\s*<a href="/admin([^"]+)"', page)
    ]
    assert len(ways) >= 12
    for way in ways:
        assert (await owner.http.get(f"/admin{way}")).status_code == 200, way
    assert page.count("data-chart=") == 2
    assert page.count("<summary>数字</summary>") == 2
    service: Desk = await desks(Role.SERVICE)
    page = (await service.get("/")).text
    assert "/admin/jobs" not in page
    assert "/admin/withdrawals?review=first" in page
