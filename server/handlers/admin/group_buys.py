"""Group buys: created, changed and stopped by services/promotions/group_buy_apply.py. Lists: desk/group_buys.py."""

import re
from typing import Annotated, Any

import msgspec

from server.core.errors import NotFound
from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import ActivityChange
from server.rules.operators import Permission
from server.services.desk import group_buys

screens = Screens("group_buys")

_HERE = "/admin/group-buys"
_VIEW, _EDIT = Permission.PROMOTIONS_VIEW, Permission.PROMOTIONS_EDIT
_ROW = re.compile(r"skus\[(\d{1,3})\]\.code")
_LABELS = {
    "slug": "标识",
    "title": "名称",
    "product": "商品",
    "size": "几人团",
    "window_hours": "成团时限",
    "per_member": "每人限购",
    "stock_limit": "活动限量",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "reason": "理由",
    "skus": "价格",
    "code": "编码",
    "price_fen": "拼团价",
    "leader_price_fen": "团长价",
}


class NewQuery(msgspec.Struct):
    """The slug of the product that the new activity sells."""

    product: Annotated[str, msgspec.Meta(max_length=60)] = ""


@screens.page("/group-buys/new", _EDIT, "promotions/group_buy.html", NewQuery)
async def new_group_buy(visit: Visit, query: NewQuery) -> dict[str, Any]:
    """Show the form: first to choose the product, then for everything else."""
    product = query.product.strip()
    skus = await group_buys.product_skus(product)
    if product and not skus:
        raise NotFound(problem=f"没有标识为 {product} 的商品")
    return {"found": None, "product": product, "skus": skus}


@screens.page("/group-buys/<group_buy_id:int>", _VIEW, "promotions/group_buy.html")
async def group_buy(visit: Visit, _: None) -> dict[str, Any]:
    """Show one activity and its results; operators with the permission can change it."""
    found = await group_buys.group_buy(visit.deps, visit.path["group_buy_id"])
    return {"found": found, "product": found["product"], "skus": found["skus"]}


@screens.page("/teams/<team_no:str>", _VIEW, "promotions/team.html")
async def team(visit: Visit, _: None) -> dict[str, Any]:
    """Show one team with its orders."""
    return {"found": await group_buys.team(visit.path["team_no"])}


@screens.action("/group-buys/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create an activity."""
    typed = Typed(form, _LABELS)
    typed.need("slug", "product")
    await _apply(visit, typed, {"slug": typed.text("slug"), "product": typed.text("product"), "new": True})
    made = await group_buys.group_buy_id(typed.text("slug"))
    return Done(f"已新增拼团 {typed.text('title')}", f"{_HERE}/{made}")


@screens.action("/group-buys/<group_buy_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change the terms for teams opened from now on. After a stop nobody can open a team."""
    found = await group_buys.group_buy(visit.deps, visit.path["group_buy_id"])
    await _apply(visit, Typed(form, _LABELS), {"slug": found["slug"]})
    return Done("已保存，已经开出的团仍按原来的人数和时限", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("title", "size", "window_hours", "starts_at", "ends_at")
    rows = [row for row in _rows(typed) if typed.text(f"skus[{row}].price_fen")]
    entry |= {name: typed.moment(name) for name in ("starts_at", "ends_at")}
    entry |= {name: typed.whole(name) for name in ("size", "window_hours", "per_member", "stock_limit")}
    entry |= {
        "title": typed.text("title"),
        "virtual_fill": typed.flag("virtual_fill"),
        "active": typed.flag("active"),
        "skus": [_sku(typed, row) for row in rows],
    }
    if not rows:
        typed.note("skus", "至少给一个 SKU 填写拼团价")
    reason = typed.reason(needed="new" not in entry)
    places = {f"skus[{row}]": f"skus[{place}]" for place, row in enumerate(rows)}
    await typed.submit(visit, ActivityChange, "group_buys", entry, reason, places)


def _rows(typed: Typed) -> list[int]:
    return sorted({int(found[1]) for name in typed.form if (found := _ROW.fullmatch(name))})


def _sku(typed: Typed, row: int) -> dict[str, Any]:
    return {
        "code": typed.text(f"skus[{row}].code"),
        "price_fen": typed.fen(f"skus[{row}].price_fen"),
        "leader_price_fen": typed.fen(f"skus[{row}].leader_price_fen"),
    }
