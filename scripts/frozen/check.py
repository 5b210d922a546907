"""Compares current records with committed records."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.files import ROOT
from scripts.frozen.compare import changes, problems, read_differences
from scripts.frozen.forms import FOLDER, RECORDS

DIFFERENCES = FOLDER.parent / "differences.toml"


def problems_of(live: Mapping[str, Any], root: Path = ROOT) -> Iterator[str]:
    """Yield one sentence for each difference that is not listed. `live` comes from `live.py` and may lack some records.

    Raises ValueError for a malformed record or list, FileNotFoundError.
    """
    listed = read_differences((root / DIFFERENCES).read_text(encoding="utf-8"))
    found = [
        change
        for name, made in live.items()
        for change in changes(
            name,
            RECORDS[name].read((root / FOLDER / RECORDS[name].file).read_text(encoding="utf-8")),
            RECORDS[name].read(RECORDS[name].written(made)),
        )
    ]
    unknown = {one.record for one in listed} - RECORDS.keys()
    yield from (f"{name}: there is no such record, and the list of differences names it" for name in sorted(unknown))
    yield from problems(found, [one for one in listed if one.record in live])


def write(live: Mapping[str, Any], root: Path = ROOT) -> None:
    """Write new records for the project at `root`."""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, made in live.items():
        (root / FOLDER / RECORDS[name].file).write_text(RECORDS[name].written(made), encoding="utf-8")
