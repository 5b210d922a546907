"""What is due goes batch by batch: as many rows at a time, and one with a defect holds up no other."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from server.core.errors import Refusal

log = logging.getLogger("tuisan.releases")

SIZE = 100
"""Rows that one run of a release takes on."""


async def release_each(what: str, rows: Sequence[Any], release: Callable[[Any], Awaitable[None]]) -> int:
    """Release each of the rows (`id`); how many went. One that cannot be released is logged and holds up no other.

    Raises the Refusal of a release, such as Busy: the run ends there.
    """
    released = 0
    for row in rows:
        try:
            await release(row)
        except Refusal:
            raise
        except Exception:  # house: swallowed - one with a defect must not keep everybody's money frozen
            log.exception("%s %d is not released", what, row["id"])
        else:
            released += 1
    return released
