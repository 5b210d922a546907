"""`activity`: marketing activities from a file."""

from pathlib import Path

import typer

from server.commands import apply
from server.rules.approvals import ActivityChange

app = typer.Typer(no_args_is_help=True, help="营销活动 Activities")


@app.command("apply")
def apply_file(file: Path = apply.FILE, data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """按文件新增或修改营销活动 Create or change activities."""
    apply.run(file, data, as_json, apply.of_document(ActivityChange))
