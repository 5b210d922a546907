"""`seed`: the demo shop."""

import dataclasses
from pathlib import Path

import typer

from server.commands import apply, runtime
from server.gateways.ports import Deps


def verb(data: Path | None = apply.DATA) -> None:
    """填充演示商城，可重复执行 Fill in the demo shop; what is there already stays as it is."""
    from server.seed.plant import draw_pictures, plant

    async def main(deps: Deps) -> None:
        done = dataclasses.asdict(await plant(deps, apply.ACTOR))
        if deps.media_dir is not None:
            await draw_pictures(deps.media_dir)
        typer.echo("完成 done: " + ", ".join(f"{name} {count}" for name, count in done.items()))

    runtime.run(data, main)
