"""A JSON file that an operator wrote, read so that every mistake is told at once, with its place and its line."""

import json
import re
from typing import Any, TypeVar

import msgspec

from server.core.errors import FileInvalid

_T = TypeVar("_T")

_decode = json.JSONDecoder().raw_decode
_WHERE = re.compile(r" - at `\$(.*)`$")
_SAYINGS = (
    (re.compile(r"^Object missing required field `(.+)`$"), r"缺少字段 \1"),
    (re.compile(r"^Object contains unknown field `(.+)`$"), r"没有名为 \1 的字段"),
    (re.compile(r"^Expected `str` of length >= (.+)$"), r"至少 \1 个字"),
    (re.compile(r"^Expected `str` of length <= (.+)$"), r"最多 \1 个字"),
    (re.compile(r"^Expected `array` of length <= (.+)$"), r"最多 \1 项"),
    (re.compile(r"^Expected `int` >= (.+)$"), r"不能小于 \1"),
    (re.compile(r"^Expected `int` <= (.+)$"), r"不能大于 \1"),
    (re.compile(r"^Expected `str` matching regex '(.+)'$"), r"格式不对，应符合 \1"),
    (
        re.compile(r"^Expected `datetime` (to have|with) .+$|^Invalid RFC3339 .+$"),
        "应为带时区的时间，例如 2026-01-01T20:00:00+08:00",
    ),
    (re.compile(r"^Expected (.+), got (.+)$"), r"应为 \1，实为 \2"),
    (re.compile(r"^Expected (.+)$"), r"应为 \1"),
    (re.compile(r"^Invalid enum value (.+)$"), r"不能取值 \1"),
)


class ApplyFile:
    """The file's text, its values, and what is wrong with it so far."""

    def __init__(self, text: str) -> None:
        """Raises FileInvalid when the text is no JSON object."""
        self.problems: list[dict[str, Any]] = []
        self._lines: dict[str, int] = {}
        try:
            self.root = json.loads(text)
        except json.JSONDecodeError as error:
            problem = {"path": "$", "line": error.lineno, "problem": f"不是 JSON：{error.msg}"}
            raise FileInvalid(problems=[problem]) from error
        except RecursionError as error:
            raise FileInvalid(problems=[{"path": "$", "line": 1, "problem": "嵌套过深"}]) from error
        if not isinstance(self.root, dict):
            raise FileInvalid(problems=[{"path": "$", "line": 1, "problem": "应为一个对象"}])
        _Places(text, self._lines).value("$", 0)

    def read(self, value: Any, kind: type[_T], path: str) -> _T | None:  # noqa: ANN401 - JSON
        """`value` as `kind`, or None with the problem noted."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            where = _WHERE.search(str(error))
            self.note(path + (where[1] if where else ""), _said(_WHERE.sub("", str(error))))
            return None

    def each(self, holder: dict[str, Any], name: str, path: str = "$") -> list[tuple[str, Any]]:
        """The items of the list `holder[name]` with their paths; none when it is absent, a problem when no list."""
        items = holder.get(name, [])
        if isinstance(items, list):
            return [(f"{path}.{name}[{i}]", item) for i, item in enumerate(items)]
        self.note(f"{path}.{name}", "应为一个列表")
        return []

    def only(self, *names: str) -> None:
        """Note every other name at the top."""
        for name in self.root.keys() - set(names):
            self.note(f"$.{name}", f"没有名为 {name} 的字段")

    def note(self, path: str, problem: str) -> None:
        """One mistake at a path, with the line on which that value, or the nearest thing around it, begins."""
        near = path
        while near not in self._lines:
            near = near[: max(near.rfind("."), near.rfind("["))]
        self.problems.append({"path": path, "line": self._lines[near], "problem": problem})

    def check(self) -> None:
        """Raises FileInvalid with all problems noted so far, in the order of their lines."""
        if self.problems:
            raise FileInvalid(problems=sorted(self.problems, key=lambda one: (one["line"], one["path"])))


def _said(problem: str) -> str:
    for pattern, saying in _SAYINGS:
        if pattern.match(problem):
            return pattern.sub(saying, problem)
    return problem


class _Places:
    """Walks valid JSON once more for what the parser does not tell: the line on which each value begins."""

    def __init__(self, text: str, lines: dict[str, int]) -> None:
        self._text = text
        self._lines = lines
        self._counted = (0, 1)

    def value(self, path: str, at: int) -> int:
        """Note the value at `at` and all inside it; the position behind it."""
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
        """The line of a position; positions come in rising order, so each line break is counted once."""
        seen, line = self._counted
        line += self._text.count("\n", seen, at)
        self._counted = (at, line)
        return line
