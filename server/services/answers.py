"""Whole encoded answers, kept for a moment: a thousand guests looking at one product cost two reads a second."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from server import db
from server.core.clock import stopwatch


@dataclass(slots=True)
class _Kept:
    body: bytes = b""
    until_s: float = -1.0
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Answers:
    """At most `size` answers, each at most `max_age_s` old counted from **before** it was read."""

    def __init__(self, max_age_s: float, size: int) -> None:
        self._max_age_s = max_age_s
        self._size = size
        self._kept: dict[Hashable, _Kept] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer under `key` of this database; one request makes it, those that come meanwhile wait for it.

        When `make` fails, its request fails alone and the next one tries.
        """
        key = (db.identity(), key)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept()
            if len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        if kept.until_s > stopwatch():
            return kept.body
        async with kept.refreshing:
            if kept.until_s <= stopwatch():
                started = stopwatch()
                kept.body = await make()
                kept.until_s = started + self._max_age_s
            return kept.body
