"""拼团: who may open or join a team, when a team closes, and how it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.core.errors import PromotionRefused

SIZE_LEAST, SIZE_MOST = 2, 50
WINDOW_HOURS_MOST = 168


class TeamState(StrEnum):
    """The state of a team, with the same words in API and database."""

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
"""The states of a team that is not decided yet."""


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity at the time of an order. Prices are fen per piece: SKU → (price to join, price to open)."""

    id: int
    title: str
    size: int
    window_hours: int
    per_member: int | None
    left: int | None
    """Pieces that may still be sold; None means no limit."""
    active: bool
    starts_at: datetime
    ends_at: datetime
    prices_fen: Mapping[int, tuple[int, int]]

    def problem(self, at: datetime) -> str | None:
        """Return why no team can be opened at `at`: `not_started`, `over` or `sold_out`; None when one can."""
        if not self.active or at >= self.ends_at:
            return "over"
        if at < self.starts_at:
            return "not_started"
        return "sold_out" if self.left == 0 else None

    def closes_at(self, at: datetime) -> datetime:
        """Return when a team opened at `at` closes: after its window, but never after the activity."""
        return min(at + timedelta(hours=self.window_hours), self.ends_at)


@dataclass(frozen=True, slots=True)
class Seats:
    """A team at the time when an order wants to join it; `joined`: the member already has a seat."""

    state: TeamState
    closes_at: datetime
    joined: bool


def refuse(activity: Activity, seats: Seats | None, wanted: Mapping[int, int], had: int, at: datetime) -> None:
    """Raise PromotionRefused with the reason, unless `wanted` (SKU → pieces) may be bought in the team at `at`.

    Without `seats` the order opens a new team. `had` is the number of pieces in the member's other live orders of this
    activity. When a team cannot be joined, `can_open` says whether the member may open another one instead.
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
    """What happens to a team whose window is over."""

    WAIT = "wait"
    SUCCEED = "succeed"
    FAIL = "fail"


def fate(state: TeamState, taken: int, paid: int, *, fill: bool) -> Fate:
    """Decide a team whose window is over. It waits while an unpaid seat may still be paid, and is decided only once.

    A team with all seats paid is not seen here: it succeeded with its last payment. With `fill` one paid seat is
    enough.
    """
    if state not in RUNNING or taken > paid:
        return Fate.WAIT
    return Fate.SUCCEED if fill and paid else Fate.FAIL
