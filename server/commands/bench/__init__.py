"""`bench`: what the mall does in a second on this machine, beside what the machine could do at most."""

import asyncio
import logging
import sys
from pathlib import Path

import typer

from server.commands import logs
from server.commands.runtime import told_plainly

NAMES = ("login", "list", "detail", "place", "group", "settle", "rebate", "flash", "coupons")
LARGE = ("statement_100k", "panel_lists")
"""Those that need a large shop, whose making takes a while: only when they are named."""


def verb(
    names: list[str] | None = typer.Argument(
        None, help=f"测哪些 Which: {', '.join(NAMES)} by default, or {', '.join(LARGE)}"
    ),
    as_json: bool = typer.Option(False, "--json", help="只输出 JSON One JSON list and nothing else"),
    rounds: int = typer.Option(3, min=1, max=99, help="轮数 Rounds, subject and limit in turn"),
    seconds: int = typer.Option(5, min=1, max=60, help="每轮秒数 Seconds of a round"),
    members: int = typer.Option(1_000_000, min=10, help="大商城的会员数 Members of the large shop"),
    orders: int = typer.Option(2_000_000, min=10, help="大商城的订单数 Its orders"),
    data: Path | None = typer.Option(None, help="已有的大商城 Data folder of a dev that was filled before"),
) -> None:
    """性能测试 Measure the mall in a data folder of its own, made and dropped. Needs Linux; takes about 6 minutes."""
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
