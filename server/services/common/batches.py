"""Handle due rows in batches of a fixed size. One defective row does not hold up the others."""

import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from server.core.errors import Refusal

log = logging.getLogger("tuisan.releases")

SIZE = 100
"""The most rows that one run releases."""


class Due(msgspec.Struct, frozen=True):
    """Something that is due, and whose it is."""

    id: int
    member_id: int


async def release_each(what: str, due: Sequence[Due], release: Callable[[Due], Awaitable[None]]) -> int:
    """Release each; return how many were released. One that fails is logged and skipped.

    Raises the Refusal of a release, such as Busy, and then ends the run.
    """
    released = 0
    for one in due:
        try:
            await release(one)
        except Refusal:
            raise
        except Exception:  # house: swallowed - one defective row must not keep everybody's money frozen
            log.exception("%s %d is not released", what, one.id)
        else:
            released += 1
    return released
