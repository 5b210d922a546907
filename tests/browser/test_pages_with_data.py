"""Every page with data: it shows the data, and can be read, tapped and heard on phones of three widths."""

import pytest

from tests.browser.conftest import Enter
from tests.browser.life import OPENID, Life
from tests.browser.routes import ROUTES, Route, listed


def test_every_page_of_the_app_is_tried() -> None:
    assert {route.path for route in ROUTES} == listed()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_page_with_data(visitor: Enter, life: Life, route: Route) -> None:
    me = await visitor("me", openid=OPENID)
    await me.open(route.url(life))
    await me.stand(route.path)
    await me.sees(*route.shows)
    await me.looks(route.name)
    await me.whole(route.name)
