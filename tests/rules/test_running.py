"""The scheduler's running time."""

from datetime import UTC, datetime, timedelta

import pytest

from server.rules.running import ENOUGH, GAP, Run, continues, rested_since

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def run(start_h: float, end_h: float) -> Run:
    """Return a run from and to so many hours before now."""
    return Run(NOW - timedelta(hours=start_h), NOW - timedelta(hours=end_h))


@pytest.mark.parametrize(
    ("runs", "hours"),
    [
        ([], None),
        ([run(1.9, 0)], None),
        ([run(2, 0)], 2),
        ([run(9, 0)], 2),
        ([run(1, 0), run(30, 26)], 27),
        ([run(0.5, 0), run(3, 2.5), run(9, 5)], 6),
        ([run(0, 0), run(0, 0)], None),
        ([run(50, 40)], 42),
    ],
)
def test_the_moment_since_which_it_ran_long_enough(runs: list[Run], hours: float | None) -> None:
    assert rested_since(runs) == (None if hours is None else NOW - timedelta(hours=hours))
    assert timedelta(hours=2) == ENOUGH


@pytest.mark.parametrize(
    ("later", "same"),
    [(timedelta(0), True), (GAP, True), (GAP + timedelta(seconds=1), False), (timedelta(seconds=-1), False)],
)
def test_a_gap_ends_a_run(later: timedelta, same: bool) -> None:
    assert continues(NOW, NOW + later) is same
