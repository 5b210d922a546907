"""The operators of the panel, managed by owners."""

from typing import Annotated, Any

import msgspec

from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import SMALLEST_ROLE, Permission, Role
from server.services.operators import accounts as operator_accounts

screens = Screens("staff")

_HERE = "/admin/operators"


class OperatorForm(msgspec.Struct):
    """A new operator; the server chooses the password."""

    name: Annotated[str, msgspec.Meta(max_length=40)]
    role: Role


class RoleForm(ReasonForm):
    """The operator's new role, and the reason."""

    role: Role


@screens.page("/operators", Permission.OPERATORS_MANAGE, "operators/operators.html")
async def staff(visit: Visit, _: None) -> dict[str, Any]:
    """Show all operators, past ones included."""
    return {"accounts": await operator_accounts.listed(visit.deps), "roles": list(Role), "smallest": SMALLEST_ROLE}


@screens.action("/operators", Permission.OPERATORS_MANAGE, OperatorForm)
async def create(visit: Visit, form: OperatorForm) -> Done:
    """Create an operator; the password is shown only this once."""
    name = form.name.strip()
    password = await operator_accounts.create(visit.deps, name, form.role, visit.operator.name)
    return Done(f"已新增操作员 {name}，一次性密码只显示这一次：", _HERE, password)


@screens.action("/operators/<operator_id:int>/role", Permission.OPERATORS_MANAGE, RoleForm)
async def set_role(visit: Visit, form: RoleForm) -> Done:
    """Change an operator's role, from their next page on."""
    await operator_accounts.set_role(visit.deps, visit.path["operator_id"], form.role, form.reason, visit.operator.name)
    return Done("角色已变更", _HERE)


@screens.action("/operators/<operator_id:int>/disable", Permission.OPERATORS_MANAGE, ReasonForm)
async def disable(visit: Visit, form: ReasonForm) -> Done:
    """Disable an operator at once, on every device."""
    await operator_accounts.disable(visit.deps, visit.path["operator_id"], form.reason, visit.operator.name)
    return Done("操作员已停用", _HERE)


@screens.action("/operators/<operator_id:int>/enable", Permission.OPERATORS_MANAGE, ReasonForm)
async def enable(visit: Visit, form: ReasonForm) -> Done:
    """Enable an operator again, with the old password."""
    await operator_accounts.enable(visit.deps, visit.path["operator_id"], form.reason, visit.operator.name)
    return Done("操作员已启用", _HERE)


@screens.action("/operators/<operator_id:int>/reset", Permission.OPERATORS_MANAGE, ReasonForm)
async def reset(visit: Visit, form: ReasonForm) -> Done:
    """Reset password and second factor; the new password is shown only this once."""
    password = await operator_accounts.reset(visit.deps, visit.path["operator_id"], form.reason, visit.operator.name)
    return Done("已重置密码和两步验证，一次性密码只显示这一次：", _HERE, password)
