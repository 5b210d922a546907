"""Parts always sum to the whole, nothing is rounded up, and a wrong sign is an error."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.money import WHOLE_BP, fen, share, split, yuan

AMOUNTS = st.integers(0, 10**12)
WEIGHTS = st.lists(st.integers(0, 10**9), max_size=12)


@given(AMOUNTS, st.integers(0, 3 * WHOLE_BP))
def test_a_share_is_the_exact_part_rounded_down(amount_fen: int, ratio_bp: int) -> None:
    assert share(amount_fen, ratio_bp) == Fraction(amount_fen * ratio_bp, WHOLE_BP).__floor__()


@given(AMOUNTS, st.integers(0, WHOLE_BP), st.integers(0, WHOLE_BP))
def test_shares_never_add_up_to_more_than_their_sum(amount_fen: int, one_bp: int, other_bp: int) -> None:
    together = share(amount_fen, one_bp) + share(amount_fen, other_bp)
    assert 0 <= share(amount_fen, one_bp + other_bp) - together <= 1


@pytest.mark.parametrize(("amount_fen", "ratio_bp"), [(-1, 1), (1, -1)])
def test_a_share_of_a_negative_value_is_a_mistake(amount_fen: int, ratio_bp: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        share(amount_fen, ratio_bp)


@given(AMOUNTS, WEIGHTS.filter(any))
def test_split_parts_sum_and_stay_within_one_fen_of_the_exact_part(total_fen: int, weights: list[int]) -> None:
    parts = split(total_fen, weights)
    assert sum(parts) == total_fen
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total_fen * weight, sum(weights))) < 1
        assert weight or part == 0


@given(st.data(), WEIGHTS.filter(any))
def test_a_split_of_no_more_than_the_weights_exceeds_none_of_them(data: st.DataObject, weights: list[int]) -> None:
    parts = split(data.draw(st.integers(0, sum(weights))), weights)
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(st.data(), WEIGHTS.filter(any))
def test_the_missing_fen_go_to_the_largest_remainders_and_the_first_of_equals(
    data: st.DataObject, weights: list[int]
) -> None:
    total_fen = data.draw(st.integers(0, 10**6))
    exact = [Fraction(total_fen * weight, sum(weights)) for weight in weights]
    parts = split(total_fen, weights)
    rounded_up = [(position, part) for position, part in enumerate(exact) if parts[position] > part.__floor__()]
    rounded_down = [(position, part) for position, part in enumerate(exact) if parts[position] == part.__floor__()]
    for up, more in rounded_up:
        for down, less in rounded_down:
            assert (more % 1, -up) > (less % 1, -down)


@given(WEIGHTS.filter(any))
def test_splitting_the_weights_own_sum_gives_the_weights(weights: list[int]) -> None:
    assert split(sum(weights), weights) == weights


@pytest.mark.parametrize(
    ("total_fen", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (5, [0, 3, 0, 7], [0, 2, 0, 3]),
        (1, [1, 2], [0, 1]),
        (0, [5, 5], [0, 0]),
        (0, [], []),
        (0, [0, 0], [0, 0]),
    ],
)
def test_splits(total_fen: int, weights: list[int], parts: list[int]) -> None:
    assert split(total_fen, weights) == parts


@pytest.mark.parametrize(
    ("total_fen", "weights", "problem"),
    [(-1, [1], "negative"), (1, [2, -1], "negative"), (1, [], "over nothing"), (1, [0, 0], "over nothing")],
)
def test_what_cannot_be_split(total_fen: int, weights: list[int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        split(total_fen, weights)


@pytest.mark.parametrize(
    ("amount_fen", "text"),
    [(0, "0.00"), (5, "0.05"), (100, "1.00"), (123_456, "1234.56"), (-5, "-0.05"), (-123_456, "-1234.56")],
)
def test_yuan_as_people_read_it(amount_fen: int, text: str) -> None:
    assert yuan(amount_fen) == text


@given(st.integers(-(10**12), 10**12))
def test_fen_reads_what_yuan_writes(amount_fen: int) -> None:
    assert fen(yuan(amount_fen)) == amount_fen
    assert fen(f"{yuan(amount_fen)}000") == amount_fen


@pytest.mark.parametrize(("said", "amount_fen"), [("3", 300), ("3.5", 350), ("-0.05", -5), ("12.300", 1230)])
def test_an_amount_may_be_written_short(said: str, amount_fen: int) -> None:
    assert fen(said) == amount_fen


@given(st.text(alphabet="0123456789.-+eE ,元", max_size=12))
def test_an_amount_is_exact_or_refused(said: str) -> None:
    try:
        amount_fen = fen(said)
    except ValueError:
        return
    assert re.fullmatch(r"-?\d+(\.\d+)?", said)
    whole, _, cents = said.lstrip("-").partition(".")
    assert abs(amount_fen) * 10 ** len(cents) == int(whole + cents) * 100
