"""The table of transitions, and what a member may do in each state."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from server.rules import orders
from server.rules.orders import (
    LABELS,
    PAID_STATES,
    SETTLED_STATES,
    TRANSITIONS,
    OrderStatus,
    allowed_actions,
    in_sql,
    refund_window_open,
)

S = OrderStatus
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAYS = 7

MOVES = {
    ("pending", "paid"),
    ("pending", "teaming"),
    ("pending", "closed"),
    ("teaming", "paid"),
    ("teaming", "refunded"),
    ("paid", "shipped"),
    ("paid", "received"),
    ("paid", "refunded"),
    ("shipped", "received"),
    ("shipped", "refunded"),
    ("received", "completed"),
    ("received", "refunded"),
    ("completed", "refunded"),
}
"""Written out from the rules: virtual goods skip shipping; after completion an operator can still refund."""


def reachable(start: OrderStatus) -> set[OrderStatus]:
    seen: set[OrderStatus] = set()
    new = {start}
    while new:
        seen |= new
        new = {after for before in new for after in TRANSITIONS[before]} - seen
    return seen - {start}


def test_the_table_has_these_moves_and_no_other() -> None:
    assert {(before.value, after.value) for before, moves in TRANSITIONS.items() for after in moves} == MOVES


def test_every_status_has_its_row_and_its_words() -> None:
    assert set(TRANSITIONS) == set(LABELS) == set(S)
    assert len(set(LABELS.values())) == len(S)


def test_the_ends() -> None:
    assert {status for status in S if not TRANSITIONS[status]} == {S.CLOSED, S.REFUNDED}
    assert all(reachable(status) & {S.CLOSED, S.REFUNDED} for status in S if TRANSITIONS[status])


def test_every_status_is_reached_from_pending_and_none_twice() -> None:
    assert reachable(S.PENDING) == set(S) - {S.PENDING}
    assert not [(one, other) for one, other in product(S, S) if one in reachable(other) and other in reachable(one)]


def test_money_once_the_shops_leaves_only_by_refund() -> None:
    for status in PAID_STATES:
        assert reachable(status) <= PAID_STATES | {S.REFUNDED}
        assert S.REFUNDED in TRANSITIONS[status]
    assert set(S) - PAID_STATES == {S.PENDING, S.CLOSED, S.REFUNDED}
    assert in_sql(SETTLED_STATES) == "'completed', 'paid', 'received', 'shipped'"


def test_sources_are_the_table_read_backwards() -> None:
    for after in S:
        assert orders.sources_of(after) == sorted(before for before, moved in MOVES if moved == after)


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("age", [None, 0, DAYS - 1, DAYS, DAYS + 1])
@pytest.mark.parametrize("refundable", [True, False])
def test_what_a_member_may_do(status: OrderStatus, age: int | None, refundable: bool) -> None:
    received_at = None if age is None else NOW - timedelta(days=age)
    fixed = {S.PENDING: ["pay", "cancel"], S.TEAMING: ["share_team"], S.SHIPPED: ["receive"]}.get(status, [])
    in_window = status in {S.PAID, S.SHIPPED} or (status is S.RECEIVED and age is not None and age < DAYS)
    assert refund_window_open(status, received_at, DAYS, NOW) == in_window
    shown = allowed_actions(status, refundable=refundable, received_at=received_at, refund_days=DAYS, now=NOW)
    assert shown == [*fixed, *(["refund"] if refundable and in_window else [])]


def test_the_window_closes_to_the_microsecond() -> None:
    received_at = NOW - timedelta(days=DAYS)
    assert not refund_window_open(S.RECEIVED, received_at, DAYS, NOW)
    assert refund_window_open(S.RECEIVED, received_at, DAYS, NOW - timedelta(microseconds=1))
