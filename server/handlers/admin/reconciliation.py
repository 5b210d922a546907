"""Reconcile a day's WeChat bills with the ledger, and show the result. See services/desk/reconciliation.py."""

from datetime import date
from typing import Any

from server.core import errors
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.services.desk import reconciliation

screens = Screens("reconciliation")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise errors.BadRequest(field="day", problem="应为日期，如 2026-01-31") from error


@screens.page("/reconciliation/<day:str>", Permission.RECONCILIATION_VIEW, "reconciliation/day.html")
async def day(visit: Visit, _: None) -> dict[str, Any]:
    """Show one day with its sums and differences."""
    found = await reconciliation.of_day(_day(visit.path["day"]))
    return {"found": found, "numbers": reconciliation.numbers, "most": reconciliation.DIFFERENCES_MOST}


@screens.action("/reconciliation/<day:str>/run", Permission.RECONCILIATION_RUN)
async def run(visit: Visit, _: None) -> Done:
    """Reconcile this day, for the first time or again."""
    asked = _day(visit.path["day"])
    await reconciliation.ask(visit.deps, asked, visit.operator.name)
    return Done("已安排对账，进度见下", f"/admin/reconciliation/{asked}")


@screens.action("/reconciliation", Permission.RECONCILIATION_RUN, dict[str, str])
async def run_day(visit: Visit, form: dict[str, str]) -> Done:
    """Reconcile the day that was typed."""
    asked = _day(form.get("day", ""))
    await reconciliation.ask(visit.deps, asked, visit.operator.name)
    return Done("已安排对账，进度见下", f"/admin/reconciliation/{asked}")
