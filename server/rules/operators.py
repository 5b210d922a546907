"""Who may do what in the operators' panel: five roles, one table of permissions, and when guessing locks an account."""

from datetime import timedelta
from enum import StrEnum


class Role(StrEnum):
    """What an operator is in the shop; the values are the database's words."""

    OWNER = "owner"
    OPERATIONS = "operations"
    FINANCE = "finance"
    SERVICE = "service"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that can be allowed. Screens declare the one they need."""

    DASHBOARD = "dashboard"
    ALARMS_VIEW = "alarms.view"
    ALARMS_SEE = "alarms.see"
    ORDERS_VIEW = "orders.view"
    ORDERS_SHIP = "orders.ship"
    REFUNDS_DECIDE = "refunds.decide"
    AUDIT_VIEW = "audit.view"
    OPERATORS_MANAGE = "operators.manage"


R, P = Role, Permission
_EVERYBODY = frozenset(Role)

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    P.DASHBOARD: _EVERYBODY,
    P.ALARMS_VIEW: _EVERYBODY,
    P.ALARMS_SEE: frozenset({R.OWNER, R.OPERATIONS, R.FINANCE, R.SERVICE}),
    P.ORDERS_VIEW: _EVERYBODY,
    P.ORDERS_SHIP: frozenset({R.OWNER, R.OPERATIONS}),
    P.REFUNDS_DECIDE: frozenset({R.OWNER, R.FINANCE, R.SERVICE}),
    P.AUDIT_VIEW: frozenset({R.OWNER, R.AUDITOR}),
    P.OPERATORS_MANAGE: frozenset({R.OWNER}),
}
"""The one table. An auditor sees and changes nothing; who ships does not decide about money."""

ROLE_LABELS: dict[Role, str] = {
    R.OWNER: "店主",
    R.OPERATIONS: "运营",
    R.FINANCE: "财务",
    R.SERVICE: "客服",
    R.AUDITOR: "审计",
}

SESSION_LIFETIME = timedelta(hours=12)
"""How long a device stays logged in after it was last used."""
LOCK_AFTER_FAILURES = 5
LOCK_TIME = timedelta(minutes=15)
PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 128
_DISTINCT_CHARS_MIN = 6


def may(role: Role, permission: Permission) -> bool:
    """Whether somebody of this role is allowed to."""
    return role in PERMISSIONS[permission]


def locks(failures: int) -> bool:
    """Whether that many failures in a row lock the account for `LOCK_TIME`."""
    return failures >= LOCK_AFTER_FAILURES


def password_problem(password: str, name: str) -> str | None:
    """What is wrong with a chosen password, in Chinese; None when it will do."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"密码需要 {PASSWORD_CHARS_MIN} 到 {PASSWORD_CHARS_MAX} 个字符"
    if len(set(password)) < _DISTINCT_CHARS_MIN:
        return "密码里重复的字符太多"
    if name.lower() in password.lower():
        return "密码不能包含账号名"
    return None
