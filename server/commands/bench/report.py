"""Runs benches one after the other and shows what came out."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from server.commands.bench.benches import BENCHES, Length, Result
from server.commands.bench.stage import running


async def measure(names: Sequence[str], length: Length, *, as_json: bool) -> None:
    """Measure these benches and print them. Raises EngineError."""
    results: list[Result] = []
    try:
        with Console(stderr=True).status("bench") as status:
            async with running() as stage:
                for name in names:
                    await stage.shop.rest()
                    status.update(f"bench: {name}")
                    results += await BENCHES[name](stage, length)
    finally:  # what was measured before a run failed is worth telling
        if as_json:
            sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
        else:
            Console().print(_table(results))


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
