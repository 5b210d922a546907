"""The points mall: create, change and stop goods, through services/promotions/points_goods_apply.py."""

from typing import Any

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import ActivityChange
from server.rules.operators import Permission
from server.services.desk import points_goods

screens = Screens("points_goods")

_HERE = "/admin/points-goods"
_VIEW, _EDIT = Permission.PROMOTIONS_VIEW, Permission.PROMOTIONS_EDIT
_LABELS = {
    "slug": "标识",
    "sku": "SKU 编码",
    "points": "积分",
    "price_fen": "加现金",
    "stock": "兑换库存",
    "per_member": "每人限兑",
    "reason": "理由",
}


@screens.page("/points-goods/new", _EDIT, "promotions/points_good.html")
async def new_good(visit: Visit, _: None) -> dict[str, Any]:
    """Show an empty form."""
    return {"found": None}


@screens.page("/points-goods/<good_id:int>", _VIEW, "promotions/points_good.html")
async def good(visit: Visit, _: None) -> dict[str, Any]:
    """Show one good and its results; operators with the permission can change it."""
    return {"found": await points_goods.good(visit.deps, visit.path["good_id"])}


@screens.action("/points-goods/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a good."""
    typed = Typed(form, _LABELS)
    typed.need("slug", "sku")
    await _apply(visit, typed, {"slug": typed.text("slug"), "sku": typed.text("sku"), "new": True})
    made = await points_goods.good_id(typed.text("slug"))
    return Done("已加入积分商城", f"{_HERE}/{made}")


@screens.action("/points-goods/<good_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change the terms for orders from now on; existing orders keep theirs."""
    found = await points_goods.good(visit.deps, visit.path["good_id"])
    await _apply(visit, Typed(form, _LABELS), {"slug": found["slug"]})
    return Done("已保存", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("points", "stock")
    entry |= {name: typed.whole(name) for name in ("points", "stock", "per_member")}
    entry |= {"price_fen": typed.fen("price_fen", least_fen=0) or 0, "active": typed.flag("active")}
    reason = typed.reason(needed="new" not in entry)
    await typed.submit(visit, ActivityChange, "points_goods", entry, reason)
