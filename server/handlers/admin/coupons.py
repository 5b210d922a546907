"""Coupon templates: created and changed through services/coupons/apply.py. The lists are in desk/coupons.py."""

import re
from typing import Any

from server.core.money import WHOLE_BP
from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import CouponPublish
from server.rules.coupon_claims import AUDIENCES
from server.rules.levels import MOST_LEVELS, fold
from server.rules.operators import Permission
from server.rules.rule_forms import SCOPES
from server.services.desk import coupons
from server.services.terms import levels

screens = Screens("coupons")

_HERE = "/admin/coupon-templates"
_VIEW, _EDIT = Permission.COUPONS_VIEW, Permission.COUPONS_EDIT
_LABELS = {
    "slug": "标识",
    "name": "名称",
    "amount_fen": "面额",
    "off_bp": "折扣",
    "most_fen": "最多优惠",
    "threshold_fen": "门槛",
    "scope": "可用商品",
    "products": "可用商品",
    "categories": "可用商品",
    "valid_days": "有效天数",
    "starts_at": "有效期开始",
    "ends_at": "有效期结束",
    "claim_from": "领取开始",
    "claim_until": "领取结束",
    "audience": "谁可以领",
    "total": "总量",
    "per_member": "每人限领",
    "reason": "理由",
}
_FOLD = re.compile(r"([0-9])(?:\.([0-9]{1,3}))?")
_NAME = re.compile(r"[^\s,，、]+")


async def _form() -> dict[str, Any]:
    names = [level.name for level in await levels.current()]
    return {"audiences": AUDIENCES, "scopes": SCOPES, "fold": lambda off_bp: fold(WHOLE_BP - off_bp), "levels": names}


def ticked(typed: Typed) -> list[int]:
    """Return the positions of the ticked levels."""
    return [position for position in range(MOST_LEVELS) if typed.flag(f"level.{position}")]


@screens.page("/coupon-templates/new", _EDIT, "coupons/template.html")
async def new_template(visit: Visit, _: None) -> dict[str, Any]:
    """Show an empty form."""
    return {"found": None, "results": None, **await _form()}


@screens.page("/coupon-templates/<template_id:int>", _VIEW, "coupons/template.html")
async def template(visit: Visit, _: None) -> dict[str, Any]:
    """Show one template and its results; operators with the permission can change it."""
    found = await coupons.template(visit.path["template_id"])
    return {"found": found, "results": await coupons.results(visit.deps, found["id"]), **await _form()}


@screens.action("/coupon-templates/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a template."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    await _apply(visit, typed, {"slug": typed.text("slug"), "new": True})
    return Done(f"已新增优惠券 {typed.text('name')}", _HERE)


@screens.action("/coupon-templates/<template_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change the terms for coupons issued from now on."""
    found = await coupons.template(visit.path["template_id"])
    typed = Typed(form, _LABELS)
    await _apply(visit, typed, {"slug": found["slug"]})
    return Done("已保存，只影响之后发放的优惠券", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("name", "per_member")
    scope = _scope(typed)
    entry |= {
        "name": typed.text("name"),
        "threshold_fen": typed.fen("threshold_fen", least_fen=0) or 0,
        "claim_from": typed.moment("claim_from"),
        "claim_until": typed.moment("claim_until"),
        "audience": typed.text("audience") or "all",
        "levels": ticked(typed) or None,
        "total": typed.whole("total"),
        "per_member": typed.whole("per_member"),
        **{name: typed.flag(name) for name in ("listed", "birthday_gift", "active")},
        **_worth(typed),
        **_validity(typed),
        **scope,
    }
    reason = typed.reason(needed="new" not in entry)
    kind = typed.text("scope")
    places = {"scope": kind} if kind in scope else {}
    await typed.submit(visit, CouponPublish, "templates", entry, reason, places)


def _worth(typed: Typed) -> dict[str, Any]:
    """Read the amount and the percentage (`8.5` 折); whether both may be given is checked with the whole entry."""
    if not typed.text("amount_fen") and not typed.text("off_bp"):
        typed.need("amount_fen")
    found: dict[str, Any] = {"most_fen": typed.fen("most_fen")}
    if typed.text("amount_fen"):
        found["amount_fen"] = typed.fen("amount_fen")
    if text := typed.text("off_bp"):
        part = _FOLD.fullmatch(text)
        if part is None:
            typed.note("off_bp", "请填写几折，例如 8.5")
        else:
            found["off_bp"] = WHOLE_BP - int(part[1] + (part[2] or "").ljust(3, "0"))
    return found


def _validity(typed: Typed) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if typed.text("starts_at") or typed.text("ends_at"):
        typed.need("starts_at", "ends_at")
        found = {"starts_at": typed.moment("starts_at"), "ends_at": typed.moment("ends_at")}
    if typed.text("valid_days") or not found:
        typed.need("valid_days")
        found["valid_days"] = typed.whole("valid_days")
    return found


def _scope(typed: Typed) -> dict[str, Any]:
    kind = typed.text("scope") or "all"
    if kind == "all":
        return {"products": None, "categories": None}
    if kind not in SCOPES:
        typed.note("scope", "请选择一项")
        return {}
    if not typed.text("scope_ids"):
        typed.note("scope", "请填写编号或标识，用逗号隔开")
    return {kind: [int(one) if one.isdecimal() else one for one in _NAME.findall(typed.text("scope_ids"))]}
