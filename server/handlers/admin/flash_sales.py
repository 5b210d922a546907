"""Flash sales: create, change and stop sessions by services/promotions/flash_apply.py. Lists: desk/flash_sales.py."""

import re
from typing import Any

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import ActivityChange
from server.rules.operators import Permission
from server.services.desk import flash_sales

screens = Screens("flash_sales")

_HERE = "/admin/flash-sales"
_VIEW, _EDIT = Permission.PROMOTIONS_VIEW, Permission.PROMOTIONS_EDIT
_BLANK_ROWS = 3
_ROW = re.compile(r"items\[(\d{1,3})\]\.")
_LABELS = {
    "slug": "标识",
    "name": "名称",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "reason": "理由",
    "sku": "SKU 编码",
    "price_fen": "秒杀价",
    "stock": "库存",
    "per_member": "每人限购",
}


@screens.page("/flash-sales/new", _EDIT, "promotions/flash_sale.html")
async def new_sale(visit: Visit, _: None) -> dict[str, Any]:
    """Show an empty form."""
    return {"found": None, "rows": range(_BLANK_ROWS)}


@screens.page("/flash-sales/<sale_id:int>", _VIEW, "promotions/flash_sale.html")
async def sale(visit: Visit, _: None) -> dict[str, Any]:
    """Show one session and its results; operators with the permission can change it until it is over."""
    found = await flash_sales.sale(visit.deps, visit.path["sale_id"])
    used = len(found["items"])
    return {"found": found, "rows": range(used, used + _BLANK_ROWS)}


@screens.action("/flash-sales/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a session."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    await _apply(visit, typed, {"slug": typed.text("slug"), "new": True})
    made = await flash_sales.sale_id(typed.text("slug"))
    return Done(f"已新增秒杀 {typed.text('name')}", f"{_HERE}/{made}")


@screens.action("/flash-sales/<sale_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change times, items and their stock; prices only before the start."""
    found = await flash_sales.sale(visit.deps, visit.path["sale_id"])
    await _apply(visit, Typed(form, _LABELS), {"slug": found["slug"]})
    return Done("已保存", f"{_HERE}/{found['id']}")


@screens.action("/flash-sales/<sale_id:int>/stop", _EDIT, dict[str, str])
async def stop(visit: Visit, form: dict[str, str]) -> Done:
    """Stop a session early; unsold pieces go back to the goods' stock."""
    found = await flash_sales.sale(visit.deps, visit.path["sale_id"])
    typed = Typed(form, _LABELS)
    reason = typed.reason(needed=True)
    entry = {"slug": found["slug"], "stop": True}
    await typed.submit(visit, ActivityChange, "flash_sales", entry, reason)
    return Done("已停止，未售出的库存会退回商品", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("name", "starts_at", "ends_at")
    rows = [row for row in _rows(typed) if typed.text(f"items[{row}].sku")]
    entry |= {
        "name": typed.text("name"),
        "starts_at": typed.moment("starts_at"),
        "ends_at": typed.moment("ends_at"),
        "items": [_item(typed, row) for row in rows],
    }
    reason = typed.reason(needed="new" not in entry)
    places = {f"items[{row}]": f"items[{place}]" for place, row in enumerate(rows)}
    await typed.submit(visit, ActivityChange, "flash_sales", entry, reason, places)


def _rows(typed: Typed) -> list[int]:
    return sorted({int(found[1]) for name in typed.form if (found := _ROW.match(name))})


def _item(typed: Typed, row: int) -> dict[str, Any]:
    def at(name: str) -> str:
        return f"items[{row}].{name}"

    typed.need(at("price_fen"), at("stock"), at("per_member"))
    return {
        "sku": typed.text(at("sku")),
        "price_fen": typed.fen(at("price_fen")),
        "stock": typed.whole(at("stock")),
        "per_member": typed.whole(at("per_member")),
    }
