"""Approvals: one with what it would change; a second operator approves or rejects it, the asker may take it back."""

from typing import Any

from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.services.desk import approval_views, approvals

screens = Screens("approvals")

_LIST = "/admin/approvals"


@screens.page("/approvals/<approval_id:int>", Permission.APPROVALS_VIEW, "operations/approval.html")
async def approval(visit: Visit, _: None) -> dict[str, Any]:
    """Show one approval."""
    found = await approval_views.detail(visit.deps, visit.path["approval_id"], visit.operator)
    return {"found": found, "role": approval_views.role_label(found.row.role)}


@screens.action("/approvals/<approval_id:int>/approve", Permission.APPROVALS_DECIDE, ReasonForm)
async def approve(visit: Visit, form: ReasonForm) -> Done:
    """Approve: the act is done now. The act's own permission is needed."""
    number = visit.path["approval_id"]
    failed = await approvals.approve(visit.deps, number, visit.asker, form.reason)
    return Done("已同意，操作已执行" if failed is None else f"没有做成：{failed}", f"{_LIST}/{number}")


@screens.action("/approvals/<approval_id:int>/reject", Permission.APPROVALS_DECIDE, ReasonForm)
async def reject(visit: Visit, form: ReasonForm) -> Done:
    """Reject: the act is not done. The act's own permission is needed."""
    await approvals.reject(visit.deps, visit.path["approval_id"], visit.asker, form.reason)
    return Done("已拒绝，操作没有执行", f"{_LIST}/{visit.path['approval_id']}")


@screens.action("/approvals/<approval_id:int>/cancel", Permission.APPROVALS_DECIDE, ReasonForm)
async def cancel(visit: Visit, form: ReasonForm) -> Done:
    """Take back one's own."""
    await approvals.cancel(visit.deps, visit.path["approval_id"], visit.operator.name, form.reason)
    return Done("已撤回，操作没有执行", f"{_LIST}/{visit.path['approval_id']}")
