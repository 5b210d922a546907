"""Checks that every file of server/ reaches its coverage floor in `coverage_floors.toml` beside this file.

Reads the data that `./scripts/test` left. `--tighten` raises the floors in the list to what was reached; it never
lowers one.
"""

import json
import math
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage

from scripts.files import ROOT

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Floors:
    """The list: the folders that must be fully covered, and the least percentage of each file that may be below 100."""

    always_full: tuple[str, ...]
    below: Mapping[str, float]

    @classmethod
    def read(cls, path: Path) -> "Floors":
        """Read the list. Raises KeyError or tomllib.TOMLDecodeError if it is malformed."""
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(table["always_full"]), table["below"])

    def must_be_full(self, file: str) -> bool:
        """Whether the file may have no exemption."""
        return any(file == room or (room.endswith("/") and file.startswith(room)) for room in self.always_full)


def problems(floors: Floors, reached: Mapping[str, float]) -> Iterator[str]:
    """Yield one sentence per broken floor. `reached` is the percentage per file; 100 only if no branch is missing."""
    for file, percent in sorted(reached.items()):
        floor = floors.below.get(file, FULL)
        if file in floors.below and floors.must_be_full(file):
            yield f"{file}: stands on the list, but its room is always full: test it and take it off"
        elif percent < floor:
            listed = file in floors.below or floors.must_be_full(file)
            listing = "" if listed else f', or list it: "{file}" = {math.floor(percent)} # the reason'
            yield f"{file}: {percent:.1f} % covered, floor is {floor:g} %: test what is missing{listing}"
    for file in sorted(set(floors.below) - set(reached)):
        yield f"{file}: is on the list but not in server/ any more: take it off"


def tightened(text: str, floors: Floors, reached: Mapping[str, float]) -> str:
    """Return the list's text with each floor raised to the whole percent reached, without full and deleted files."""

    def line(match: re.Match[str]) -> str:
        file, comment = match["file"], match["comment"]
        percent = reached.get(file, FULL)
        figure = max(floors.below[file], math.floor(percent))
        return "" if percent >= FULL else f'"{file}" = {figure:g}{comment}\n'

    head, below = text.split("[below]\n", 1)
    return f"{head}[below]\n" + re.sub(r'(?m)^"(?P<file>[^"]+)" *= *[\d.]+(?P<comment>.*)\n', line, below)


def measured(data: Path) -> dict[str, float]:
    """Return the percentage per file (as `server/...`) from coverage's data, rounded down to a tenth."""
    report = data.with_name(".coverage-report.json")
    coverage = Coverage(data_file=str(data))
    coverage.load()
    coverage.json_report(outfile=str(report))
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    report.unlink()
    return {file: math.floor(entry["summary"]["percent_covered"] * 10) / 10 for file, entry in files.items()}


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Print the findings; return the exit code."""
    path = root / "scripts" / "coverage_floors.toml"
    floors, reached = Floors.read(path), measured(root / ".coverage")
    if arguments == ["--tighten"]:
        path.write_text(tightened(path.read_text(encoding="utf-8"), floors, reached), encoding="utf-8")
        floors = Floors.read(path)
    found = list(problems(floors, reached))
    for sentence in found:
        print(sentence)
    print(f"coverage floors: {len(reached)} files, {len(floors.below)} below full, {len(found)} broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
