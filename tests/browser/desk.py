"""An operator in a browser: opens the panel's pages, fills in forms and presses buttons as a person does."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from server.rules.operators import Role
from server.services.operators import accounts as operator_accounts
from tests.browser.visitor import LOST, ROOT, SETTLED, SHOTS
from tests.support.mall import Mall

SCREENSHOTS = ROOT / "build" / "screenshots" / "panel"
WIDTHS = {390: 844, 1280: 900}

_AUDITS = Path(__file__).with_name("audits.js")


@dataclass
class Operator:
    """Reads pages and presses buttons. Page errors are collected in `errors`."""

    name: str
    mall: Mall
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def enter(cls, browser: Browser, mall: Mall, role: Role, name: str, **options: Any) -> Self:
        """Create an account with that role and log in through the form."""
        password = await operator_accounts.create(mall.deps, name, role, "cli", must_change=False)
        context = await browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai", **options
        )
        context.set_default_timeout(15_000)
        page = await context.new_page()
        operator = cls(name, mall, context, page)
        page.on("console", operator._heard)
        page.on("pageerror", lambda error: operator.errors.append(f"{error.name}: {error.message}"))
        await page.goto(f"{mall.base_url}/admin/login")
        await operator.fill("账号", name)
        await operator.fill("密码", password)
        await operator.press("登录")
        await operator.sees("概览")
        return operator

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and LOST not in message.text:
            self.errors.append(f"{message.text} ({message.location['url']})")

    async def leave(self) -> None:
        """Close the browser. Raises AssertionError with the errors."""
        await self.context.close()
        assert not self.errors, f"{self.name}: {self.errors}"

    async def open(self, path: str, expected: int = 200) -> None:
        """Open a page by its address below /admin."""
        answer = await self.page.goto(f"{self.mall.base_url}/admin{path}")
        assert answer is not None
        assert answer.status == expected, f"{path}: {answer.status}"

    async def menu(self, label: str) -> None:
        """Follow an entry of the menu."""
        await self.page.get_by_role("navigation", name="主导航").get_by_role("link", name=label, exact=True).click()
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text(label)

    def form(self, button: str) -> Locator:
        """Return the form that this button submits."""
        return self.page.locator("form").filter(has=self.page.get_by_role("button", name=button, exact=True)).first

    async def fill(self, label: str, text: str, within: Locator | None = None) -> None:
        """Type into a field."""
        await (within or self.page).get_by_label(label).first.fill(text)

    async def press(self, button: str, within: Locator | None = None) -> None:
        """Press a button."""
        await (within or self.page).get_by_role("button", name=button, exact=True).first.click()

    async def follow(self, link: str) -> None:
        """Follow a link of the page."""
        await self.page.get_by_role("main").get_by_role("link", name=link).first.click()

    async def sees(self, *texts: str) -> None:
        """Wait until these texts are visible."""
        for text in texts:
            await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    async def told(self, text: str) -> None:
        """Wait for this message about the last action."""
        await expect(self.page.get_by_role("status")).to_contain_text(text)

    async def done(self) -> None:
        """Wait for the message that the last action was done."""
        await expect(self.page.get_by_role("status")).to_be_visible()

    async def looks(self, name: str) -> list[str]:
        """Return what cannot be read, pressed or heard, or is too wide, at two widths; takes pictures if wanted."""
        found = []
        for width, height in WIDTHS.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.page.evaluate(SETTLED.read_text(encoding="utf-8"))  # a chart is drawn anew a frame later
            over = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                found.append(f"{name} at {width}: {over} px wider than the screen")
            audited: list[str] = await self.page.evaluate(_AUDITS.read_text(encoding="utf-8"))
            found += [f"{name} at {width}: {one}" for one in audited]
            if not SHOTS:
                continue
            path = SCREENSHOTS / str(width) / f"{name}.png"
            await self.page.screenshot(path=path, full_page=True, animations="disabled", scale="css")
        return found
