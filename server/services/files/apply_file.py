"""A JSON file written by an operator: its entries, and the line of each mistake."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from server.core.errors import FileInvalid
from server.services.files.entries import Entries

_T = TypeVar("_T")

_decode = json.JSONDecoder().raw_decode


class ApplyFile(Entries):
    """The entries of a text. Every mistake is reported with its line, too."""

    def __init__(self, text: str) -> None:
        """Parse the text. Raises FileInvalid if it is not a JSON object."""
        self._lines: dict[str, int] = {}
        try:
            root = json.loads(text)
        except json.JSONDecodeError as error:
            problem = {"path": "$", "line": error.lineno, "problem": f"不是 JSON：{error.msg}"}
            raise FileInvalid(problems=[problem]) from error
        except RecursionError as error:
            raise FileInvalid(problems=[{"path": "$", "line": 1, "problem": "嵌套过深"}]) from error
        if not isinstance(root, dict):
            raise FileInvalid(problems=[{"path": "$", "line": 1, "problem": "应为一个对象"}])
        _Places(text, self._lines).value("$", 0)
        super().__init__(root)

    def check(self) -> None:
        """Raises FileInvalid with all problems noted so far, in the order of their lines."""
        with self.located():
            super().check()

    @contextmanager
    def located(self) -> Iterator[None]:
        """Add line numbers to a FileInvalid raised inside, which knows only paths, and sort its problems by line."""
        try:
            yield
        except FileInvalid as refused:
            problems = [one | {"line": self._line(one["path"])} for one in refused.detail["problems"]]
            problems.sort(key=lambda one: (one["line"], one["path"]))
            raise FileInvalid(problems=problems) from refused

    def _line(self, path: str) -> int:
        """Return the line where the value at the path, or the nearest value around it, begins."""
        while path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self._lines[path]


@contextmanager
def reading(text: str, kind: type[_T]) -> Iterator[_T]:
    """Read a text as a single `kind`. A FileInvalid, raised here or inside, names the line of each problem."""
    file = ApplyFile(text)
    found = file.read(file.root, kind, "$")
    file.check()
    assert found is not None  # noqa: S101 - or `check` would have raised
    with file.located():
        yield found


class _Places:
    """Walk valid JSON again for what the parser does not report: the line where each value begins."""

    def __init__(self, text: str, lines: dict[str, int]) -> None:
        self._text = text
        self._lines = lines
        self._counted = (0, 1)

    def value(self, path: str, at: int) -> int:
        """Note the value at position `at` and all values inside it; return the position after it."""
        at = self._skip(at)
        self._lines[path] = self._line(at)
        match self._text[at]:
            case "{":
                return self._members(path, self._skip(at + 1))
            case "[":
                return self._items(path, self._skip(at + 1))
            case _:
                return _decode(self._text, at)[1]

    def _members(self, path: str, at: int) -> int:
        while self._text[at] != "}":
            name, at = _decode(self._text, at)
            at = self._comma(self.value(f"{path}.{name}", self._skip(at) + 1))
        return at + 1

    def _items(self, path: str, at: int) -> int:
        count = 0
        while self._text[at] != "]":
            at = self._comma(self.value(f"{path}[{count}]", at))
            count += 1
        return at + 1

    def _comma(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._text[at] == "," else at

    def _skip(self, at: int) -> int:
        while self._text[at] in " \t\r\n":
            at += 1
        return at

    def _line(self, at: int) -> int:
        """Return the line of a position. Positions come in rising order, so each line break is counted once."""
        seen, line = self._counted
        line += self._text.count("\n", seen, at)
        self._counted = (at, line)
        return line
