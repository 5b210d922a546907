"""积分: what is earned, taken back and expires, compared with a model that keeps every batch."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from server.core.clock import shanghai_day
from server.rules.points import check_in, earned, ends_at, expiring, streak, take_back

WHOLE = st.integers(0, 10**6)


@given(st.integers(0, 10**9), st.integers(0, 100), st.integers(10_000, 100_000))
def test_what_is_earned_is_rounded_down_once(net_fen: int, per_yuan: int, points_bp: int) -> None:
    points = earned(net_fen, per_yuan, points_bp)
    assert points * 10**6 <= net_fen * per_yuan * points_bp < (points + 1) * 10**6


@given(WHOLE, WHOLE, WHOLE)
def test_what_is_taken_back_is_frozen_then_available_then_debt(points: int, frozen: int, available: int) -> None:
    taken = take_back(points, frozen, available)
    assert taken.frozen + taken.available + taken.debt == points
    assert (taken.frozen, taken.available) == (min(points, frozen), min(points - taken.frozen, available))


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.integers(1, 100)),
        st.tuples(st.just("spend"), st.integers(1, 100)),
        st.tuples(st.just("back"), st.integers(1, 100)),
        st.tuples(st.just("month"), st.just(0)),
    ),
    max_size=40,
)


@given(ACTS, st.integers(1, 4))
def test_what_expires_is_what_is_left_of_the_oldest_batches(acts: list[tuple[str, int]], months: int) -> None:
    """The model takes spent points from the batches one by one, the first to expire first, and sees what is left."""
    batches: list[list[int]] = []  # [end, points]
    month = balance = spent = gone = 0
    for act, amount in acts:
        if act == "credit":
            batches.append([month + months, amount])
            balance += amount
        elif act == "spend":
            out = min(amount, balance)
            balance -= out
            spent += out
        elif act == "back":
            back = min(amount, spent)
            balance += back
            spent -= back
        else:
            month += 1
            used, over = spent + gone, 0
            for end, points in batches:
                left = max(0, points - used)
                used -= points - left
                over += left if end <= month else 0
            found = expiring(balance, sum(points for end, points in batches if end > month))
            assert found == over
            balance -= found
            gone += found
        assert 0 <= balance == sum(points for _, points in batches) - spent - gone


MINUTES = st.integers(0, 40_000_000).map(lambda found: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=found))


@given(MINUTES, st.integers(1, 60))
@example(datetime(2026, 1, 31, 15, 59, 59, 999_999, UTC), 1)
@example(datetime(2026, 1, 31, 16, tzinfo=UTC), 1)
@example(datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC), 12)
@example(datetime(2026, 2, 1, tzinfo=UTC), 12)
@example(datetime(2026, 11, 30, 16, tzinfo=UTC), 1)
@example(datetime(2026, 12, 31, 15, 59, 59, 999_999, UTC), 1)
@example(datetime(2026, 12, 31, 16, tzinfo=UTC), 60)
def test_points_end_with_a_month_in_shanghai(at: datetime, months: int) -> None:
    end, start = ends_at(at, months), shanghai_day(at)
    first, last = shanghai_day(end), shanghai_day(end - timedelta(seconds=1))
    assert first.day == 1
    assert (last.year * 12 + last.month) - (start.year * 12 + start.month) == months


def test_a_gap_ends_a_streak_and_every_seventh_day_brings_more() -> None:
    today = date(2026, 3, 1)
    assert streak(None, 0, today) == streak(date(2026, 2, 27), 9, today) == 1
    assert streak(date(2026, 2, 28), 6, today) == 7
    assert [check_in(days, 5, 20) for days in (1, 6, 7, 8, 14)] == [5, 5, 25, 5, 25]
