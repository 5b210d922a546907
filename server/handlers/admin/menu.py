"""The panel's navigation: what somebody may not open is not offered."""

from dataclasses import dataclass

from server.rules.operators import Permission, may
from server.services.operator_sessions import Operator


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to a screen."""

    label: str
    path: str
    here: bool


_ENTRIES: tuple[tuple[str, str, Permission], ...] = (
    ("概览", "/admin", Permission.DASHBOARD),
    ("订单", "/admin/orders", Permission.ORDERS_VIEW),
    ("退款", "/admin/refunds", Permission.ORDERS_VIEW),
    ("报警", "/admin/alarms", Permission.ALARMS_VIEW),
    ("操作日志", "/admin/audit", Permission.AUDIT_VIEW),
    ("操作员", "/admin/operators", Permission.OPERATORS_MANAGE),
)


def entries(operator: Operator, path: str) -> list[Entry]:
    """The ways open to this operator; the one that leads to `path` is marked."""
    path = path.rstrip("/")
    return [
        Entry(label, to, path == to or (to != "/admin" and path.startswith(f"{to}/")))
        for label, to, permission in _ENTRIES
        if may(operator.role, permission)
    ]
