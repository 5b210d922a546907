"""The category tree: create, rename, move and order categories, and set their pictures."""

from typing import Any

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import PriceChange
from server.rules.operators import Permission
from server.services.catalogue import goods, product_pictures

screens = Screens("categories")

_HERE = "/admin/categories"
_VIEW, _EDIT = Permission.PRODUCTS_VIEW, Permission.PRODUCTS_EDIT
_LABELS = {"slug": "标识", "name": "名称", "parent": "上级", "position": "排序"}


@screens.page("/categories", _VIEW, "catalogue/categories.html")
async def tree(visit: Visit, _: None) -> dict[str, Any]:
    """Show the whole tree."""
    return {"categories": await goods.categories()}


@screens.action("/categories", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a category."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    await _apply(visit, typed, {"slug": typed.text("slug"), "new": True})
    return Done(f"已新增分类 {typed.text('name')}", _HERE)


@screens.action("/categories/<category_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change a category's name, place or order."""
    slug = await goods.category(visit.path["category_id"])
    typed = Typed(form, _LABELS)
    await _apply(visit, typed, {"slug": slug})
    return Done(f"分类 {typed.text('name')} 已保存", _HERE)


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("name")
    entry |= {"name": typed.text("name"), "parent": typed.text("parent") or None}
    entry["position"] = typed.whole("position") or 0
    await typed.submit(visit, PriceChange, "categories", entry)


@screens.action("/categories/<category_id:int>/icon", _EDIT, file_most=product_pictures.MOST_BYTES)
async def icon(visit: Visit, _: None) -> Done:
    """Set a category's picture."""
    with Typed({}, _LABELS).judged():
        await product_pictures.set_icon(visit.deps, visit.path["category_id"], visit.file, visit.operator.name)
    return Done("分类图片已更换", _HERE)
