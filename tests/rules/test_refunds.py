"""A line gives back exactly what was paid for it, in any number of parts, and never more."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import RefundNotAllowed
from server.rules.refunds import LineRefund, LineState, RefundPlan, plan, withhold

AMOUNTS = st.integers(0, 10**6)


def line(number: int, quantity: int, cash_fen: int, spend_only_fen: int = 0, withdrawable_fen: int = 0) -> LineState:
    balance_fen = spend_only_fen + withdrawable_fen
    return LineState(number, quantity, 0, cash_fen, 0, balance_fen, 0, withdrawable_fen, 0, points=cash_fen // 3)


@st.composite
def orders(draw: st.DrawFn) -> list[LineState]:
    small = st.one_of(st.integers(0, 20), AMOUNTS)
    return [
        line(number, draw(st.integers(1, 12)), draw(small), draw(small), draw(small))
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]


def granted(lines: Sequence[LineState], planned: RefundPlan) -> list[LineState]:
    parts = {part.line_id: part for part in planned.lines}
    none = LineRefund(0, 0, 0, 0, 0)
    return [
        replace(
            one,
            refunded_quantity=one.refunded_quantity + parts.get(one.id, none).quantity,
            refunded_cash_fen=one.refunded_cash_fen + parts.get(one.id, none).cash_fen,
            refunded_balance_fen=one.refunded_balance_fen + parts.get(one.id, none).balance_fen,
            refunded_withdrawable_fen=one.refunded_withdrawable_fen + parts.get(one.id, none).withdrawable_fen,
            refunded_points=one.refunded_points + parts.get(one.id, none).points,
        )
        for one in lines
    ]


@given(orders(), st.data())
def test_any_sequence_of_refunds_sums_to_the_whole(paid: list[LineState], data: st.DataObject) -> None:
    lines, steps = paid, 0
    while left := {
        one.id: one.quantity - one.refunded_quantity for one in lines if one.quantity > one.refunded_quantity
    }:
        chosen = data.draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
        wanted = {number: data.draw(st.integers(1, left[number])) for number in chosen}
        planned = plan(lines, wanted)
        assert {part.line_id: part.quantity for part in planned.lines} == wanted
        for part in planned.lines:
            assert part.cash_fen >= 0
            assert 0 <= part.withdrawable_fen <= part.balance_fen
        assert planned.empties == (wanted == left)
        assert planned.whole == (planned.empties and steps == 0)
        lines = granted(lines, planned)
        steps += 1
        for one in lines:
            assert one.refunded_cash_fen * one.quantity <= one.cash_fen * one.refunded_quantity
            assert one.refunded_balance_fen * one.quantity <= one.balance_fen * one.refunded_quantity
    for one in lines:
        assert (one.refunded_cash_fen, one.refunded_balance_fen) == (one.cash_fen, one.balance_fen)
        assert (one.refunded_withdrawable_fen, one.refunded_points) == (one.withdrawable_fen, one.points)
    for wanted_again in (None, {}, {lines[0].id: 1}):
        with pytest.raises(RefundNotAllowed):
            plan(lines, wanted_again)


@given(orders())
def test_everything_at_once(paid: list[LineState]) -> None:
    planned = plan(paid, None)
    assert (planned.whole, planned.empties) == (True, True)
    assert planned.cash_fen == sum(one.cash_fen for one in paid)
    assert planned.balance_fen == sum(one.balance_fen for one in paid)
    assert planned.withdrawable_fen == sum(one.withdrawable_fen for one in paid)
    assert planned.points == sum(one.points for one in paid)


def test_no_piece_takes_from_the_spend_only_balance() -> None:
    lines = [line(1, 5, 0, spend_only_fen=1, withdrawable_fen=2)]
    for _ in range(5):
        (part,) = (planned := plan(lines, {1: 1})).lines
        assert part.withdrawable_fen <= part.balance_fen
        lines = granted(lines, planned)


def test_what_is_left_after_a_partial_refund_is_no_whole_refund() -> None:
    lines = granted([line(1, 3, 100), line(2, 1, 50)], plan([line(1, 3, 100), line(2, 1, 50)], {1: 1}))
    rest = plan(lines, None)
    assert rest.lines == (LineRefund(1, 2, 67, 0, 0, points=22), LineRefund(2, 1, 50, 0, 0, points=16))
    assert (rest.whole, rest.empties, rest.cash_fen) == (False, True, 117)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({}, "nothing"),
        ({1: 4}, "quantity"),
        ({1: 0}, "quantity"),
        ({1: -1}, "quantity"),
        ({9: 1}, "quantity"),
        ({1: 1, 2: 2}, "quantity"),
    ],
)
def test_refusals(wanted: dict[int, int], reason: str) -> None:
    with pytest.raises(RefundNotAllowed) as refused:
        plan([line(1, 3, 100), line(2, 1, 50)], wanted)
    assert refused.value.detail == {"reason": reason}


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_withholding_conserves_and_takes_cash_first(
    short_fen: int, cash_fen: int, spend_only_fen: int, withdrawable_fen: int
) -> None:
    kept = withhold(short_fen, cash_fen, spend_only_fen, withdrawable_fen)
    whole_fen = cash_fen + spend_only_fen + withdrawable_fen
    assert kept.total_fen == min(short_fen, whole_fen)
    assert kept.total_fen + kept.cash_fen + kept.spend_only_fen + kept.withdrawable_fen == whole_fen
    assert min(kept.cash_fen, kept.spend_only_fen, kept.withdrawable_fen) >= 0
    assert kept.spend_only_fen == spend_only_fen or kept.cash_fen == 0
    assert kept.withdrawable_fen == withdrawable_fen or kept.cash_fen == kept.spend_only_fen == 0
