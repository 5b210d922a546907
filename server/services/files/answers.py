"""Whole encoded answers, kept for a moment: a thousand guests looking at one product cost two reads a second."""

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


_TOGETHER = 256


@dataclass(slots=True)
class _Copy:
    body: bytes
    until_s: float
    asked: bool = False


Make: TypeAlias = Callable[[Sequence[int]], Awaitable[dict[int, bytes]]]


class Batched:
    """Answers by number that are made many at a time: with one that is too old, all that were asked for since.

    Reading two hundred products together costs little more than reading five, so even a shop whose whole catalogue is
    looked at in turn reads a few times a second. At most `size` answers, each at most `max_age_s` old counted from
    **before** it was read.
    """

    def __init__(self, max_age_s: float, size: int) -> None:
        self._max_age_s = max_age_s
        self._size = size
        self._shops: dict[int, _Shelf] = {}

    async def get(self, number: int, make: Make) -> bytes | None:
        """The answer of this database under `number`, None when there is none.

        `make` gives the answers of those numbers that have one. One request makes what is missing, those that come
        meanwhile wait for it; when it fails, it fails alone.
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
    """Those made longest ago first."""
    wanted: dict[int, None] = field(default_factory=dict)
    """What requests wait for, first come first made."""
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
