"""Handle due rows in batches of a fixed size. One defective row does not hold up the others."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from server.core.errors import Refusal

log = logging.getLogger("tuisan.releases")

SIZE = 100
"""The most rows that one run releases."""


async def release_each(what: str, rows: Sequence[Any], release: Callable[[Any], Awaitable[None]]) -> int:
    """Release each of the rows (with `id`); return how many were released. A row that fails is logged and skipped.

    Raises the Refusal of a release, such as Busy, and then ends the run.
    """
    released = 0
    for row in rows:
        try:
            await release(row)
        except Refusal:
            raise
        except Exception:  # house: swallowed - one defective row must not keep everybody's money frozen
            log.exception("%s %d is not released", what, row["id"])
        else:
            released += 1
    return released
