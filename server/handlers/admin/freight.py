"""Freight templates: each form makes an entry for services/catalogue/apply.py. The list is in desk/freight.py."""

import re
from typing import Any

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import PriceChange
from server.rules.operators import Permission
from server.services.desk import freight

screens = Screens("freight")

_HERE = "/admin/freight"
_VIEW, _EDIT = Permission.PRODUCTS_VIEW, Permission.PRODUCTS_EDIT
_BLANK_ZONES = 2
_LABELS = {
    "slug": "标识",
    "name": "名称",
    "by": "计费方式",
    "provinces": "地区",
    "first": "首件（首重）",
    "first_fen": "首费",
    "next": "续件（续重）",
    "next_fen": "续费",
    "free_from_fen": "包邮金额",
    "excluded": "不发货地区",
    "terms": "地区",
    "reason": "理由",
}
_ZONE = re.compile(r"zones\[(\d{1,2})\]\.provinces")
_NAMES = re.compile(r"[\s、，,;；]+")


@screens.page("/freight/new", _EDIT, "catalogue/freight_template.html")
async def new_template(_visit: Visit, _: None) -> dict[str, Any]:
    """Show an empty form."""
    return {"found": None, "zones": [None] * _BLANK_ZONES}


@screens.page("/freight/<freight_id:int>", _VIEW, "catalogue/freight_template.html")
async def template(visit: Visit, _: None) -> dict[str, Any]:
    """Show one template; operators with the permission can change it."""
    found = await freight.template(visit.path["freight_id"])
    return {"found": found, "zones": [*found["terms"]["zones"], *[None] * _BLANK_ZONES]}


@screens.action("/freight/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a template."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    await _apply(visit, typed, {"slug": typed.text("slug"), "new": True})
    return Done(f"已新增运费模板 {typed.text('name')}，可以在商品里选用", _HERE)


@screens.action("/freight/<freight_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change the terms for orders placed from now on."""
    found = await freight.template(visit.path["freight_id"])
    typed = Typed(form, _LABELS)
    await _apply(visit, typed, {"slug": found["slug"]})
    return Done("已保存，只影响之后的订单", f"{_HERE}/{found['id']}")


async def _apply(visit: Visit, typed: Typed, entry: dict[str, Any]) -> None:
    typed.need("name", "by")
    zones = sorted({int(found[1]) for name in typed.form if (found := _ZONE.fullmatch(name)) and typed.text(name)})
    entry |= {
        "name": typed.text("name"),
        "terms": {
            "by": typed.text("by"),
            "elsewhere": _rate(typed, "elsewhere."),
            "zones": [
                {"provinces": _provinces(typed, f"zones[{n}].provinces"), **_rate(typed, f"zones[{n}].")} for n in zones
            ],
            "excluded": _provinces(typed, "excluded"),
        },
    }
    reason = typed.reason(needed="new" not in entry)
    places = {name: f"terms.{name}" for name in ("by", "elsewhere", "excluded")}
    places |= {f"zones[{row}]": f"terms.zones[{place}]" for place, row in enumerate(zones)}
    await typed.submit(visit, PriceChange, "freight", entry, reason, places)


def _rate(typed: Typed, before: str) -> dict[str, Any]:
    typed.need(*(f"{before}{name}" for name in ("first", "first_fen", "next", "next_fen")))
    return {
        "first": typed.whole(f"{before}first"),
        "first_fen": typed.fen(f"{before}first_fen", least_fen=0),
        "next": typed.whole(f"{before}next"),
        "next_fen": typed.fen(f"{before}next_fen", least_fen=0),
        "free_from_fen": typed.fen(f"{before}free_from_fen", least_fen=0),
    }


def _provinces(typed: Typed, name: str) -> list[str]:
    """Split `浙江、江苏` into names."""
    return [one for one in _NAMES.split(typed.text(name)) if one]
