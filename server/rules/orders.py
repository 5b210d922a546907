"""The life of an order: one table of transitions, and what the member may do in each state."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

OrderKind = Literal["normal", "group_buy", "flash_sale", "points"]
"""How an order was placed; the values are those of the API and the database."""


class OrderStatus(StrEnum):
    """The state of an order; the values are those of the API and the database."""

    PENDING = "pending"
    PAID = "paid"
    TEAMING = "teaming"
    SHIPPED = "shipped"
    RECEIVED = "received"
    COMPLETED = "completed"
    CLOSED = "closed"
    REFUNDED = "refunded"


S = OrderStatus

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.PENDING: frozenset({S.PAID, S.TEAMING, S.CLOSED}),
    S.TEAMING: frozenset({S.PAID, S.REFUNDED}),
    S.PAID: frozenset({S.SHIPPED, S.RECEIVED, S.REFUNDED}),
    S.SHIPPED: frozenset({S.RECEIVED, S.REFUNDED}),
    S.RECEIVED: frozenset({S.COMPLETED, S.REFUNDED}),
    S.COMPLETED: frozenset({S.REFUNDED}),
    S.CLOSED: frozenset(),
    S.REFUNDED: frozenset(),
}
"""All allowed transitions. `paid → received` is the delivery of virtual goods, which are never shipped."""

LABELS: dict[OrderStatus, str] = {
    S.PENDING: "待付款",
    S.PAID: "待发货",
    S.TEAMING: "拼团中",
    S.SHIPPED: "待收货",
    S.RECEIVED: "已收货",
    S.COMPLETED: "已完成",
    S.CLOSED: "已关闭",
    S.REFUNDED: "已退款",
}

PAID_STATES = frozenset({S.PAID, S.TEAMING, S.SHIPPED, S.RECEIVED, S.COMPLETED})
"""The states in which the order's money belongs to the shop."""
SETTLED_STATES = PAID_STATES - {S.TEAMING}
"""The paid states in which no team can fail any more. Rewards on the order are earned, and the order can be
returned."""


def in_sql(states: Iterable[OrderStatus]) -> str:
    """Return the states as an SQL list, for SQL text without parameters: `'paid', 'shipped'`."""
    return ", ".join(f"'{state}'" for state in sorted(states))


def sources_of(after: OrderStatus) -> list[str]:
    """Return the states from which `after` can be reached: the condition of the UPDATE that moves an order there."""
    return sorted(before for before, moves in TRANSITIONS.items() if after in moves)


def refund_window_open(status: OrderStatus, received_at: datetime | None, refund_days: int, now: datetime) -> bool:
    """Whether the member may ask for a refund now. An operator may refund later, too."""
    if status in (S.PAID, S.SHIPPED):
        return True
    return status is S.RECEIVED and received_at is not None and now < received_at + timedelta(days=refund_days)


def allowed_actions(
    status: OrderStatus, *, refundable: bool, received_at: datetime | None, refund_days: int, now: datetime
) -> list[str]:
    """Return what the member may do now, out of `pay, cancel, refund, receive, share_team`.

    `refundable` says that something is left to refund and no request is open.
    """
    match status:
        case S.PENDING:
            return ["pay", "cancel"]
        case S.TEAMING:
            return ["share_team"]
        case S.SHIPPED:
            actions = ["receive"]
        case _:
            actions = []
    if refundable and refund_window_open(status, received_at, refund_days, now):
        actions.append("refund")
    return actions
