"""A person with a phone: a browser context with its own storage, and therefore its own openid."""

import asyncio
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

Role = Literal["button", "link", "tab", "checkbox", "radio", "switch", "search"]

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
SHOTS = os.environ.get("SHOTS") == "1"
"""Whether to take screenshots: `SHOTS=1 ./scripts/test tests/browser`. They need a third of the time."""
WIDTHS = {320: 640, 390: 844, 768: 1024}
"""The widths at which pages are checked, with a height for each."""

_AUDITS = Path(__file__).with_name("audits.js")
SETTLED = Path(__file__).with_name("settled.js")
_ACTING: tuple[Role, ...] = ("button", "link", "tab", "checkbox", "radio", "switch", "search")
_ENTERS = """
if (location.host) localStorage['tuisan-sandbox:openid'] ??= {openid!r};
// Being looked at by a test counts as a gesture to Chromium; only what is tapped or typed should.
let acted = -Infinity;
for (const kind of ['pointerup', 'keydown']) addEventListener(kind, () => {{ acted = performance.now() }}, true);
Object.defineProperty(UserActivation.prototype, 'isActive', {{ get: () => performance.now() - acted < 2000 }});
"""
expect.set_options(timeout=15_000)

LOST = "Failed to load resource"
"""Chromium's message about an answer of 400 or more, or about no answer."""


@dataclass
class Visitor:
    """Opens the shop's pages, reads and taps. Page errors are collected in `errors`."""

    name: str
    openid: str
    base_url: str
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of the error messages that the test provokes."""

    @classmethod
    async def enter(cls, browser: Browser, base_url: str, name: str, width: int = 390, **options: Any) -> Self:
        """Return a person who was never in the shop before."""
        openid = options.pop("openid", f"h5-{name}")
        options.setdefault("reduced_motion", "reduce")  # a tap on a sheet that still rises can miss its button
        context = await browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN", timezone_id="Asia/Shanghai", **options
        )
        context.set_default_timeout(15_000)
        await context.add_init_script(_ENTERS.format(openid=openid))
        page = await context.new_page()
        visitor = cls(name, openid, base_url, context, page)
        page.on("console", visitor._heard)
        page.on("pageerror", lambda error: visitor.errors.append(f"{error.name}: {error.message}"))
        page.on("request", visitor._asked)
        return visitor

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme in {"http", "https"} and not request.url.startswith(self.base_url):
            self.errors.append(f"asks another host: {request.url}")

    async def leave(self) -> None:
        """End the visit. Raises AssertionError with the errors that were not expected."""
        recorded: list[str] = await self.page.evaluate("() => window.__errors ?? []")
        await self.context.close()
        wrong = [one for one in (*self.errors, *recorded) if not any(known in one for known in self.expected)]
        assert not wrong, f"{self.name}: {wrong}"

    # --- Going ---------------------------------------------------------------------------------------------------

    async def open(self, path: str = "") -> None:
        """Open the shop at a page's path: `pages/product/index?id=12`."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.base_url}/h5/#/{path.removeprefix('/')}", wait_until="commit")

    async def follow(self, link: str) -> None:
        """Open a link that somebody sent."""
        await self.page.goto("about:blank")
        await self.page.goto(link, wait_until="commit")

    async def stand(self, route: str) -> None:
        """Wait until this page is on top."""
        await expect(self.page.locator(f'.h5-page:not([hidden])[data-route="{route}"]')).to_be_visible()

    async def back(self) -> None:
        """Go back with the button in the bar."""
        await self.top.get_by_role("button", name="返回", exact=True).click()

    async def tab(self, name: str) -> None:
        """Open a tab of the main navigation."""
        await self.page.get_by_role("navigation", name="主导航").get_by_role("button", name=name).click()

    # --- Looking -------------------------------------------------------------------------------------------------

    @property
    def top(self) -> Locator:
        """Return the page on top; the pages under it stay in the document."""
        return self.page.locator(".h5-page:not([hidden])")

    def words(self, text: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        """Find visible text on the page or in a sheet over it."""
        return self.page.get_by_text(text, exact=exact).filter(visible=True)

    async def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Wait until these texts are visible."""
        for text in texts:
            await expect(self.words(text).first).to_be_visible()

    async def misses(self, text: str) -> None:
        """Wait until this text is no longer visible."""
        await expect(self.words(text)).to_have_count(0)

    async def text(self) -> str:
        """Return all text of the page on top."""
        return await self.top.inner_text()

    # --- Doing ---------------------------------------------------------------------------------------------------

    def control(self, name: str | re.Pattern[str], role: Role | None = None, *, exact: bool = False) -> Locator:
        """Find what can be tapped and has this name."""
        roles = (role,) if role else _ACTING
        found = [self.page.get_by_role(one, name=name, exact=exact).filter(visible=True) for one in roles]
        either = found[0]
        for other in found[1:]:
            either = either.or_(other)
        return either

    async def tap(self, name: str | re.Pattern[str], role: Role | None = None, *, exact: bool = False) -> None:
        """Tap the control with this name; the first if there are several."""
        await self.control(name, role, exact=exact).first.click()

    async def fill(self, label: str, text: str) -> None:
        """Type into a field found by its label or its placeholder."""
        field_ = self.page.get_by_label(label).or_(self.page.get_by_placeholder(label)).filter(visible=True)
        await field_.first.fill(text)

    @property
    def sheet(self) -> Locator:
        """Return the sheet over the page."""
        return self.page.get_by_role("dialog").filter(visible=True).last

    # --- Watching ------------------------------------------------------------------------------------------------

    async def width(self, width: int) -> None:
        """Change the phone's width."""
        await self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    async def shot(self, name: str) -> None:
        """Save a screenshot of the visible part if screenshots are wanted."""
        if not SHOTS:
            return
        size = self.page.viewport_size or {"width": 0}
        path = SCREENSHOTS / str(size["width"]) / f"{name}.png"
        await self.settled()
        await self.page.screenshot(path=path, animations="disabled", scale="css")

    async def whole(self, name: str) -> None:
        """Save a screenshot of the whole page, or of its first three screens, if screenshots are wanted."""
        if not SHOTS:
            return
        size = self.page.viewport_size or {"width": 390, "height": 844}
        hidden: int = await self.page.evaluate(
            "(() => { const page = document.querySelector('.h5-page:not([hidden]) .h5-scroll');"
            " return page.scrollHeight - page.clientHeight })()"
        )
        height = min(size["height"] + hidden, size["height"] * 3)
        await self.page.set_viewport_size({"width": size["width"], "height": height})
        await self.shot(f"{name}-whole")
        await self.page.set_viewport_size(size)

    async def settled(self) -> None:
        """Wait until pictures are loaded and nothing moves."""
        await self.page.evaluate(SETTLED.read_text(encoding="utf-8"))

    async def audit(self) -> list[str]:
        """Return what cannot be read, tapped or heard on the screen, one sentence each."""
        await self.settled()
        found: list[str] = await self.page.evaluate(_AUDITS.read_text(encoding="utf-8"))
        return found

    async def looks(self, name: str, widths: tuple[int, ...] = tuple(WIDTHS)) -> None:
        """Audit and screenshot at several widths, the first again at the end. Raises AssertionError with findings."""
        before = (self.page.viewport_size or {"width": 390})["width"]
        found = []
        for width in widths:
            await self.width(width)
            found += [f"{name} at {width}: {one}" for one in await self.audit()]
            await self.shot(name)
        await self.width(before)
        assert not found, "\n".join(found)


async def together(*work: Any) -> None:
    """Let several people act at once."""
    await asyncio.gather(*work)
