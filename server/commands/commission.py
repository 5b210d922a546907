"""`commission`: show the commission policies, and publish them from a file."""

from pathlib import Path

import msgspec
import typer

from server.commands import apply, runtime
from server.commands.awaiting import submit
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.approvals import CommissionPublish
from server.rules.commissions import CommissionTerms
from server.services.files.apply_file import reading
from server.services.terms import commission_policies

app = typer.Typer(no_args_is_help=True, help="分润 Commission")


@app.command("show")
def show(data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """查看当前分润策略 Show the policies in force."""

    async def main(_deps: Deps) -> int:
        try:
            found = await commission_policies.in_force()
        except NotFound:
            typer.echo("还没有发布分润策略 No policies are published", err=True)
            return 1
        shown = {
            name: msgspec.to_builtins(getattr(found, name)) for name in ("version", "terms", "note", "published_at")
        }
        if as_json:
            typer.echo(msgspec.json.encode(shown).decode())
            return 0
        typer.echo(f"分润策略版本 {found.version}，{found.published_at:%Y-%m-%d %H:%M} UTC 发布：{found.note}")
        for name, value in shown["terms"].items():
            typer.echo(f"  {name}: {msgspec.json.encode(value).decode()}")
        return 0

    runtime.run(data, main)


@app.command("apply")
def apply_file(
    file: Path = apply.FILE,
    note: str = typer.Option("", help="说明 Reason for the change"),
    data: Path | None = apply.DATA,
    as_json: bool = apply.JSON,
) -> None:
    """按文件发布分润策略 Publish the policies of a file. They apply to orders paid from now on."""

    async def publish(deps: Deps, text: str, _actor: str) -> commission_policies.Applied:
        with reading(text, CommissionTerms) as terms:
            applied: commission_policies.Applied = await submit(deps, CommissionPublish(terms=terms, reason=note))
            return applied

    apply.run(file, data, as_json, publish)
