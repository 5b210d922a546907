"""What an operator sees first, and what waits to be seen."""

from typing import Any, Literal

import msgspec

from server.core.money import yuan
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.services import alarm_desk, dashboard

screens = Screens("home")

PAGE_ROWS = 50


class AlarmsQuery(msgspec.Struct):
    """Which alarms."""

    show: Literal["unseen", "all"] = "unseen"
    cursor: str = ""


@screens.page("/", Permission.DASHBOARD, "dashboard.html")
async def home(visit: Visit, _: None) -> dict[str, Any]:
    """The shop at a glance."""
    shop = await dashboard.current(visit.deps)
    chart = [{"day": f"{one.day:%m-%d}", "orders": one.orders, "cash": yuan(one.cash_fen)} for one in shop.days]
    return {"shop": shop, "chart": chart}


@screens.page("/alarms", Permission.ALARMS_VIEW, "alarms.html", AlarmsQuery)
async def alarms(_visit: Visit, query: AlarmsQuery) -> dict[str, Any]:
    """What went wrong, or will."""
    found, cursor = await alarm_desk.listed(unseen=query.show == "unseen", cursor=query.cursor, limit=PAGE_ROWS)
    return {"alarms": found, "query": query, "next": cursor}


@screens.action("/alarms/<alarm_id:int>/seen", Permission.ALARMS_SEE)
async def see_alarm(visit: Visit, _: None) -> Done:
    """Somebody takes care of it."""
    await alarm_desk.see(visit.deps, visit.path["alarm_id"], visit.operator.name)
    return Done("已标记为已处理", "/admin/alarms")
