"""The import contracts of pyproject.toml, tried on a skeleton of the project: they pass, and each breach fails."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

HOUSE = {
    "__main__": "import server.commands.dev",
    "commands.dev": "import server.app, server.worker, server.wiring, server.settings, server.sandbox, server.embedded",
    "app": "import server.wiring, server.handlers.shop.orders",
    "worker": "import server.wiring, server.jobs.rebates",
    "wiring": "import server.settings, server.gateways.wechat_pay",
    "settings": "import server.core.money",
    "services.referrals.shares": "import server.drawing.cards, server.services.common.cursors",
    "services.rebates.cycles": "import server.services.rebates.releases, server.services.referrals.shares",
    "services.rebates.releases": "import server.services.coupons.drawer",
    "services.coupons.drawer": "import server.services.common.cursors",
    "services.promotions.kinds": "import server.services.common.cursors",
    "services.common.cursors": "import msgspec",
    "handlers.shop.orders": "import server.services.orders.views, server.panel, sanic",
    "jobs.rebates": "import server.services.orders.views, arq",
    "panel": "",
    "services.orders.views": "import server.services.rebates.cycles",
    "services.checkout.carts": "import server.ledger.book, server.outbox, server.gateways.ports, server.models.orders",
    "ledger.book": "import server.ledger.entries, server.models.ledger, server.db, asyncpg",
    "ledger.entries": "import server.ledger.entries.orders",
    "ledger.entries.orders": "import server.ledger.chart",
    "ledger.chart": "import server.core.money",
    "outbox": "import server.models.orders, server.db",
    "gateways.wechat_pay": "import server.gateways.ports, httpx",
    "drawing.cards": "import server.core.money, PIL",
    "gateways.ports": "import server.core.money, redis.asyncio",
    "models": "import server.models.orders, server.models.ledger",
    "models.orders": "import server.rules.orders, tortoise",
    "models.ledger": "import tortoise",
    "migrations": "",
    "schema": "import server.db, server.migrations",
    "db": "import server.core.money, tortoise, asyncpg, asyncio",
    "rules.orders": "import server.core.money",
    "core.money": "import secrets",
    "sandbox": "import sanic",
    "embedded": "import subprocess",
}

BREACHES = {
    # (module, what it must not import): the name of the contract
    ("server.core.money", "server.rules.orders"): "Floors",
    ("server.rules.orders", "server.models.orders"): "Floors",
    ("server.services.orders.views", "server.handlers.shop.orders"): "Floors",
    ("server.handlers.shop.orders", "server.jobs.rebates"): "Floors",
    ("server.jobs.rebates", "server.handlers.shop.orders"): "Floors",
    ("server.outbox", "server.gateways.ports"): "Floors",
    ("server.gateways.wechat_pay", "server.settings"): "Floors",
    ("server.drawing.cards", "server.gateways.ports"): "Floors",
    ("server.sandbox", "server.core.money"): "Floors",
    ("server.services.common.cursors", "server.services.orders.views"): "Rooms",
    ("server.services.referrals.shares", "server.services.rebates.releases"): "Rooms",
    ("server.services.coupons.drawer", "server.services.promotions.kinds"): "Rooms",
    ("server.services.promotions.kinds", "server.services.coupons.drawer"): "Rooms",
    ("server.core.money", "asyncio"): "Pure floors",
    ("server.rules.orders", "tortoise"): "Pure floors",
    ("server.ledger.chart", "asyncpg"): "Pure floors",
    ("server.ledger.entries.orders", "redis"): "Pure floors",
    ("server.services.orders.views", "server.models.ledger"): "Only the ledger",
    ("server.app", "server.sandbox"): "Only the command line",
    ("server.services.orders.views", "server.embedded"): "Only the command line",
    ("server.embedded", "asyncpg"): "The embedded engines",
}

CIRCLE = ("server.services.rebates.releases", "server.services.rebates.cycles")
"""The second module already imports the first."""


def lint(root: Path, breaches: list[tuple[str, str]]) -> tuple[int, dict[str, str]]:
    """Build the skeleton with `breaches` in it; return the exit code and each contract's part of the report."""
    for name, imports in HOUSE.items():
        path = root / "server" / (name.replace(".", "/") + ".py")
        if any(other.startswith(f"{name}.") for other in HOUSE):
            path = path.with_suffix("") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        more = "".join(f"\nimport {imported}" for module, imported in breaches if module == f"server.{name}")
        path.write_text(f"{imports}{more}\n")
    for folder in (root / "server").rglob("*/"):
        (folder / "__init__.py").touch()
    (root / "server" / "__init__.py").touch()
    (root / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    titles = (
        r"^(Floors|Pure floors|Only the ledger|Only the command line|The embedded engines|Rooms|No circles)\b.*\n-+\n"
    )
    _, *parts = re.split(titles, run.stdout, flags=re.MULTILINE)
    return run.returncode, dict(zip(parts[::2], parts[1::2], strict=True)) or {"": run.stdout + run.stderr}


def test_the_house_as_drawn_keeps_its_contracts(tmp_path: Path) -> None:
    code, report = lint(tmp_path, [])
    assert code == 0, report


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    code, report = lint(tmp_path_factory.mktemp("broken"), [*BREACHES, CIRCLE])
    assert code == 1
    return report


@pytest.mark.parametrize(("breach", "contract"), BREACHES.items())
def test_each_breach_is_named(broken: dict[str, str], breach: tuple[str, str], contract: str) -> None:
    module, imported = breach
    assert re.search(rf"{re.escape(module)} (->|is not allowed to import) {re.escape(imported)}\b", broken[contract])


def test_a_circle_within_a_room_is_named(broken: dict[str, str]) -> None:
    said = broken["No circles"].partition("No cycles are allowed in server.services.rebates.")[2]
    assert re.search(r"- \.(releases -> \.cycles|cycles -> \.releases) \(1 import\)", said)


@pytest.mark.parametrize("place", ["server", "server/services"])
def test_a_new_room_must_be_given_its_floor(tmp_path: Path, place: str) -> None:
    (tmp_path / place / "helpers").mkdir(parents=True)
    code, report = lint(tmp_path, [])
    assert code == 1
    assert "helpers" in str(report)
