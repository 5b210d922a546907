"""A cache of what is in force: read from the database at most once a second per process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from server import db
from server.core.clock import stopwatch

_FRESH_S = 1.0
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Fresh(Generic[_Value]):
    """A cached value that operators can change. `read` loads it from the database; it is never older than a second."""

    read: Callable[[], Awaitable[_Value]]
    _held: dict[int, tuple[float, _Value]] = field(default_factory=dict)
    """By database: when the value was read, and the value."""

    async def current(self) -> _Value:
        """Return the value in force. Raises what `read` raises."""
        key = db.identity()
        held = self._held.get(key)
        if held is not None and stopwatch() - held[0] < _FRESH_S:
            return held[1]
        found = await self.read()
        self._held[key] = (stopwatch(), found)
        return found

    def forget(self) -> None:
        """Drop the cached value because this process has changed it; the next call reads it again."""
        self._held.pop(db.identity(), None)
