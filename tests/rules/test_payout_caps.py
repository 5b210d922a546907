"""What a qualifying order gives beside the rebate, and the cap that remains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.payout_caps import Gives, in_words, payout_cap_fen

AMOUNTS = st.integers(0, 10**7)
GIVES = st.builds(Gives, AMOUNTS, AMOUNTS, st.integers(1, 1_000))


@pytest.mark.parametrize(
    ("left_fen", "gives", "fen"),
    [
        (10_000, Gives(1_000, 301, 2), 1_150),
        (5_000, Gives(500, 150, 2), 575),
        (3_333, Gives(333, 100, 2), 383),
        (1, Gives(0, 0, 2), 0),
        (0, Gives(0, 0, 2), 0),
    ],
)
def test_what_an_order_gives_shrinks_with_its_net_cash(left_fen: int, gives: Gives, fen: int) -> None:
    left = Gives(1_000, 301, 2).left(10_000, left_fen)
    assert (left, left.fen) == (gives, fen)


@given(GIVES, st.integers(1, 10**7), st.data())
def test_it_never_rises_and_ends_at_nothing(gives: Gives, base_fen: int, data: st.DataObject) -> None:
    one, other = sorted((data.draw(st.integers(0, base_fen)), data.draw(st.integers(0, base_fen))))
    less, more = gives.left(base_fen, one), gives.left(base_fen, other)
    assert less.commission_fen <= more.commission_fen <= gives.commission_fen
    assert less.points_fen <= more.points_fen <= gives.points_fen
    assert gives.left(base_fen, base_fen) == gives
    assert gives.left(base_fen, 0).fen == 0
    assert less.commission_fen * base_fen <= gives.commission_fen * one


@given(st.lists(AMOUNTS, max_size=4), st.integers(1, 10_000), AMOUNTS)
def test_the_cap_and_what_else_is_given_stay_within_the_part(nets: list[int], cap_bp: int, given_fen: int) -> None:
    cap_fen = payout_cap_fen(cap_bp, nets, given_fen)
    assert cap_fen >= 0
    assert cap_fen == 0 or (cap_fen + given_fen) * 10_000 <= sum(nets) * cap_bp
    assert (cap_fen + given_fen + 1) * 10_000 > sum(nets) * cap_bp


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        ([], "不超过好友订单实付的 50.00%"),
        ([Gives(0, 9, 10)], "不超过好友订单实付的 50.00%"),
        ([Gives(100), Gives(50)], "不超过好友订单实付的 50.00%，减去这些订单带来的佣金 1.50 元"),
        ([Gives(0, 300, 10)], "不超过好友订单实付的 50.00%，减去这些订单带来的积分 0.30 元"),
        ([Gives(100, 7), Gives(1)], "不超过好友订单实付的 50.00%，减去这些订单带来的佣金 1.01 元、积分 0.07 元"),
    ],
)
def test_the_cut_tells_its_parts(gives: list[Gives], words: str) -> None:
    assert in_words(5_000, gives) == words
