"""The operator's start page, and the alarms that wait for somebody."""

from typing import Annotated, Any

import msgspec

from server.core.money import yuan
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.labels import ALARMS
from server.rules.operators import Permission
from server.services.desk import alarms, dashboard
from server.services.desk.dashboard import Dashboard

screens = Screens("home")


@screens.page("/", Permission.DASHBOARD, "operations/dashboard.html")
async def home(visit: Visit, _: None) -> dict[str, Any]:
    """Show the overview of the shop."""
    shop = await dashboard.current(visit.deps)
    return {"shop": shop, "money": _money(shop), "people": _people(shop)}


def _money(shop: Dashboard) -> dict[str, Any]:
    return _chart(
        shop,
        ("微信实收（元）", [yuan(day.cash_fen) for day in shop.days]),
        ("付款订单", [day.orders for day in shop.days]),
    )


def _people(shop: Dashboard) -> dict[str, Any]:
    return _chart(shop, ("新会员", [day.members for day in shop.days]), ("新绑定", [day.bindings for day in shop.days]))


def _chart(shop: Dashboard, bars: tuple[str, list[Any]], line: tuple[str, list[Any]]) -> dict[str, Any]:
    """Return the data of one chart, for panel.js to draw and for the table beside it."""
    days = [f"{day.day:%m-%d}" for day in shop.days]
    return {
        "days": days,
        "bars": {"name": bars[0], "values": bars[1]},
        "line": {"name": line[0], "values": line[1]},
    }


async def beside_alarms(_visit: Visit) -> dict[str, Any]:
    """Return the kinds of open alarms that can be marked as seen together."""
    return {"kinds": await alarms.open_kinds()}


class KindForm(msgspec.Struct):
    """The kind of the alarms to mark as seen, and the newest alarm on the operator's page."""

    kind: Annotated[str, msgspec.Meta(max_length=40)]
    newest: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


@screens.action("/alarms/seen", Permission.ALARMS_SEE, KindForm)
async def see_alarms(visit: Visit, form: KindForm) -> Done:
    """Mark all open alarms of a kind as seen."""
    count = await alarms.see_kind(visit.deps, form.kind, form.newest, visit.operator.name)
    word = ALARMS.get(form.kind, form.kind)
    return Done(f"“{word}”：{count} 条已标记为已处理" if count else f"“{word}”没有未处理的报警", "/admin/alarms")


@screens.action("/alarms/<alarm_id:int>/seen", Permission.ALARMS_SEE)
async def see_alarm(visit: Visit, _: None) -> Done:
    """Mark an alarm as seen: this operator takes care of it."""
    await alarms.see(visit.deps, visit.path["alarm_id"], visit.operator.name)
    return Done("已标记为已处理", "/admin/alarms")
