"""What all kinds of activities share when a file is applied."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from server import db
from server.services.files.entries import Entries


class Named(Protocol):
    """An entry of a file."""

    @property
    def slug(self) -> str:
        """The slug that identifies the entry."""
        ...


_Entry = TypeVar("_Entry", bound=Named)


def entries(file: Entries, name: str, kind: type[_Entry]) -> list[tuple[str, _Entry]]:
    """Return the readable entries of the file's list `name` with their paths; note unreadable and duplicate ones."""
    found, seen = [], set[str]()
    for path, raw in file.each(file.root, name):
        entry = file.read(raw, kind, path)
        if entry is None:
            continue
        if entry.slug in seen:
            file.note(f"{path}.slug", "重复")
        seen.add(entry.slug)
        found.append((path, entry))
    return found


Change: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What changes, as JSON of the audit log: before and after, by field."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind's part of a file, read and checked."""

    named: int
    new: int
    changes: Mapping[str, Change]
    """By subject (`group_buy:slug`): what changes, as (before, after)."""
    discounts: Mapping[str, int]
    """By SKU code: how far below the SKU's price, in bp, an activity of the file sells it that is new or gives more."""
    write: Callable[[db.Connection, datetime], Awaitable[None]]


def deepest(discounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the deepest discount of each SKU."""
    found: dict[str, int] = {}
    for one in discounts:
        found |= {code: max(bp, found.get(code, 0)) for code, bp in one.items()}
    return found
