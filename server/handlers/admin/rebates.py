"""One 有效推荐, one rebate, one commission. Their lists are declared in services/desk."""

from typing import Any

from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.ledger.chart import LABELS
from server.rules.operators import Permission
from server.services.desk import commissions, rebates
from server.services.rebates import qualifications

screens = Screens("rebates")


@screens.page("/qualifications/<qualification_id:int>", Permission.REBATES_VIEW, "rebates/qualification.html")
async def qualification(visit: Visit, _: None) -> dict[str, Any]:
    """Show one qualification with its evidence."""
    return {"found": await rebates.qualification(visit.path["qualification_id"])}


@screens.action("/qualifications/<qualification_id:int>/pass", Permission.QUALIFICATIONS_REVIEW, ReasonForm)
async def let_count(visit: Visit, form: ReasonForm) -> Done:
    """Let a qualification count."""
    number = visit.path["qualification_id"]
    await qualifications.review(visit.deps, number, "pass", visit.operator.name, form.reason)
    return Done("已通过，这次有效推荐计入", f"/admin/qualifications/{number}")


@screens.action("/qualifications/<qualification_id:int>/void", Permission.QUALIFICATIONS_REVIEW, ReasonForm)
async def void(visit: Visit, form: ReasonForm) -> Done:
    """Void a qualification: it never counts again."""
    number = visit.path["qualification_id"]
    await qualifications.review(visit.deps, number, "void", visit.operator.name, form.reason)
    return Done("已作废", f"/admin/qualifications/{number}")


@screens.page("/rebates/<rebate_id:int>", Permission.REBATES_VIEW, "rebates/rebate.html")
async def rebate(visit: Visit, _: None) -> dict[str, Any]:
    """Show one rebate with the explanation that its member sees."""
    return {"found": await rebates.rebate(visit.path["rebate_id"]), "kinds": LABELS}


@screens.page("/commissions/<commission_id:int>", Permission.COMMISSIONS_VIEW, "commissions/commission.html")
async def commission(visit: Visit, _: None) -> dict[str, Any]:
    """Show one commission, explained line by line."""
    return {"found": await commissions.commission(visit.path["commission_id"]), "kinds": LABELS}
