"""`product`: the catalogue from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import typer

from server.commands import apply
from server.gateways.ports import Deps

app = typer.Typer(no_args_is_help=True, help="商品 Products")


@app.command("apply")
def apply_file(file: Path = apply.FILE, data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """按文件新增或修改分类、商品、SKU、库存与卡密 Create or change categories, products, SKUs, stock and card keys."""
    from server.commands.awaiting import submit
    from server.rules.approvals import PriceChange

    async def prices(deps: Deps, entries: Mapping[str, Any], _actor: str) -> Any:  # noqa: ANN401 - counts
        return await submit(deps, PriceChange(document=msgspec.json.encode(entries).decode(), reason=""))

    apply.run(file, data, as_json, apply.of_entries(prices))
