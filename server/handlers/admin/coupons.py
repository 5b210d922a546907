"""Coupon templates: made and changed by the checks of services/coupon_apply.py. The lists are in coupon_desk.py."""

from typing import Any

import orjson

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.operators import Permission
from server.services import coupon_apply, coupon_desk

screens = Screens("coupons")

_HERE = "/admin/coupon-templates"
_VIEW, _EDIT = Permission.COUPONS_VIEW, Permission.COUPONS_EDIT
_LABELS = {
    "slug": "标识",
    "name": "名称",
    "amount_fen": "面额",
    "threshold_fen": "门槛",
    "valid_days": "有效天数",
    "total": "总量",
    "per_member": "每人限领",
    "reason": "理由",
}


@screens.page("/coupon-templates/new", _EDIT, "coupon_template.html")
async def new_template(visit: Visit, _: None) -> dict[str, Any]:
    """An empty form."""
    return {"found": None}


@screens.page("/coupon-templates/<template_id:int>", _VIEW, "coupon_template.html")
async def template(visit: Visit, _: None) -> dict[str, Any]:
    """One, to be changed by those who may."""
    return {"found": await coupon_desk.template(visit.path["template_id"])}


@screens.action("/coupon-templates/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """One more."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    await _apply(visit, typed, {"slug": typed.text("slug"), "new": True})
    return Done(f"已新增优惠券 {typed.text('name')}", _HERE)


@screens.action("/coupon-templates/<template_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Other terms for coupons that are claimed from now on."""
    found = await coupon_desk.template(visit.path["template_id"])
    typed = Typed(form, _LABELS)
    await _apply(visit, typed, {"slug": found["slug"]})
    return Done("已保存，只影响之后领取的优惠券", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("name", "amount_fen", "valid_days", "per_member")
    entry |= {
        "name": typed.text("name"),
        "amount_fen": typed.fen("amount_fen"),
        "threshold_fen": typed.fen("threshold_fen", least_fen=0) or 0,
        "valid_days": typed.whole("valid_days"),
        "total": typed.whole("total"),
        "per_member": typed.whole("per_member"),
        "active": typed.flag("active"),
    }
    reason = typed.reason(needed="new" not in entry)
    with typed.judged():
        text = orjson.dumps({"templates": [entry]}).decode()
        await coupon_apply.apply(visit.deps, text, visit.operator.name, reason)
