"""The format of the record files: easy to read in a diff, and read back exactly."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.frozen.compare import Objects

FOLDER = Path("scripts/frozen/records")
"""Relative to the project's root."""

_LINE = "  |"


@dataclass(frozen=True, slots=True)
class Record:
    """How to write and to read one record. Reading raises ValueError."""

    file: str
    written: Callable[[Any], str]
    read: Callable[[str], Objects]


def written(objects: Objects) -> str:
    """Write one `NAME: TEXT` per line, sorted by name. A text of several lines is below its name, each after a bar."""
    return "".join(f"{line}\n" for name in sorted(objects) for line in _lines(name, objects[name]))


def _lines(name: str, text: str) -> Iterator[str]:
    if name != name.strip() or "\n" in name or ": " in name or name.endswith(":"):
        raise ValueError(f"{name!r} cannot be the name of an object")
    if "\n" not in text and text:
        yield f"{name}: {text}"
        return
    yield f"{name}:"
    yield from (f"{_LINE} {line}".rstrip(" ") if not line else f"{_LINE} {line}" for line in text.split("\n"))


def read(text: str) -> Objects:
    """Return the objects of a text made by `written`. Raises ValueError for any other text."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.removesuffix("\n").split("\n") if text else []:
        if line.startswith(_LINE):
            lines.append(line.removeprefix(_LINE).removeprefix(" "))
            continue
        name, separator, rest = line.partition(": ")
        if not separator and not line.endswith(":"):
            raise ValueError(f"not a line of a record: {line!r}")
        name = name if separator else line[:-1]
        if name in found:
            raise ValueError(f"{name} stands there twice")
        lines = found[name] = [rest] if separator else []
    objects = {name: "\n".join(lines) for name, lines in found.items()}
    if written(objects) != text:
        raise ValueError("the record was not written by `--write`")
    return objects


def written_json(document: Any) -> str:  # noqa: ANN401 - any JSON
    """Return canonical JSON: sorted keys, one per line."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_openapi(text: str) -> Objects:
    """Return the operations, schemas and other parts of an OpenAPI document as objects. Raises ValueError."""
    document: dict[str, Any] = json.loads(text)
    paths: dict[str, dict[str, Any]] = document.pop("paths")
    schemas: dict[str, Any] = document["components"].pop("schemas")
    found = {f"operation {method.upper()} {path}": one for path, of in paths.items() for method, one in of.items()}
    found |= {f"schema {name}": schema for name, schema in schemas.items()} | {"document": document}
    return {name: written_json(one) for name, one in found.items()}


RECORDS: dict[str, Record] = {
    "openapi": Record("openapi.json", written_json, read_openapi),
    "routes": Record("routes.txt", written, read),
    "jobs": Record("jobs.txt", written, read),
    "keys": Record("keys.txt", written, read),
    "catalogue": Record("catalogue.txt", written, read),
}
"""The records by name; `live.py` makes the first four, `catalogue.py` the last."""
