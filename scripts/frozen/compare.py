"""The differences between two states of a record, object by object, and the list of intended ones."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, cast, get_args

Objects = Mapping[str, str]
"""One record: a text for each frozen object, by the object's name. A text may have several lines."""

Kind = Literal["added", "removed", "changed"]

REASON_CHARS = 10
_SHOWN_CHARS = 160
_BEFORE_CHARS = 40
_FIELDS = {"record", "object", "kind", "reason"}


@dataclass(frozen=True, slots=True)
class Change:
    """One object that was added, removed or changed. `how` describes the change of its text."""

    record: str
    object: str
    kind: Kind
    how: str

    def __str__(self) -> str:
        return f"{self.record}: {self.object} was {self.kind}{self.how}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One intended change, with its reason of at least `REASON_CHARS` characters."""

    record: str
    object: str
    kind: Kind
    reason: str


def changes(record: str, before: Objects, after: Objects) -> Iterator[Change]:
    """Yield every object that was added, removed or changed, in the order of their names."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change(record, name, "removed", "")
        elif name not in before:
            yield Change(record, name, "added", "")
        elif before[name] != after[name]:
            yield Change(record, name, "changed", _how(before[name], after[name]))


def _how(before: str, after: str) -> str:
    """Return the first line that differs, before and after."""
    pairs = enumerate(zip_longest(before.split("\n"), after.split("\n")), 1)
    number, (old, new) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
    line = f" in line {number}" if "\n" in before + after else ""
    return f"{line}: {_shown(old, new)} → {_shown(new, old)}"


def _shown(line: str | None, other: str | None) -> str:
    """Return the line, or of a long line the part where it starts to differ from the other."""
    if line is None:
        return "no such line"
    if len(line) <= _SHOWN_CHARS:
        return f"`{line}`"
    pairs = enumerate(zip_longest(line, other or ""))
    start = max(0, next(at for at, (one, two) in pairs if one != two) - _BEFORE_CHARS)
    return f"`…{line[start : start + _SHOWN_CHARS]}…`"


def read_differences(text: str) -> list[Difference]:
    """Read the committed list: TOML with `[[difference]]` tables of record, object, kind and reason.

    Raises ValueError with a sentence, tomllib.TOMLDecodeError.
    """
    table = tomllib.loads(text)
    unknown = table.keys() - {"difference"}
    if unknown:
        raise ValueError(f"`{min(unknown)}` means nothing here: each entry starts with [[difference]]")
    found: dict[tuple[str, str], Difference] = {}
    for entry in table.get("difference", []):
        told = ", ".join(f"{name} {entry.get(name, 'missing')!r}" for name in ("record", "object"))
        if entry.keys() != _FIELDS or not all(isinstance(value, str) for value in entry.values()):
            raise ValueError(f"{told}: an entry has the texts {', '.join(sorted(_FIELDS))} and no other")
        if entry["kind"] not in get_args(Kind):
            raise ValueError(f"{told}: the kind is {', '.join(get_args(Kind))}, not {entry['kind']!r}")
        if len(entry["reason"].strip()) < REASON_CHARS:
            raise ValueError(f"{told}: the reason has fewer than {REASON_CHARS} characters")
        place = entry["record"], entry["object"]
        if place in found:
            raise ValueError(f"{told}: listed twice")
        found[place] = Difference(*place, cast("Kind", entry["kind"]), entry["reason"])
    return list(found.values())


def problems(found: Iterable[Change], listed: Iterable[Difference]) -> Iterator[str]:
    """Yield a sentence for each change that is not listed, then for each listed change that does not exist."""
    meant = {(one.record, one.object): one for one in listed}
    for change in found:
        known = meant.pop((change.record, change.object), None)
        if known is None:
            yield f"{change}; undo it, or list it with its reason"
        elif known.kind != change.kind:
            yield f"{change}, but is listed as {known.kind}; undo it, or list what it is"
    for gone in meant.values():
        yield f"{gone.record}: {gone.object} is listed as {gone.kind}, and is as it was; take it off the list"
