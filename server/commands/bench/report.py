"""Runs benches one after the other and shows the results."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from server.commands.bench import benches, coupons, flash, large
from server.commands.bench.benches import Length, Result
from server.commands.bench.large import Shop
from server.commands.bench.stage import running

BENCHES = benches.BENCHES | {"flash": flash.flash, "coupons": coupons.coupons}


async def measure(names: Sequence[str], length: Length, shop: Shop, *, as_json: bool) -> None:
    """Measure these benches and print them. Raises EngineError."""
    results: list[Result] = []
    at_work, on_a_large_shop = ([name for name in names if name in kinds] for kinds in (BENCHES, large.NAMES))
    try:
        with Console(stderr=True).status("bench") as status:
            if at_work:
                await _at_work(at_work, length, results, lambda told: status.update(f"bench: {told}"))
            if on_a_large_shop:
                await large.measure(on_a_large_shop, shop, results, lambda told: status.update(f"bench: {told}"))
    finally:  # if a later bench fails, the earlier results are still shown
        if as_json:
            sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
        else:
            Console().print(_table(results))


async def _at_work(names: Sequence[str], length: Length, results: list[Result], tell: large.Told) -> None:
    async with running() as stage:
        for name in names:
            await stage.shop.rest()
            tell(name)
            results += await BENCHES[name](stage, length)


def _table(results: Sequence[Result]) -> Table:
    table = Table("name", "limit", box=None)
    for column in Result.__struct_fields__:
        if column not in ("name", "limit"):
            table.add_column(column, justify="right")
    for result in results:
        figures = msgspec.structs.asdict(result)
        name, limit = figures.pop("name"), figures.pop("limit")
        table.add_row(name, limit or "", *("" if figure is None else f"{figure:g}" for figure in figures.values()))
    return table
