"""The stacking matrix as operators read it: all versions with their changes."""

from dataclasses import dataclass
from itertools import pairwise

from server import db
from server.rules.stacking import KIND_NAMES, LABELS, changes
from server.services.terms.stacking import FIRST, Stacking


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and its changes against the previous version in words."""

    stacking: Stacking
    changed: list[str]


async def versions() -> list[Version]:
    """Return all versions, newest first; the last one is the default of a new shop."""
    rows = await db.fetch(f"SELECT {db.columns(Stacking)} FROM stacking_versions ORDER BY version DESC")  # noqa: S608 - our own names
    found = [*(db.typed(row, Stacking) for row in rows), FIRST]
    return [*(Version(after, _words(before, after)) for after, before in pairwise(found)), Version(FIRST, [])]


def _words(before: Stacking, after: Stacking) -> list[str]:
    return [
        f"{KIND_NAMES[kind]}：{LABELS[what]}{'改为允许' if allowed else '改为不允许'}"
        for kind, what, allowed in changes(before.matrix, after.matrix)
    ]
