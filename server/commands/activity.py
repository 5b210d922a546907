"""`activity`: marketing activities from a file."""

from pathlib import Path

import typer

from server.commands import apply

app = typer.Typer(no_args_is_help=True, help="营销活动 Activities")


@app.command("apply")
def apply_file(file: Path = apply.FILE, data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """按文件新增或修改营销活动 Create or change activities."""
    from server.services.promotions import apply as activity_apply

    apply.run(file, data, as_json, apply.of_entries(activity_apply.apply))
