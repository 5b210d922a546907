"""The one clock: the only module that reads the time; everything else is handed a `Clock`."""

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
    """Says what time it is, in UTC."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        return datetime.now(UTC)


class SharedClock:
    """The machine's clock plus an offset that lives in a small file which several processes map.

    Development and tests let API, jobs and sandbox see one time that can be moved forward; reading
    costs no system call beyond the clock's own.
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
        """How far this clock runs ahead of the machine's, in seconds."""
        return float(_OFFSET.unpack_from(self._map)[0])

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def advance(self, seconds: float) -> None:
        """Move the time forward for every process that maps the file; it never runs backwards.

        Raises ValueError for a negative step.
        """
        if seconds < 0:
            msg = "the clock does not run backwards"
            raise ValueError(msg)
        _OFFSET.pack_into(self._map, 0, self.offset_s + seconds)


def shanghai_day(moment: datetime) -> date:
    """The calendar day of a moment as people in China read it."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The first instant of a calendar day in Shanghai, in UTC."""
    return datetime.combine(day, datetime.min.time(), SHANGHAI).astimezone(UTC)


def month_start(moment: datetime) -> datetime:
    """The first instant of the moment's calendar month in Shanghai, in UTC."""
    local = moment.astimezone(SHANGHAI)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def stopwatch() -> float:
    """Seconds on a monotonic scale, for measuring how long work took."""
    return time.perf_counter()
