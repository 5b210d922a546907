"""The list of defects: one TOML file per noun under `rooms/`, each defect with the tests that must notice it."""

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

ROOMS = "scripts/mutants/rooms"
"""The folder of the list, from the project's root."""

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One defect. Paths are relative to the project's root, with `/`."""

    file: _Text
    find: _Text
    """A text that is in the file exactly once."""
    replace: str
    """The text that replaces it."""
    tests: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    """Files or tests as pytest names them, few and fast; at least one of them must fail."""
    why: _Text
    """What the defect would cause, in one sentence."""

    @property
    def is_sql(self) -> bool:
        """Whether the initial migration is made of the file."""
        return self.file.startswith("server/models/") and self.file.endswith(".sql")

    def planted(self, text: str) -> str:
        """Return the file's text with the defect. Raises ValueError if the defect does not fit the text."""
        found = text.count(self.find)
        if found != 1:
            msg = f"what it looks for stands there {found} times, not once: let the list follow the code"
            raise ValueError(msg)
        if self.find == self.replace:
            msg = "it changes nothing"
            raise ValueError(msg)
        return text.replace(self.find, self.replace)


@dataclass(frozen=True, slots=True)
class Listed:
    """A defect and its place in the list: its room, and its number there, from 1."""

    room: str
    number: int
    mutant: Mutant

    def __str__(self) -> str:
        return f"{self.room} {self.number}: {self.mutant.file}: {self.mutant.why}"


class _Room(msgspec.Struct, forbid_unknown_fields=True):
    mutant: list[Mutant]


def decoded(room: str, text: str) -> Iterator[Listed]:
    """Yield the defects of one room's file. Raises ValueError (also msgspec's and tomllib's) if it is malformed."""
    for number, mutant in enumerate(msgspec.convert(tomllib.loads(text), _Room).mutant, 1):
        yield Listed(room, number, mutant)


def read(root: Path) -> list[Listed]:
    """Return the whole list, sorted by room. Raises ValueError with the file's name if one is malformed."""
    found: list[Listed] = []
    for path in sorted((root / ROOMS).glob("*.toml")):
        try:
            found += decoded(path.stem, path.read_text("utf-8"))
        except ValueError as error:
            msg = f"{ROOMS}/{path.name}: {error}"
            raise ValueError(msg) from error
    return found


def misfit(mutant: Mutant, root: Path) -> str | None:
    """Return why a defect no longer fits the code or the tests; None if it fits."""
    path = root / mutant.file
    if not path.is_file():
        return "there is no such file"
    try:
        mutant.planted(path.read_text("utf-8"))
    except ValueError as error:
        return str(error)
    gone = [name for name in mutant.tests if not _is_there(name, root)]
    return f"there is no such test: {', '.join(gone)}" if gone else None


def _is_there(name: str, root: Path) -> bool:
    file, *inside = name.split("::")
    path = root / file
    if not inside:
        return path.exists()
    function = inside[-1].split("[", 1)[0]
    return (
        path.is_file()
        and re.search(rf"(?m)^\s*(async )?def {re.escape(function)}\(", path.read_text("utf-8")) is not None
    )


def changed_since(commit: str, listed: Iterable[Listed], root: Path) -> list[Listed]:
    """Return the defects whose file, tests or entry differ from those in a commit.

    Raises subprocess.CalledProcessError if git does not know the commit.
    """
    files = set(_git(root, "diff", "--name-only", commit, "--").splitlines())
    files |= set(_git(root, "ls-files", "--others", "--exclude-standard").splitlines())
    before = set(_git(root, "ls-tree", "-r", "--name-only", commit, "--", ROOMS).splitlines())
    old = {
        one.mutant for path in before for one in decoded(Path(path).stem, _git(root, "show", f"{commit}:{path}"))
    }  # fmt: skip

    def is_changed(one: Listed) -> bool:
        touched = {one.mutant.file, *(name.split("::")[0] for name in one.mutant.tests)}
        return one.mutant not in old or not files.isdisjoint(touched)

    return [one for one in listed if is_changed(one)]


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
