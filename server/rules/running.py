"""How long the scheduler has run: what was due before that can no longer be excused by a worker that slept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

GAP = timedelta(minutes=5)
"""The scheduler beats more often than this; a longer silence ends a run."""
ENOUGH = timedelta(hours=2)
"""The running time in which everything that is due is done, retries included."""


@dataclass(frozen=True, slots=True)
class Run:
    """A time in which the scheduler ran without a gap."""

    started_at: datetime
    beat_at: datetime
    """When it was last seen."""


def continues(beat_at: datetime, now: datetime) -> bool:
    """Whether a beat at `now` belongs to the run that was last seen at `beat_at`."""
    return timedelta(0) <= now - beat_at <= GAP


def rested_since(runs: Iterable[Run]) -> datetime | None:
    """Return the moment since which the scheduler has run for `ENOUGH`; None if it has not. `runs`: newest first."""
    left = ENOUGH
    for run in runs:
        length = run.beat_at - run.started_at
        if length >= left:
            return run.beat_at - left
        left -= length
    return None
