"""`audit`: prove on the live database that the ledger and the business tables are consistent."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import typer

from server.commands.runtime import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.gateways.ports import Deps
    from server.ledger.audit import Report, Tell


def verb(
    data: Path | None = typer.Option(None, help="dev 的数据目录 Data folder of a `dev`"),
    as_json: bool = typer.Option(False, "--json", help="输出 JSON Print one JSON document"),
    quick: bool = typer.Option(
        False,
        "--quick",
        help="可能滞留的事项和有变动的会员 What may rest, and members changed since the last clean audit",
    ),
    seal: str | None = typer.Option(
        None,
        metavar="REASON",
        help="确认操作日志现状并重新封存 Accept the audit log as it is now and seal it again; give the reason",
    ),
    end: list[str] = typer.Option(
        [],
        metavar="NUMBER:HASH",
        help="应用日志里报出过的末尾，核对它还在 An end of the audit log that the application's log tells",
    ),
) -> None:
    """核对账目 Prove the books. Exits with 1 and lists what does not fit. Writes go on meanwhile."""
    from server.services.common import anchors, audits

    try:
        ends = [anchors.parse(text) for text in end]
    except ValueError as error:
        raise typer.BadParameter("NUMBER:HASH", param_hint="--end") from error

    async def main(deps: "Deps") -> int:
        if seal is not None:
            await _seal(deps, seal)
        with _progress() as tell:
            report = await (audits.run_quick if quick else audits.run)(deps, *ends, tell=tell)
        if as_json:
            sys.stdout.buffer.write(to_json(report) + b"\n")
        else:
            _show(report)
        return 0 if report.ok else 1

    run(data, main)


async def _seal(deps: "Deps", reason: str) -> None:
    from server import db
    from server.services.common import anchors, audit_log

    async with db.transaction() as tx:
        await audit_log.seal_again(tx, deps.clock.now(), "cli", reason)
    await anchors.tell_again(deps.redis)


@contextlib.contextmanager
def _progress() -> "Iterator[Tell]":
    """On a terminal, show which proof runs and how many are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda title, done, of: bar.update(task, description=title, completed=done, total=of)


def to_json(report: "Report") -> bytes:
    """Return `{ok, checks: [{name, checked, offenders: […]}]}`."""
    checks = [{"name": one.name, "checked": one.checked, "offenders": one.offenders} for one in report.checks]
    return orjson.dumps({"ok": report.ok, "checks": checks})


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    whole = "全部" if report.members is None else f"有变动的 {report.members:,} 位会员"
    table = Table("核对项", "检查数", "不符", title=f"账目核对（{whole}）{report.at:%Y-%m-%d %H:%M:%S} UTC")
    for check in report.checks:
        table.add_row(check.title, f"{check.checked:,}", f"[red]{check.wrong:,}[/]" if check.wrong else "—")
    console.print(table)
    for check in report.checks:
        for offender in check.offenders:
            console.print(f"[red]{check.name}[/]", orjson.dumps(offender).decode(), soft_wrap=True)
    console.print("全部一致" if report.ok else "[red]发现不符，请勿手工改账，联系开发[/]")
