"""Who may do what in the operators' panel: five roles, one table of permissions, and when failures lock an account."""

from datetime import timedelta
from enum import StrEnum


class Role(StrEnum):
    """An operator's role; the values are those in the database."""

    OWNER = "owner"
    OPERATIONS = "operations"
    FINANCE = "finance"
    SERVICE = "service"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One action that can be allowed. Each screen declares the permission it needs."""

    DASHBOARD = "dashboard"
    APPROVALS_VIEW = "approvals.view"
    APPROVALS_DECIDE = "approvals.decide"
    ALARMS_VIEW = "alarms.view"
    ALARMS_SEE = "alarms.see"
    ORDERS_VIEW = "orders.view"
    ORDERS_SHIP = "orders.ship"
    REFUNDS_DECIDE = "refunds.decide"
    REFUNDS_REISSUE = "refunds.reissue"
    PRODUCTS_VIEW = "products.view"
    PRODUCTS_EDIT = "products.edit"
    COUPONS_VIEW = "coupons.view"
    COUPONS_EDIT = "coupons.edit"
    PROMOTIONS_VIEW = "promotions.view"
    PROMOTIONS_EDIT = "promotions.edit"
    MEMBERS_VIEW = "members.view"
    MEMBERS_REVEAL = "members.reveal"
    MEMBERS_CORRECT = "members.correct"
    MEMBERS_BLOCK = "members.block"
    REBATES_VIEW = "rebates.view"
    QUALIFICATIONS_REVIEW = "qualifications.review"
    RULES_PUBLISH = "rules.publish"
    COMMISSIONS_VIEW = "commissions.view"
    COMMISSIONS_PUBLISH = "commissions.publish"
    WITHDRAWALS_VIEW = "withdrawals.view"
    WITHDRAWALS_DECIDE = "withdrawals.decide"
    LEDGER_VIEW = "ledger.view"
    RECONCILIATION_VIEW = "reconciliation.view"
    RECONCILIATION_RUN = "reconciliation.run"
    NOTICES_VIEW = "notices.view"
    NOTICES_EDIT = "notices.edit"
    JOBS_VIEW = "jobs.view"
    JOBS_RETRY = "jobs.retry"
    EXPORTS = "exports"
    SETTINGS_VIEW = "settings.view"
    SETTINGS_EDIT = "settings.edit"
    AUDIT_VIEW = "audit.view"
    OPERATORS_MANAGE = "operators.manage"


R, P = Role, Permission
_EVERYBODY = frozenset(Role)
_OWNER = frozenset({R.OWNER})
_SHOP = frozenset({R.OWNER, R.OPERATIONS})
"""The roles that look after goods and orders."""
_MONEY = frozenset({R.OWNER, R.FINANCE})
_PEOPLE = frozenset({R.OWNER, R.SERVICE})
"""The roles that talk to members."""
_BOOKS = _MONEY | {R.AUDITOR}
"""The roles that read the books."""

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    P.DASHBOARD: _EVERYBODY,
    P.APPROVALS_VIEW: _EVERYBODY,
    P.APPROVALS_DECIDE: _EVERYBODY - {R.AUDITOR},
    P.ALARMS_VIEW: _EVERYBODY,
    P.ALARMS_SEE: _EVERYBODY - {R.AUDITOR},
    P.ORDERS_VIEW: _EVERYBODY,
    P.ORDERS_SHIP: _SHOP,
    P.REFUNDS_DECIDE: _MONEY | _PEOPLE,
    P.REFUNDS_REISSUE: _MONEY,
    P.PRODUCTS_VIEW: _EVERYBODY,
    P.PRODUCTS_EDIT: _SHOP,
    P.COUPONS_VIEW: _EVERYBODY,
    P.COUPONS_EDIT: _SHOP,
    P.PROMOTIONS_VIEW: _EVERYBODY,
    P.PROMOTIONS_EDIT: _SHOP,
    P.MEMBERS_VIEW: _EVERYBODY,
    P.MEMBERS_REVEAL: _PEOPLE,
    P.MEMBERS_CORRECT: _PEOPLE,
    P.MEMBERS_BLOCK: _PEOPLE,
    P.REBATES_VIEW: _EVERYBODY,
    P.QUALIFICATIONS_REVIEW: _PEOPLE,
    P.RULES_PUBLISH: _OWNER,
    P.COMMISSIONS_VIEW: _EVERYBODY,
    P.COMMISSIONS_PUBLISH: _OWNER,
    P.WITHDRAWALS_VIEW: _BOOKS | {R.SERVICE},
    P.WITHDRAWALS_DECIDE: _MONEY,
    P.LEDGER_VIEW: _BOOKS,
    P.RECONCILIATION_VIEW: _BOOKS,
    P.RECONCILIATION_RUN: _MONEY,
    P.NOTICES_VIEW: _SHOP | {R.SERVICE, R.AUDITOR},
    P.NOTICES_EDIT: _SHOP,
    P.JOBS_VIEW: _SHOP | {R.AUDITOR},
    P.JOBS_RETRY: _SHOP,
    P.EXPORTS: _EVERYBODY - {R.SERVICE},
    P.SETTINGS_VIEW: _EVERYBODY - {R.SERVICE},
    P.SETTINGS_EDIT: _OWNER,
    P.AUDIT_VIEW: frozenset({R.OWNER, R.AUDITOR}),
    P.OPERATORS_MANAGE: _OWNER,
}
"""The only table of permissions. An auditor sees and changes nothing; who ships does not decide about money."""

ROLE_LABELS: dict[Role, str] = {
    R.OWNER: "店主",
    R.OPERATIONS: "运营",
    R.FINANCE: "财务",
    R.SERVICE: "客服",
    R.AUDITOR: "审计",
}

SMALLEST_ROLE = R.AUDITOR
"""The role of a new operator unless another one is chosen: it changes nothing."""

SESSION_LIFETIME = timedelta(hours=12)
"""How long a device stays logged in after its last use."""
LOCK_AFTER_FAILURES = 5
LOCK_TIME = timedelta(minutes=15)
PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 128
_DISTINCT_CHARS_MIN = 6


def may(role: Role, permission: Permission) -> bool:
    """Whether this role has the permission."""
    return role in PERMISSIONS[permission]


def locks(failures: int) -> bool:
    """Whether this many failures in a row lock the account for `LOCK_TIME`."""
    return failures >= LOCK_AFTER_FAILURES


def password_problem(password: str, name: str) -> str | None:
    """Return what is wrong with a chosen password, in Chinese; None when it is acceptable."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"密码需要 {PASSWORD_CHARS_MIN} 到 {PASSWORD_CHARS_MAX} 个字符"
    if len(set(password)) < _DISTINCT_CHARS_MIN:
        return "密码里重复的字符太多"
    if name.lower() in password.lower():
        return "密码不能包含账号名"
    return None
