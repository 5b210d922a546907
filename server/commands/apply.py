"""The common part of `product apply` and similar verbs: read the file, run the service, print the result."""

import dataclasses
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import orjson
import typer

from server.commands import runtime
from server.commands.awaiting import awaiting, submit
from server.core.errors import FileInvalid
from server.gateways.ports import Deps
from server.rules.approvals import DocumentAct
from server.services.common.approvals import Awaiting
from server.services.files.apply_file import ApplyFile

Service = Callable[[Deps, str, str], Awaitable[Any]]
"""Takes Deps, the file's text and the actor; returns a dataclass of counts. Raises FileInvalid with line numbers."""

FILE = typer.Argument(help="JSON 文件 JSON file")
DATA = typer.Option(None, help="dev 的数据目录 Data folder of a `dev`")
JSON = typer.Option(False, "--json", help="输出一个 JSON 文档 One JSON document on standard output")
ACTOR = "cli"


def run(file: Path, data: Path | None, as_json: bool, service: Service) -> None:
    """Apply the file. Exits with 1 and the list of problems if it is refused, with 2 if it cannot be read.

    Exits with 3 if it waits for a second operator.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{file}: {error}\n")
        raise typer.Exit(2) from error

    async def main(deps: Deps) -> int:
        try:
            done = dataclasses.asdict(await service(deps, text, ACTOR))
        except FileInvalid as refused:
            _tell({"ok": False, "problems": refused.detail["problems"]}, as_json, file)
            return 1
        except Awaiting as waiting:
            return awaiting(waiting)
        _tell({"ok": True, **done}, as_json, file)
        return 0

    runtime.run(data, main)


def of_document(act: type[DocumentAct]) -> Service:
    """Return what does this act with a file's text. It adds line numbers to the problems."""

    async def apply(deps: Deps, text: str, _actor: str) -> Any:  # noqa: ANN401 - what the act gives
        file = ApplyFile(text)
        with file.located():
            return await submit(deps, act(document=msgspec.json.encode(file.root).decode(), reason=""))

    return apply


def _tell(outcome: dict[str, Any], as_json: bool, file: Path) -> None:
    if as_json:
        typer.echo(orjson.dumps(outcome).decode())
    elif outcome["ok"]:
        typer.echo("完成 done: " + ", ".join(f"{name} {count}" for name, count in outcome.items() if name != "ok"))
    else:
        for one in outcome["problems"]:
            sys.stderr.write(f"{file}:{one['line']}: {one['path']} {one['problem']}\n")
