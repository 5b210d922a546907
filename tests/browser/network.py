"""A bad network between a visitor's pages and the server. Only calls to the API are affected."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Route

from tests.browser.visitor import LOST, Visitor

API = "**/api/**"
BUSY = "服务正忙，请稍后再试"


@asynccontextmanager
async def slow(visitor: Visitor) -> AsyncIterator[asyncio.Event]:
    """Hold every call until the event is set or the block ends."""
    through = asyncio.Event()

    async def wait(route: Route) -> None:
        await through.wait()
        await route.fallback()

    await visitor.page.route(API, wait)
    yield through
    through.set()
    await visitor.page.unroute(API, wait)


@asynccontextmanager
async def broken(visitor: Visitor, status: int) -> AsyncIterator[None]:
    """Answer every call with an error: 503 in our own format, any other status as a gateway in between does."""
    visitor.expected.append(LOST)
    body = json.dumps({"error": {"code": "busy", "message": BUSY, "detail": {}, "request_id": "r"}})

    async def answer(route: Route) -> None:
        if status == 503:
            await route.fulfill(status=503, content_type="application/json", body=body)
        else:
            await route.fulfill(status=status, content_type="text/html", body="<h1>Bad Gateway</h1>")

    await visitor.page.route(API, answer)
    yield
    await visitor.page.unroute(API, answer)


@asynccontextmanager
async def unanswered(visitor: Visitor, path: str, *, heard: bool) -> AsyncIterator[None]:
    """Lose the answers to what is posted to this path; with `heard` the server still gets and does it."""
    visitor.expected.append(LOST)

    async def lose(route: Route) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        if heard:
            await route.fetch()
        await route.abort("connectionreset")

    await visitor.page.route(f"**/api{path}", lose)
    yield
    await visitor.page.unroute(f"**/api{path}", lose)


@asynccontextmanager
async def offline(visitor: Visitor) -> AsyncIterator[None]:
    """Fail every call."""
    visitor.expected.append(LOST)

    async def lose(route: Route) -> None:
        await route.abort("internetdisconnected")

    await visitor.page.route(API, lose)
    yield
    await visitor.page.unroute(API, lose)
