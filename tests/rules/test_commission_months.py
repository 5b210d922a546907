"""The sum of a month as a decision can have seen it: what was known for sure, and what may have been known."""

from datetime import UTC, datetime, timedelta

from server.rules.commission_months import AT_MOST, MonthSum

AT = datetime(2026, 12, 1, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def test_what_became_known_long_before_is_in_the_sum_and_what_came_after_is_not() -> None:
    month = MonthSum()
    month.add(AT, 1_000, AT)
    month.add(AT + SECOND, 200, AT + 2 * HOUR)
    assert month.bounds(AT + HOUR, AT + HOUR) == (1_000, 1_000)
    assert month.bounds(AT + HOUR, AT + 2 * HOUR + AT_MOST) == (1_200, 1_200)
    assert month.bounds(AT + 3 * HOUR, AT + 3 * HOUR) == (1_200, 1_200)


def test_what_became_known_around_the_decision_may_have_been_seen_or_not() -> None:
    month = MonthSum()
    month.add(AT, 1_000, AT + HOUR)
    month.add(AT, -300, AT + HOUR)
    near = AT_MOST - SECOND
    assert month.bounds(AT, AT + HOUR - AT_MOST - SECOND) == (0, 0)
    assert month.bounds(AT, AT + HOUR - near) == (-300, 1_000)
    assert month.bounds(AT, AT + HOUR + near) == (-300, 1_000)
    assert month.bounds(AT, AT + HOUR + AT_MOST) == (700, 700)


def test_what_became_known_nobody_knows_when_may_always_have_been_seen_or_not() -> None:
    month = MonthSum()
    month.add(AT, 1_000, None)
    month.add(AT, -300, None)
    assert month.bounds(AT + HOUR, AT + 9 * HOUR) == (-300, 1_000)


def test_only_what_became_known_lately_is_kept_one_by_one() -> None:
    month = MonthSum()
    for n in range(1_000):
        month.add(AT + n * SECOND, 1, AT + n * SECOND)
        assert len(month._late) <= AT_MOST / SECOND + 1
    assert month.bounds(AT + HOUR, AT + HOUR) == (1_000, 1_000)
    assert not month._late
