"""Every page for a member who has done nothing yet: it says that it is empty, and offers a next step."""

import json

import pytest
from playwright.async_api import Route as Call

from tests.browser.conftest import Enter
from tests.browser.life import Life
from tests.browser.routes import ROUTES, Route

EMPTY = json.dumps({"items": [], "next_cursor": None})


async def nothing(call: Call) -> None:
    await call.fulfill(content_type="application/json", body=EMPTY)


@pytest.mark.parametrize("route", [one for one in ROUTES if one.empty], ids=lambda route: route.name)
async def test_a_page_for_a_newcomer(visitor: Enter, life: Life, route: Route) -> None:
    newcomer = await visitor(f"newcomer-{route.name}")
    if route.blank:
        await newcomer.page.route(route.blank, nothing)
    if route.name in ("product", "marketing-team"):
        newcomer.expected.append("404")
    await newcomer.open(route.newcomers_url(life))
    await newcomer.stand(route.path)
    await newcomer.sees(*route.empty)
    await newcomer.looks(f"{route.name}-empty")


@pytest.mark.parametrize(
    "path",
    ["packages/order/pages/detail/index", "packages/order/pages/result/index", "packages/order/pages/refund/index"],
)
async def test_an_order_of_somebody_else_is_not_there(visitor: Enter, life: Life, path: str) -> None:
    stranger = await visitor("stranger")
    stranger.expected.append("404")
    await stranger.open(f"{path}?order_no={life.orders['paid']}")
    await stranger.sees("没有找到")


async def test_a_rebate_of_somebody_else_is_not_there(visitor: Enter, life: Life) -> None:
    stranger = await visitor("stranger")
    stranger.expected.append("404")
    await stranger.open(f"packages/referral/pages/rebate/index?id={life.rebate}")
    await stranger.misses("怎么算出来的")
    await stranger.tap("重新加载")
