"""`audit`: prove on the live database that the ledger and the business tables are consistent."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import typer

from server.commands.runtime import run

if TYPE_CHECKING:
    from server.gateways.ports import Deps
    from server.ledger.audit import Report
    from server.services.common.anchors import End


def verb(
    data: Path | None = typer.Option(None, help="dev 的数据目录 Data folder of a `dev`"),
    as_json: bool = typer.Option(False, "--json", help="输出 JSON Print one JSON document"),
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
    from server.services.common import anchors

    try:
        ends = [anchors.parse(text) for text in end]
    except ValueError as error:
        raise typer.BadParameter("NUMBER:HASH", param_hint="--end") from error

    async def main(deps: "Deps") -> int:
        if seal is not None:
            await _seal(deps, seal)
        report = await everything(deps, *ends)
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


async def everything(deps: "Deps", *ends: "End") -> "Report":
    """Run the proofs of the ledger, check the chain of the audit log, and that its ends told outside are still there.

    Raises Busy, RedisError.
    """
    from server import db
    from server.ledger.audit import MAX_OFFENDERS, Check, audit
    from server.services.common import anchors, audit_log

    report = await audit(deps.clock.now())
    told = [*ends, *await anchors.told(deps.redis)]
    async with db.snapshot() as reader:
        checked, broken = await audit_log.verify(reader)
        broken += [{"told": end.id, "hash": end.hash} for end in await anchors.missing(reader, told)]
    log = Check("audit_log", "操作日志未被改动", checked, len(broken), broken[:MAX_OFFENDERS])
    return replace(report, checks=(*report.checks, log))


def to_json(report: "Report") -> bytes:
    """Return `{ok, checks: [{name, checked, offenders: […]}]}`."""
    checks = [{"name": one.name, "checked": one.checked, "offenders": one.offenders} for one in report.checks]
    return orjson.dumps({"ok": report.ok, "checks": checks})


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("核对项", "检查数", "不符", title=f"账目核对 {report.at:%Y-%m-%d %H:%M:%S} UTC")
    for check in report.checks:
        table.add_row(check.title, f"{check.checked:,}", f"[red]{check.wrong:,}[/]" if check.wrong else "—")
    console.print(table)
    for check in report.checks:
        for offender in check.offenders:
            console.print(f"[red]{check.name}[/]", orjson.dumps(offender).decode(), soft_wrap=True)
    console.print("全部一致" if report.ok else "[red]发现不符，请勿手工改账，联系开发[/]")
