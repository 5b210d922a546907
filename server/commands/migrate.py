"""`migrate`: bring the database to the newest schema, or back to an older one."""

import asyncio
from pathlib import Path

import typer

from server.commands.runtime import resolve, told_plainly


def verb(
    down: str | None = typer.Option(
        None, help="退回到此迁移，`__first__` 清空数据库 Go back to this one; `__first__`: to nothing"
    ),
    data: Path | None = typer.Option(None, help="dev 的数据目录 Data folder of a `dev`"),
) -> None:
    """迁移数据库 Migrate the database. It can be repeated, and run in several places at once."""
    from server import schema

    with told_plainly(), resolve(data) as settings:
        steps = asyncio.run(schema.migrate(settings.owner_url, settings.database_url, down or "__latest__"))
    for step in steps:
        typer.echo(step)
    typer.echo(f"完成 done: {len(steps)}")
