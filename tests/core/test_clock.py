"""One clock for several processes; days and months begin at midnight in Shanghai."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from server.core.clock import SharedClock, SystemClock, day_start, month_start, shanghai_day, stopwatch


def test_the_machine_clock_speaks_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_all_who_map_the_file_see_one_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clock"
    mine, theirs = SharedClock(path), SharedClock(path)
    assert (mine.offset_s, theirs.offset_s) == (0, 0)
    mine.advance(3600)
    theirs.advance(0.5)
    assert mine.offset_s == theirs.offset_s == SharedClock(path).offset_s == 3600.5
    ahead = theirs.now() - SystemClock().now()
    assert timedelta(seconds=3595) < ahead < timedelta(seconds=3605)
    assert theirs.now().tzinfo is UTC


def test_a_clock_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        SharedClock(tmp_path)


def test_time_does_not_run_backwards(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "clock")
    clock.advance(10)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    assert clock.offset_s == 10


@pytest.mark.parametrize(
    ("moment", "day", "month"),
    [
        (datetime(2026, 11, 30, 15, 59, 59, 999_999, UTC), date(2026, 11, 30), datetime(2026, 10, 31, 16, tzinfo=UTC)),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), date(2026, 12, 1), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), date(2027, 1, 1), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_days_and_months_are_those_of_shanghai(moment: datetime, day: date, month: datetime) -> None:
    assert shanghai_day(moment) == day
    assert month_start(moment) == month
    assert month_start(moment).tzinfo is UTC


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert day_start(date(2026, 12, 1)) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert day_start(date(2026, 12, 1)).tzinfo is UTC


def test_the_stopwatch_never_runs_backwards() -> None:
    marks = [stopwatch() for _ in range(100)]
    assert marks == sorted(marks)
