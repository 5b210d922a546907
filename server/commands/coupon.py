"""`coupon`: coupon templates from a file."""

from pathlib import Path

import typer

from server.commands import apply
from server.rules.approvals import CouponPublish

app = typer.Typer(no_args_is_help=True, help="优惠券 Coupons")


@app.command("apply")
def apply_file(file: Path = apply.FILE, data: Path | None = apply.DATA, as_json: bool = apply.JSON) -> None:
    """按文件新增或修改优惠券模板 Create or change coupon templates."""
    apply.run(file, data, as_json, apply.of_document(CouponPublish))
