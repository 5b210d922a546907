"""The built H5 shop in Chromium, served by a running mall with the goods of the demo shop."""

import fcntl
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from server.gateways.ports import Deps
from server.rules.operators import Role
from server.seed import plant
from tests.browser.desk import Operator
from tests.browser.life import Life, lived
from tests.browser.visitor import ROOT, Visitor
from tests.support.house import House
from tests.support.kept import Kept, copy_media
from tests.support.mall import Mall

_CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The headless shell needs a fifth of the CPU to open a page, because it has no window."""
_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

Enter = Callable[..., Awaitable[Visitor]]
Admit = Callable[..., Awaitable[Operator]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests here, and skip them if there is no Chromium; `scripts/test` makes sure that there is one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if _CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no chromium"))


@pytest.fixture(scope="session")
def of_this_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder that all processes of the run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "browser"
    folder.mkdir(exist_ok=True)
    return folder


async def once(place: Path, make: Callable[[Path], Awaitable[None]]) -> Path:
    """Let one process make the files at `place`; the others wait for it."""
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():  # noqa: ASYNC240 - at the start nothing else runs on this loop
            draft = place.with_suffix(".draft")
            await make(draft)
            draft.rename(place)
    return place


@pytest.fixture(scope="session")
async def built(of_this_run: Path) -> Path:
    """Build the H5 shop from the current pages."""

    async def build(draft: Path) -> None:
        script = ROOT / "scripts" / "h5" / "build.mjs"
        done = subprocess.run(["node", script, "--out", draft], capture_output=True, text=True, check=False)  # noqa: ASYNC221, S607
        assert done.returncode == 0, done.stdout + done.stderr

    return await once(of_this_run / "h5", build)


@pytest.fixture(scope="session")
async def pictures(of_this_run: Path) -> Path:
    """Draw the pictures of the demo shop."""
    return await once(of_this_run / "media", plant.draw_pictures)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Start one browser for all tests of a process."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        await browser.close()


@dataclass
class Shop:
    """A mall with the demo goods that also serves the built pages. All tests of a file share it."""

    mall: Mall


@pytest.fixture(scope="session")
async def planted(house: House, pictures: Path) -> Kept:
    """Return the demo shop on its first day."""
    mall = await house.new()
    copy_media(pictures, mall)
    await plant.plant(mall.deps, "cli")
    return await house.keep(mall)


@pytest.fixture(scope="session")
async def lived_once(house: House, pictures: Path, planted: Kept) -> tuple[Kept, Life]:
    """Return the demo shop with a member who has used every feature, and what that member has."""
    mall = await house.again(planted)
    copy_media(pictures, mall)
    life = await lived(mall)
    return await house.keep(mall), life


@pytest.fixture(scope="module")
async def shop(house: House, built: Path, pictures: Path, planted: Kept) -> AsyncIterator[Shop]:
    """Run the demo shop for this file."""
    mall = await house.again(planted)
    copy_media(pictures, mall)
    mall.swap(h5_dir=built)
    yield Shop(mall)
    await house.settle()


@pytest.fixture(scope="module")
async def life(house: House, shop: Shop, built: Path, pictures: Path, lived_once: tuple[Kept, Life]) -> Life:
    """Return the member who has used every feature; the shop of the file is the one with this member."""
    kept, found = lived_once
    await house.settle()
    shop.mall = await house.again(kept)
    copy_media(pictures, shop.mall)
    shop.mall.swap(h5_dir=built)
    return replace(found, me=replace(found.me, mall=shop.mall))


@pytest.fixture
async def visitor(shop: Shop, chromium: Browser) -> AsyncIterator[Enter]:
    """Yield a function that lets people in: `await visitor("A")`. At the end all leave, and no page may have failed."""
    async with AsyncExitStack() as stack:

        async def enter(name: str, **options: Any) -> Visitor:
            person = await Visitor.enter(chromium, shop.mall.base_url, name, **options)
            stack.push_async_callback(person.leave)
            return person

        yield enter


@pytest.fixture
async def panel(shop: Shop, chromium: Browser) -> AsyncIterator[Admit]:
    """Yield a function that logs operators in: `await panel(Role.OWNER, "op")`. At the end no page may have failed."""
    async with AsyncExitStack() as stack:

        async def admit(role: Role, name: str, **options: Any) -> Operator:
            operator = await Operator.enter(chromium, shop.mall, role, name, **options)
            stack.push_async_callback(operator.leave)
            return operator

        yield admit


@pytest.fixture
def deps(shop: Shop) -> Deps:
    """Return the parts of the mall."""
    return shop.mall.deps
