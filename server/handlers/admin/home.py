"""What an operator sees first, and what waits to be seen."""

from typing import Any

from server.core.money import yuan
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.services import alarm_desk, dashboard

screens = Screens("home")


@screens.page("/", Permission.DASHBOARD, "dashboard.html")
async def home(visit: Visit, _: None) -> dict[str, Any]:
    """The shop at a glance."""
    shop = await dashboard.current(visit.deps)
    chart = [{"day": f"{one.day:%m-%d}", "orders": one.orders, "cash": yuan(one.cash_fen)} for one in shop.days]
    return {"shop": shop, "chart": chart}


@screens.action("/alarms/<alarm_id:int>/seen", Permission.ALARMS_SEE)
async def see_alarm(visit: Visit, _: None) -> Done:
    """Somebody takes care of it."""
    await alarm_desk.see(visit.deps, visit.path["alarm_id"], visit.operator.name)
    return Done("已标记为已处理", "/admin/alarms")
