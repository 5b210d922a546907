"""The only module that reads the time. All other code takes a `Clock` as an argument."""

import mmap
import os
import struct
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_OFFSET = struct.Struct("<d")


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the time in UTC, with its zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time in UTC, with its zone."""
        return datetime.now(UTC)


class SharedClock:
    """The machine's clock plus an offset in a small file that several processes map.

    In development and tests, API, jobs and sandbox share this time, and it can be moved forward. Reading it costs no
    system call beyond the machine's clock.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(handle).st_size < _OFFSET.size:
                os.truncate(handle, _OFFSET.size)
            self._map = mmap.mmap(handle, _OFFSET.size)
        finally:
            os.close(handle)

    @property
    def offset_s(self) -> float:
        """How far this clock is ahead of the machine's, in seconds."""
        return float(_OFFSET.unpack_from(self._map)[0])

    def now(self) -> datetime:
        """Return the time in UTC, with its zone."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def advance(self, seconds: float) -> None:
        """Move the time forward for every process that maps the file. The clock never goes back.

        Raises ValueError for a negative step.
        """
        if seconds < 0:
            msg = "the clock does not run backwards"
            raise ValueError(msg)
        _OFFSET.pack_into(self._map, 0, self.offset_s + seconds)


def shanghai_day(moment: datetime) -> date:
    """Return the calendar day of a moment in Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the first instant of a calendar day in Shanghai, in UTC."""
    return datetime.combine(day, datetime.min.time(), SHANGHAI).astimezone(UTC)


def month_start(moment: datetime) -> datetime:
    """Return the first instant of the moment's calendar month in Shanghai, in UTC."""
    local = moment.astimezone(SHANGHAI)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def stopwatch() -> float:
    """Return seconds on a monotonic scale, to measure how long work took."""
    return time.perf_counter()
