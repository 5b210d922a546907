"""A short-lived cache of encoded answers: however many guests read a product, it is read about once a second."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from server import db
from server.core.clock import stopwatch


@dataclass(slots=True)
class _Kept:
    body: bytes = b""
    until_s: float = -1.0
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Answers:
    """A cache of at most `size` answers. Each is at most `max_age_s` old, counted from **before** its data was read."""

    def __init__(self, max_age_s: float, size: int) -> None:
        self._max_age_s = max_age_s
        self._size = size
        self._kept: dict[Hashable, _Kept] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the answer under `key` for this database. One request makes it, and concurrent requests wait for it.

        If `make` fails, only its own request fails, and the next request tries again.
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


_TOGETHER = 256


@dataclass(slots=True)
class _Copy:
    body: bytes
    until_s: float
    asked: bool = False


Make: TypeAlias = Callable[[Sequence[int]], Awaitable[dict[int, bytes]]]


class Batched:
    """A cache of answers by number, made in batches: one outdated answer renews all outdated ones asked for since.

    Reading 200 products together costs little more than reading five, so even a shop whose whole catalogue is viewed
    reads only a few times a second. It holds at most `size` answers. Each is at most `max_age_s` old, counted from
    **before** its data was read.
    """

    def __init__(self, max_age_s: float, size: int) -> None:
        self._max_age_s = max_age_s
        self._size = size
        self._shops: dict[int, _Shelf] = {}

    async def get(self, number: int, make: Make) -> bytes | None:
        """Return the answer under `number` for this database, None if there is none.

        `make` returns the answers of the numbers that have one. One request makes the missing ones, and concurrent
        requests wait for it; if it fails, only that request fails.
        """
        shelf = self._shops.get(db.identity())
        if shelf is None:
            shelf = self._shops[db.identity()] = _Shelf()
        copy = shelf.kept.get(number)
        if copy is not None:
            copy.asked = True
            if copy.until_s > stopwatch():
                return copy.body
        shelf.wanted[number] = None
        async with shelf.renewing:
            copy = shelf.kept.get(number)
            if copy is None or copy.until_s <= stopwatch():
                await self._renew(shelf, number, make)
                copy = shelf.kept.get(number)
            return copy.body if copy else None

    async def _renew(self, shelf: "_Shelf", number: int, make: Make) -> None:
        started = stopwatch()
        old = (other for other, copy in shelf.kept.items() if copy.asked and copy.until_s <= started)
        numbers = list(dict.fromkeys((number, *shelf.wanted, *old)))[:_TOGETHER]
        made = await make(numbers)
        for one in numbers:
            shelf.wanted.pop(one, None)
            shelf.kept.pop(one, None)
        shelf.kept |= {one: _Copy(body, started + self._max_age_s) for one, body in made.items()}
        while len(shelf.kept) > self._size:
            del shelf.kept[next(iter(shelf.kept))]


@dataclass(slots=True)
class _Shelf:
    kept: dict[int, _Copy] = field(default_factory=dict)
    """Cached answers, oldest first."""
    wanted: dict[int, None] = field(default_factory=dict)
    """Numbers that requests wait for, in order of arrival."""
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
