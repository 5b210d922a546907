"""A large shop to measure on: a temporary one, or the data folder of a `dev` with a large shop already in it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from server import schema, wiring
from server.commands import runtime
from server.commands.bench import audits, lists, statements
from server.commands.bench.benches import Result
from server.commands.bench.lists import Seen
from server.commands.bench.stage import NOWHERE, engines
from server.gateways.ports import Deps
from server.seed.plant import plant
from server.seed.scale import fill
from server.seed.scale.plan import Plan
from server.settings import Settings

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shop:
    """The size of the shop to fill, or (`data`) the folder of an existing one."""

    plan: Plan
    data: Path | None


async def measure(names: list[str], shop: Shop, results: list[Result], tell: Told) -> None:
    """Run these benches and add their results. Raises EngineError; raises TooSlow after all benches have run."""
    seen: list[Seen] = []
    with _settings(shop) as settings:
        await schema.migrate(settings.owner_url, settings.database_url)
        if shop.data is None:
            async with wiring.build_deps(replace(settings, database_url=settings.owner_url)) as deps:
                await _fill(deps, shop.plan, tell)
        async with wiring.build_deps(settings) as deps:
            for name in names:
                tell(name)
                async for result, pages in _BENCHES[name](deps):
                    results.append(result)
                    seen += pages
    lists.refuse(seen)


@contextlib.contextmanager
def _settings(shop: Shop) -> Iterator[Settings]:
    if shop.data is not None:
        with runtime.resolve(shop.data) as settings:
            yield settings
        return
    with engines() as data:
        names = ("PUBLIC_BASE_URL", "WECHAT_API_BASE", "WECHAT_PAY_BASE", "SANDBOX_CONTROL_URL")
        yield Settings.from_env(runtime.environment_of(data, dict.fromkeys(names, NOWHERE)))


async def _fill(deps: Deps, plan: Plan, tell: Told) -> None:
    await fill.publish_terms(deps, plan)
    await plant(deps, "bench")
    await fill.fill(deps, plan, lambda title, done, of: tell(f"{title} {done:,} / {of:,}"))


_BENCHES: dict[str, Callable[[Deps], AsyncIterator[tuple[Result, list[Seen]]]]] = {
    "statement_100k": statements.measure,
    "panel_lists": lists.measure,
    "audit": audits.measure,
}
NAMES = tuple(_BENCHES)
