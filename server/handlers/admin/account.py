"""The operator's own account: devices, password, second factor."""

from typing import Annotated, Any

import msgspec

from server.core import errors
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, password_problem
from server.services.operators import accounts as operator_accounts
from server.services.operators import sessions as operator_sessions
from server.services.operators import totp as operator_totp

screens = Screens("account")

_Secret = Annotated[str, msgspec.Meta(max_length=PASSWORD_CHARS_MAX)]


class PasswordForm(msgspec.Struct):
    """The old password, and the new one twice."""

    old: _Secret
    new: _Secret
    again: _Secret


class CodeForm(msgspec.Struct):
    """The code that the authenticator app shows."""

    code: Annotated[str, msgspec.Meta(max_length=20)]


@screens.page("/account", None, "operators/account.html")
async def account(visit: Visit, _: None) -> dict[str, Any]:
    """Show the devices where this operator is logged in."""
    return {"devices": await operator_sessions.devices(visit.deps, visit.operator.id)}


@screens.action("/account/devices/<session_id:int>/revoke", None)
async def revoke(visit: Visit, _: None) -> Done:
    """Log one device out."""
    await operator_sessions.revoke(visit.deps, visit.operator, visit.path["session_id"])
    return Done("设备已移除", "/admin/account")


@screens.action("/account/logout-everywhere", None)
async def log_out_everywhere(visit: Visit, _: None) -> Done:
    """Log out all devices, this one included."""
    await operator_sessions.log_out_everywhere(visit.deps, visit.operator)
    return Done("", "/admin/login")


@screens.page("/account/password", None, "operators/password.html")
async def password(_visit: Visit, _: None) -> dict[str, Any]:
    """Show the form for a new password."""
    return {"least": PASSWORD_CHARS_MIN}


@screens.action("/account/password", None, PasswordForm)
async def change_password(visit: Visit, form: PasswordForm) -> Done:
    """Set the new password and log out all other devices."""
    if form.new != form.again:
        unfit = password_problem(form.new, visit.operator.name)
        raise errors.PasswordUnfit(problem="；".join(filter(None, ("两次输入的新密码不一致", unfit))))
    await operator_accounts.change_password(visit.deps, visit.operator, form.old, form.new)
    return Done(
        "密码已修改，其他设备已退出登录", "/admin/account" if visit.operator.has_totp else "/admin/account/totp"
    )


@screens.page("/account/totp", None, "operators/totp.html")
async def totp(visit: Visit, _: None) -> dict[str, Any]:
    """Show a new TOTP secret to scan."""
    return {"offer": await operator_totp.offer(visit.deps, visit.operator)}


@screens.action("/account/totp", None, CodeForm)
async def set_totp(visit: Visit, form: CodeForm) -> Done:
    """Turn the second factor on: every later login needs a code."""
    await operator_totp.confirm(visit.deps, visit.operator, form.code)
    return Done("两步验证已开启", "/admin/account")
