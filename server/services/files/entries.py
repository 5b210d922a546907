"""Read an operator's entries so that all mistakes are reported together, each with its path."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from server.core.errors import FileInvalid

_T = TypeVar("_T")

_WHERE = re.compile(r" - at `\$(.*)`$")
"""The end of a msgspec message about a nested value: it holds the path inside the value given to msgspec."""
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


class Entries:
    """Lists of entries by name, and the problems found so far.

    A path names a place: `$.products[0].title` is the title of the first entry in the list `products`.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self._problems: list[dict[str, Any]] = []

    def read(self, value: Any, kind: type[_T], path: str) -> _T | None:  # noqa: ANN401 - JSON
        """Return `value` as `kind`; if it does not fit, note the problem and return None."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            where = _WHERE.search(str(error))
            self.note(path + (where[1] if where else ""), _said(_WHERE.sub("", str(error))))
            return None

    def each(self, holder: Mapping[str, Any], name: str, path: str = "$") -> list[tuple[str, Any]]:
        """Return the items of the list `holder[name]` with their paths, none if absent; note it if it is not a list."""
        items = holder.get(name, [])
        if isinstance(items, list):
            return [(f"{path}.{name}[{i}]", item) for i, item in enumerate(items)]
        self.note(f"{path}.{name}", "应为一个列表")
        return []

    def only(self, *names: str) -> None:
        """Note a problem for every other name at the top level."""
        for name in self.root.keys() - set(names):
            self.note(f"$.{name}", f"没有名为 {name} 的字段")

    def note(self, path: str, problem: str) -> None:
        """Note one problem at a path."""
        self._problems.append({"path": path, "problem": problem})

    def check(self) -> None:
        """Raise FileInvalid if there are problems: all noted so far, each `{path, problem}`, sorted by path."""
        if self._problems:
            raise FileInvalid(problems=sorted(self._problems, key=lambda one: one["path"]))


def _said(problem: str) -> str:
    for pattern, saying in _SAYINGS:
        if pattern.match(problem):
            return pattern.sub(saying, problem)
    return problem
