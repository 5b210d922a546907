"""Who may open or join a team, when it closes, and whether it succeeds or fails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.core.errors import PromotionRefused
from server.rules.group_buys import Activity, Fate, Seats, TeamState, fate, refuse

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTIVITY = Activity(1, "团", 3, 24, 2, 5, True, NOW - HOUR, NOW + 48 * HOUR, {7: (800, 700), 8: (900, 900)})
SEATS = Seats(TeamState.OPEN, NOW + HOUR, joined=False)


def refused(activity: Activity, seats: Seats | None, wanted: dict[int, int], had: int = 0) -> dict[str, object]:
    with pytest.raises(PromotionRefused) as caught:
        refuse(activity, seats, wanted, had, NOW)
    return caught.value.detail


def test_what_fits_is_taken() -> None:
    refuse(ACTIVITY, None, {7: 2}, 0, NOW)
    refuse(ACTIVITY, SEATS, {8: 1}, 1, NOW)
    refuse(replace(ACTIVITY, per_member=None, left=None), SEATS, {8: 999}, 999, NOW)


def test_a_team_goes_on_when_its_activity_does_not() -> None:
    for change in ({"active": False}, {"ends_at": NOW}):
        over = replace(ACTIVITY, **change)
        refuse(over, SEATS, {7: 1}, 0, NOW)
        assert refused(over, None, {7: 1}) == {"reason": "over"}
        assert refused(over, replace(SEATS, state=TeamState.FULL), {7: 1}) == {"reason": "team_full", "can_open": False}


@pytest.mark.parametrize("wanted", [{}, {7: 1, 8: 1}, {9: 1}])
def test_one_of_its_own_goods(wanted: dict[int, int]) -> None:
    assert refused(ACTIVITY, None, wanted) == {"reason": "items"}


def test_before_the_start() -> None:
    assert refused(replace(ACTIVITY, starts_at=NOW + HOUR), None, {7: 1}) == {"reason": "not_started"}


def test_limits() -> None:
    assert refused(ACTIVITY, None, {7: 2}, had=1) == {"reason": "limit", "left": 1}
    assert refused(ACTIVITY, None, {7: 1}, had=9) == {"reason": "limit", "left": 0}
    assert refused(replace(ACTIVITY, left=1), None, {7: 2}) == {"reason": "sold_out"}
    assert refused(replace(ACTIVITY, left=0), None, {7: 1}) == {"reason": "sold_out"}


def test_seats() -> None:
    assert refused(ACTIVITY, replace(SEATS, joined=True), {7: 1}) == {"reason": "joined"}
    assert refused(ACTIVITY, replace(SEATS, state=TeamState.FULL), {7: 1}) == {"reason": "team_full", "can_open": True}
    for shut in ({"state": TeamState.SUCCEEDED}, {"state": TeamState.FAILED}, {"closes_at": NOW}):
        assert refused(ACTIVITY, replace(SEATS, **shut), {7: 1}) == {"reason": "team_over", "can_open": True}


def test_a_team_closes_with_its_window_or_with_the_activity() -> None:
    assert ACTIVITY.closes_at(NOW) == NOW + 24 * HOUR
    assert ACTIVITY.closes_at(NOW + 30 * HOUR) == ACTIVITY.ends_at


def test_the_fate_of_a_team() -> None:
    assert fate(TeamState.OPEN, 2, 1, fill=True) is Fate.WAIT
    assert fate(TeamState.SUCCEEDED, 3, 3, fill=False) is Fate.WAIT
    assert fate(TeamState.OPEN, 2, 2, fill=False) is Fate.FAIL
    assert fate(TeamState.OPEN, 0, 0, fill=True) is Fate.FAIL
    assert fate(TeamState.OPEN, 1, 1, fill=True) is Fate.SUCCEED
