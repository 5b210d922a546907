"""Every page on a slow and on a broken network: it says in Chinese what is wrong, and recovers after a retry."""

import pytest
from playwright.async_api import expect

from tests.browser import network
from tests.browser.conftest import Enter
from tests.browser.life import OPENID, Life
from tests.browser.routes import ROUTES, Route
from tests.browser.visitor import Visitor, together

SENTENCES = {
    "busy": "服务正忙，请稍后再试",
    "gateway": "服务正忙，请稍后再试",
    "offline": "网络连接不上，请检查网络后重试",
}


async def slowly(me: Visitor, route: Route, url: str) -> None:
    """While the page waits, it shows a skeleton with a label for screen readers; then the content."""
    async with network.slow(me) as through:
        await me.open(url)
        await me.stand(route.path)
        await expect(me.top.get_by_label("正在加载").first).to_be_visible()
        await me.shot(f"{route.name}-slow")
        through.set()
        await me.sees(*route.shows)


async def badly(me: Visitor, route: Route, url: str, trouble: str) -> None:
    """The page says what is wrong. After a retry on a good network it shows its content."""
    spoilt = {"busy": network.broken(me, 503), "gateway": network.broken(me, 502), "offline": network.offline(me)}
    async with spoilt[trouble]:
        await me.open(url)
        await me.stand(route.path)
        await me.sees(SENTENCES[trouble])
        if trouble != "gateway":  # its page looks like that of the other 5xx error
            await me.looks(f"{route.name}-{trouble}", widths=(320, 390))
    await me.tap("重新加载")
    await me.sees(*route.shows)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_page_in_trouble(visitor: Enter, life: Life, route: Route) -> None:
    people = [await visitor(trouble, openid=OPENID) for trouble in ("slow", *SENTENCES)]
    url = route.url(life)
    await together(slowly(people[0], route, url), *(badly(one, route, url, one.name) for one in people[1:]))


async def test_the_network_goes_away_between_two_pages(visitor: Enter, life: Life) -> None:
    me = await visitor("me", openid=OPENID)
    me.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch dynamically imported module"]
    await me.open()
    await me.sees("大家在买")
    await me.context.set_offline(True)
    await me.tab("我的")
    await me.sees(SENTENCES["offline"])
    await me.context.set_offline(False)
    await me.tab("我的")
    await me.sees("我的订单")
