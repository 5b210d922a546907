"""`reconcile`: compare a day's WeChat bills with our books, and list the results of the last days."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from server.commands.runtime import run
from server.core.errors import Refusal
from server.core.money import yuan
from server.rules import labels
from server.rules.bills import Bill

if TYPE_CHECKING:
    from server.gateways.ports import Deps
    from server.services.reconciliation.matching import Sums
    from server.services.reconciliation.runs import Difference, Run, Side

OPERATOR = "cli"
DATA = typer.Option(None, "--data", help="数据目录 Data folder of a `dev`")
AS_JSON = typer.Option(False, "--json", help="输出 JSON Print one JSON document")

app = typer.Typer(invoke_without_command=True, help="对账 Compare a day's WeChat bills with our books")

_PAGE = 1000


@app.callback()
def verb(
    context: typer.Context,
    day: datetime | None = typer.Option(None, "--date", formats=["%Y-%m-%d"], help="账单日 Day of the bills"),
    data: Path | None = DATA,
    as_json: bool = AS_JSON,
) -> None:
    """核对某一天的微信账单 Reconcile one day. Exits with 1 if there is any difference."""
    if context.invoked_subcommand is not None:
        return
    if day is None:
        raise typer.BadParameter("--date YYYY-MM-DD", param_hint="--date")
    asked = day.date()

    async def main(deps: "Deps") -> int:
        from server.services.reconciliation import runs as reconciliation_runs

        try:
            with _progress() as tell:
                done = await reconciliation_runs.run(deps, asked, OPERATOR, tell)
        except Refusal as refusal:
            _refused(asked, refusal, as_json)
            return 1
        found: list[Difference] = []
        while page := await reconciliation_runs.differences(done.id, found[-1].id if found else 0, _PAGE):
            found += page
        _tell(done, found, as_json)
        return 0 if done.state == "clean" else 1

    run(data, main)


@app.command("list")
def list_days(data: Path | None = DATA, as_json: bool = AS_JSON) -> None:
    """最近各日的对账结果 List the results of the last days."""

    async def main(_deps: "Deps") -> int:
        from server.services.reconciliation import runs as reconciliation_runs

        runs = await reconciliation_runs.newest()
        if as_json:
            typer.echo(msgspec.json.encode(runs).decode())
            return 0
        for one in runs:
            came = labels.RECONCILIATION_STATES[one.state]
            told = f"{one.day} {came} {one.differences} 处差异 {one.operator} {one.problem or ''}"
            typer.echo(told.rstrip())
        return 0

    run(data, main)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Bill, int], None]]:
    """On a terminal, show how many lines of each bill have been read and compared."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    told = TextColumn("{task.description}账单 {task.completed} 行")
    with Progress(told, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        tasks = {bill: bar.add_task(labels.BILLS[bill], total=None) for bill in Bill}
        yield lambda bill, lines: bar.advance(tasks[bill], lines)


def _refused(day: date, refusal: Refusal, as_json: bool) -> None:
    if as_json:
        error = {"code": refusal.code, "message": refusal.message}
        typer.echo(msgspec.json.encode({"ok": False, "day": day, "error": error}).decode())
    else:
        typer.echo(f"{refusal.message} ({refusal.code})", err=True)


def _tell(done: "Run", found: "list[Difference]", as_json: bool) -> None:
    if as_json:
        shown = {"ok": done.state == "clean", **msgspec.structs.asdict(done), "differences": found}
        typer.echo(msgspec.json.encode(shown).decode())
        return
    typer.echo(f"{done.day} {labels.RECONCILIATION_STATES[done.state]}{'：' + done.problem if done.problem else ''}")
    for bill, name in labels.BILLS.items():
        sums: Sums = getattr(done.sums, bill)
        ours = f"{sums.ours_lines} 笔 {yuan(sums.ours_fen)} 元"
        theirs = f"{sums.theirs_lines} 笔 {yuan(sums.theirs_fen)} 元"
        typer.echo(f"  {name}：我方 {ours}，微信 {theirs}")
    for word, amount_fen in done.sums.aside.items():
        typer.echo(f"  {word}：{yuan(amount_fen)} 元")
    for one in found:
        sides = f"我方 {_side(one.ours)}，微信 {_side(one.theirs)}"
        typer.echo(f"  {labels.BILLS[one.bill]} {labels.DIFFERENCES[one.kind]} {one.subject}：{sides}")


def _side(side: "Side | None") -> str:
    return "无" if side is None else f"{yuan(side.amount_fen)} 元 {side.state} {side.about}"
