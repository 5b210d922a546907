"""`bench`: measure how much the mall does per second on this machine, compared with the machine's limit."""

import asyncio
import logging
import sys
from pathlib import Path

import typer

from server.commands import logs
from server.commands.runtime import told_plainly

NAMES = ("login", "list", "detail", "place", "group", "settle", "rebate", "flash", "coupons")
LARGE = ("statement_100k", "panel_lists", "audit")
"""These need a large shop, which takes long to fill. So they run only when they are named."""


def verb(
    names: list[str] | None = typer.Argument(
        None, help=f"测哪些 Benches to run: {', '.join(NAMES)} by default, or {', '.join(LARGE)}"
    ),
    as_json: bool = typer.Option(False, "--json", help="只输出 JSON Print only a JSON list"),
    rounds: int = typer.Option(3, min=1, max=99, help="轮数 Rounds; each measures the mall, then the limit"),
    seconds: int = typer.Option(5, min=1, max=60, help="每轮秒数 Seconds per round"),
    members: int = typer.Option(1_000_000, min=10, help="大商城的会员数 Members of the large shop"),
    orders: int = typer.Option(2_000_000, min=10, help="大商城的订单数 Orders of the large shop"),
    data: Path | None = typer.Option(None, help="已有的大商城 Data folder of a `dev` with a large shop already in it"),
) -> None:
    """性能测试 Measure the mall in a temporary data folder. Needs Linux; takes about 6 minutes."""
    unknown = set(names or ()) - {*NAMES, *LARGE}
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not one of {', '.join(NAMES + LARGE)}")
    logs.set_up(logging.WARNING)
    if sys.platform != "linux":
        sys.stderr.write("bench 需要 Linux bench needs Linux: CPU and memory are read from /proc\n")
        raise typer.Exit(2)
    from server.commands.bench.benches import Length
    from server.commands.bench.large import Shop
    from server.commands.bench.report import measure
    from server.seed.scale.plan import Plan

    with told_plainly():
        shop = Shop(Plan(members, orders), data)
        asyncio.run(measure(names or NAMES, Length(rounds, seconds), shop, as_json=as_json))
