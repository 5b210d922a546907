"""Handle due rows in batches of a fixed size. One row that always fails holds up no other; operators are told of it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from server import db
from server.core.clock import Clock
from server.core.errors import Refusal
from server.services.common import alarms

log = logging.getLogger("tuisan.batches")

SIZE = 100
"""The most rows that one run releases."""

OURS = 500
"""From this status on a refusal is trouble of the engines or of WeChat, which passes, and not of the row."""
_TROUBLES_MOST = 3
"""After so many rows in a row that met such trouble, the run ends: the others would only wait for it too."""
_PROBLEM_CHARS = 200


class HasClock(Protocol):
    """What a run needs of `Deps`."""

    @property
    def clock(self) -> Clock: ...  # noqa: D102 - the mall's clock


class Row(Protocol):
    """Something that is due."""

    @property
    def id(self) -> int: ...  # noqa: D102 - its id


_Row = TypeVar("_Row", bound=Row)


class Due(msgspec.Struct, frozen=True):
    """Something that is due, and whose it is."""

    id: int
    member_id: int


class DueNumber(msgspec.Struct, frozen=True):
    """Something that is due, and the number that operators know it by."""

    id: int
    number: str


async def each(
    deps: HasClock, what: str, due: Sequence[_Row], work: Callable[[_Row], Awaitable[None]], named: str = ""
) -> int:
    """Do the work for each row; return for how many it was done. One that fails is logged, told and skipped.

    `what` is the word for the row in an alarm's subject, `named` the field that identifies it there (its id by
    default). A row that meets passing trouble (Busy, WeChatUnavailable) is skipped too; the refusal is raised once the
    others were tried, or after three such rows in a row.
    """
    done = troubles = 0
    trouble: Refusal | None = None
    for one in due:
        try:
            await work(one)
        except Exception as error:  # house: swallowed - one defective row must not hold up everybody else's
            if isinstance(error, Refusal) and error.status >= OURS:
                trouble, troubles = error, troubles + 1
                if troubles == _TROUBLES_MOST:
                    break
            else:
                troubles, subject = 0, f"{what}:{getattr(one, named or 'id')}"
                log.exception("%s fails", subject)
                await _tell(deps, subject, error)
        else:
            done, troubles = done + 1, 0
    if trouble is not None:
        raise trouble
    return done


async def _tell(deps: HasClock, subject: str, error: Exception) -> None:
    """Raise one alarm for operators until somebody has seen it."""
    async with db.transaction() as tx:
        problem = f"{type(error).__name__}: {error}"[:_PROBLEM_CHARS]
        await alarms.sound(tx, "row_failing", subject, deps.clock.now(), problem)
