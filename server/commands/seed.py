"""`seed`: fill in the demo shop, or one year of a large shop."""

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import typer

from server.commands import apply, runtime
from server.core.errors import Refusal
from server.gateways.ports import Deps

if TYPE_CHECKING:
    from server.seed.scale.fill import Tell

_MOST = 100_000_000


def verb(
    data: Path | None = apply.DATA,
    scale: bool = typer.Option(
        False,
        "--scale",
        help="一年的大商城，仅限空的开发库 One year of a large shop; needs an empty development database",
    ),
    members: int = typer.Option(1_000_000, min=10, max=_MOST, help="会员数 Members, with --scale"),
    orders: int = typer.Option(2_000_000, min=10, max=_MOST, help="订单数 Orders, with --scale"),
    number: int = typer.Option(1, min=1, max=1_000_000, help="同一数字，同一商城 The same number makes the same shop"),
    as_json: bool = apply.JSON,
) -> None:
    """填充演示商城，可重复执行 Fill in the demo shop. What exists already is not changed."""
    from server.seed.plant import draw_pictures, plant
    from server.seed.scale import fill
    from server.seed.scale.plan import Plan

    plan = Plan(members, orders, number)

    async def main(deps: Deps) -> int:
        try:
            if scale:
                await fill.refuse_unless_empty()
                await fill.publish_terms(deps, plan)
            done = dataclasses.asdict(await plant(deps, apply.ACTOR))
            if deps.media_dir is not None:
                await draw_pictures(deps.media_dir)
            if scale:
                with _progress() as tell:
                    done |= dataclasses.asdict(await fill.fill(deps, plan, tell))
        except Refusal as refused:
            _say({"ok": False, "error": {"code": refused.code, "message": refused.message}}, as_json=as_json)
            return 1
        _say({"ok": True, **done}, as_json=as_json)
        return 0

    runtime.run(data, main, in_production=not scale, as_owner=scale)


def _say(outcome: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(outcome).decode())
    elif "error" in outcome:
        sys.stderr.write(f"{orjson.dumps(outcome['error']).decode()}\n")
    else:
        typer.echo("完成 done: " + ", ".join(f"{name} {count}" for name, count in outcome.items() if name != "ok"))


@contextlib.contextmanager
def _progress() -> "Iterator[Tell]":
    """On a terminal, show what is being made and how much of it is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(title: str, done: int, of: int) -> None:
            if title not in tasks:
                tasks[title] = bar.add_task(title, total=of)
            bar.update(tasks[title], completed=done)

        yield tell
