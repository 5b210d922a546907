"""`bench`: what the mall does in a second on this machine, beside what the machine could do at most."""

import asyncio
import logging
import sys

import typer

from server.commands import logs
from server.commands.runtime import told_plainly

NAMES = ("login", "list", "detail", "place", "settle", "rebate")


def verb(
    names: list[str] | None = typer.Argument(None, help=f"测哪些 Which: {', '.join(NAMES)}; all by default"),
    as_json: bool = typer.Option(False, "--json", help="只输出 JSON One JSON list and nothing else"),
    rounds: int = typer.Option(3, min=1, max=99, help="轮数 Rounds, subject and limit in turn"),
    seconds: int = typer.Option(5, min=1, max=60, help="每轮秒数 Seconds of a round"),
) -> None:
    """性能测试 Measure the mall in a data folder of its own, made and dropped. Needs Linux; takes about 3 minutes."""
    unknown = set(names or ()) - set(NAMES)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not one of {', '.join(NAMES)}")
    logs.set_up(logging.WARNING)
    if sys.platform != "linux":
        sys.stderr.write("bench 需要 Linux bench needs Linux: CPU and memory are read from /proc\n")
        raise typer.Exit(2)
    from server.commands.bench.benches import Length
    from server.commands.bench.report import measure

    with told_plainly():
        asyncio.run(measure(names or NAMES, Length(rounds, seconds), as_json=as_json))
