"""等级: thresholds, promotion at once, demotion by the year, growth in proportion to the amount."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules import stacking
from server.rules.levels import (
    YEAR,
    Level,
    Standing,
    fold,
    left_of,
    privileges,
    problems,
    raised,
    reached,
    rejudged,
    spend_growth,
)
from server.rules.stacking import Matrix

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEVELS = (Level("普通", 0), Level("银卡", 100), Level("金卡", 500))
THRESHOLDS = st.lists(st.integers(1, 10_000), unique=True, max_size=9).map(lambda found: [0, *sorted(found)])
SETS = THRESHOLDS.map(lambda found: tuple(Level(f"L{n}", growth) for n, growth in enumerate(found)))
STANDINGS = st.integers(0, 12).map(lambda place: Standing(place, NOW + timedelta(days=3) if place else None))


def test_a_set_of_levels_rises_from_nothing_and_has_names_of_its_own() -> None:
    assert problems(()) == []
    assert problems(LEVELS) == []
    assert problems((Level("银卡", 1),)) == ["最低等级的成长值必须是 0"]
    assert problems((*LEVELS, Level("银卡", 500))) == ["“银卡”的成长值必须高于“金卡”", "等级名称不能重复"]
    assert problems([Level(f"L{n}", n) for n in range(11)]) == ["最多 10 个等级"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"growth": -1},
        {"discount_bp": 4_999},
        {"discount_bp": 10_001},
        {"points_bp": 9_999},
        {"name": " "},
        {"colour": "red"},
        {"icon": "crown"},
        {"commission_bonus_bp": 10_001},
        {"extra": 1},
    ],
)
def test_a_level_that_cannot_be_meant_is_no_level(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "银卡", "growth": 1} | wrong, Level)


@given(SETS, st.integers(0, 20_000))
def test_what_is_reached_is_the_highest_threshold_not_above_the_growth(levels: tuple[Level, ...], growth: int) -> None:
    place = reached(levels, growth)
    assert levels[place].growth <= growth
    assert all(level.growth > growth for level in levels[place + 1 :])


@given(SETS, STANDINGS, st.integers(0, 20_000))
def test_up_at_once_and_never_down_before_the_year_is_over(
    levels: tuple[Level, ...], standing: Standing, growth: int
) -> None:
    after = raised(levels, standing, growth, NOW)
    assert after.position == max(min(standing.position, len(levels) - 1), reached(levels, growth))
    assert (after.kept_until is None) == (after.position == 0)
    if after.position > min(standing.position, len(levels) - 1):
        assert after.kept_until == NOW + YEAR
    assert raised(levels, after, growth, NOW) == after


@given(SETS, st.integers(0, 20_000))
def test_after_a_year_the_growth_of_that_year_decides(levels: tuple[Level, ...], growth: int) -> None:
    after = rejudged(levels, growth, NOW)
    assert after == Standing(reached(levels, growth), NOW + YEAR if after.position else None)


def test_a_level_is_reached_at_its_threshold() -> None:
    assert [reached(LEVELS, growth) for growth in (0, 99, 100, 499, 500)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("granted", "base_fen", "net_fen", "left"), [(100, 300, 300, 100), (100, 300, 299, 99), (7, 10, 1, 0)]
)
def test_what_was_granted_shrinks_with_the_order(granted: int, base_fen: int, net_fen: int, left: int) -> None:
    assert left_of(granted, base_fen, net_fen) == left


def test_in_a_shop_whose_levels_are_gone_everybody_stands_lowest() -> None:
    assert raised((), Standing(2, NOW), 900, NOW) == rejudged((), 900, NOW) == Standing()


@given(st.integers(0, 10**9), st.integers(0, 1_000), st.integers(0, 10**9))
def test_growth_follows_net_cash_in_whole_yuan_and_falls_with_it(base: int, per_yuan: int, net: int) -> None:
    gained = spend_growth(base, per_yuan)
    assert gained * 100 <= base * per_yuan < (gained + 1) * 100
    left = left_of(gained, base, min(net, base)) if base else 0
    assert 0 <= left <= gained
    assert left_of(gained, base or 1, base or 1) == gained


def test_what_a_level_gives_is_said_in_words() -> None:
    assert privileges(LEVELS[0], Matrix()) == []
    gold = Level("金卡", 1, 9_500, 15_000, free_freight=True, commission_bonus_bp=550)
    assert [(one.kind, one.detail) for one in privileges(gold, Matrix())] == [
        ("discount", "商品享 9.5 折，拼团订单、秒杀订单、积分兑换除外"),
        ("free_freight", "每一单都免运费"),
        ("points", "购物积分 1.5 倍"),
        ("commission", "推广佣金多得 5.5%，不超过每单的佣金上限"),
    ]
    assert [fold(bp) for bp in (9_000, 9_850, 5_000)] == ["9", "9.85", "5"]


@pytest.mark.parametrize(
    ("discounted", "said"),
    [(stacking.KINDS, ["商品享 9.5 折"]), (("normal", "points"), ["商品享 9.5 折，拼团订单、秒杀订单除外"]), ((), [])],
)
def test_a_discount_names_the_orders_that_it_is_not_for(discounted: Sequence[str], said: list[str]) -> None:
    whole = Matrix()
    found = {
        kind: msgspec.structs.replace(whole.of(kind), level_discount=kind in discounted) for kind in stacking.KINDS
    }
    assert [one.detail for one in privileges(Level("金卡", 1, 9_500), Matrix(**found))] == said
