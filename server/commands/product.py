"""`product`: the catalogue from a file."""

from pathlib import Path

import typer

from server.commands import apply
from server.rules.approvals import PriceChange

app = typer.Typer(no_args_is_help=True, help="商品 Products")


@app.command("apply")
def apply_file(file: Path = apply.FILE, data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """按文件新增或修改分类、商品、SKU、库存与卡密 Create or change categories, products, SKUs, stock and card keys."""
    apply.run(file, data, as_json, apply.of_document(PriceChange))
