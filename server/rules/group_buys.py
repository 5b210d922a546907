"""拼团: who may open or join a team, when it closes, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.core.errors import PromotionRefused

SIZE_LEAST, SIZE_MOST = 2, 50
WINDOW_HOURS_MOST = 168


class TeamState(StrEnum):
    """Where a team stands; the values are the interface's and the database's words."""

    OPEN = "open"
    FULL = "full"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


LABELS: dict[TeamState, str] = {
    TeamState.OPEN: "拼团中",
    TeamState.FULL: "待付款成团",
    TeamState.SUCCEEDED: "拼团成功",
    TeamState.FAILED: "拼团失败",
}

RUNNING = (TeamState.OPEN, TeamState.FULL)
"""States of a team that is not decided yet."""


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as an order finds it. Prices are fen per piece: SKU → (who joins, who opens)."""

    id: int
    title: str
    size: int
    window_hours: int
    per_member: int | None
    left: int | None
    """Pieces that may still be sold; None without a limit."""
    active: bool
    starts_at: datetime
    ends_at: datetime
    prices_fen: Mapping[int, tuple[int, int]]

    def problem(self, at: datetime) -> str | None:
        """Why no team can be opened at `at`: `not_started`, `over` or `sold_out`."""
        if not self.active or at >= self.ends_at:
            return "over"
        if at < self.starts_at:
            return "not_started"
        return "sold_out" if self.left == 0 else None

    def closes_at(self, at: datetime) -> datetime:
        """When a team that is opened at `at` closes: after its window, and never after the activity."""
        return min(at + timedelta(hours=self.window_hours), self.ends_at)


@dataclass(frozen=True, slots=True)
class Seats:
    """A team as an order that would join it finds it; `joined`: the member has a seat already."""

    state: TeamState
    closes_at: datetime
    joined: bool


def refuse(activity: Activity, seats: Seats | None, wanted: Mapping[int, int], had: int, at: datetime) -> None:
    """Raise PromotionRefused, with the reason, unless `wanted` (SKU → pieces) may be bought in the team at `at`.

    Without `seats` a team is opened. `had` pieces of the activity are in other live orders of the member. A team that
    cannot be joined says with `can_open` whether another one may be opened instead.
    """
    problem = activity.problem(at)
    if len(wanted) != 1 or not set(wanted) <= set(activity.prices_fen):
        raise PromotionRefused(reason="items")
    if seats is None:
        if problem is not None:
            raise PromotionRefused(reason=problem)
    elif seats.joined:
        raise PromotionRefused(reason="joined")
    elif (shut := _shut(seats, at)) is not None:
        raise PromotionRefused(reason=shut, can_open=problem is None)
    (pieces,) = wanted.values()
    if activity.per_member is not None and had + pieces > activity.per_member:
        raise PromotionRefused(reason="limit", left=max(0, activity.per_member - had))
    if activity.left is not None and pieces > activity.left:
        raise PromotionRefused(reason="sold_out")


def _shut(seats: Seats, at: datetime) -> str | None:
    if seats.state not in RUNNING or at >= seats.closes_at:
        return "team_over"
    return "team_full" if seats.state is TeamState.FULL else None


class Fate(StrEnum):
    """What becomes of a team whose window is over."""

    WAIT = "wait"
    SUCCEED = "succeed"
    FAIL = "fail"


def fate(state: TeamState, taken: int, paid: int, *, fill: bool) -> Fate:
    """Decide a team whose window is over: it waits while a seat may still be paid, and is decided once.

    One that were full of paid seats would have succeeded with the last of them. With `fill` one paid seat is enough.
    """
    if state not in RUNNING or taken > paid:
        return Fate.WAIT
    return Fate.SUCCEED if fill and paid else Fate.FAIL
