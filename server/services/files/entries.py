"""Read an operator's entries so that all mistakes are reported together, each with its path."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec

from server.core.errors import FileInvalid
from server.services.files import mending, sayings

_T = TypeVar("_T")

_WHERE = re.compile(r" - at `(?:key` in `)?\$(.*)`$")
"""The end of a msgspec message about a nested value: it holds the path inside the value given to msgspec."""


class Entries:
    """Lists of entries by name, and the problems found so far.

    A path names a place: `$.products[0].title` is the title of the first entry in the list `products`. `wrong` are the
    places that the author was told about already, as by a form that could not read a field. With any of them nothing is
    written; the rest is judged, so that the author learns of all mistakes at once.
    """

    def __init__(self, root: Mapping[str, Any], wrong: Collection[str] = ()) -> None:
        self.root = root
        self._wrong = set(wrong)
        self._problems: list[dict[str, Any]] = []

    def read(self, value: Any, kind: type[_T], path: str) -> _T | None:  # noqa: ANN401 - JSON
        """Return `value` as `kind`. What does not fit is noted and left out; None if nothing is left to be judged."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            if issubclass(kind, msgspec.Struct) and isinstance(value, Mapping):
                return self._what_fits(value, kind, path)
            self._refuse(error, path)
            return None

    def _what_fits(self, value: Any, kind: type[_T], path: str) -> _T:  # noqa: ANN401 - a JSON object
        fields: dict[str, Any] = {}
        known = msgspec.structs.fields(kind)  # type: ignore[arg-type] # `read` made sure that it is a struct
        for name in value.keys() - {field.encode_name for field in known}:
            self.note(path, f"没有名为 {name} 的字段")
        for field in known:
            name, at = field.encode_name, f"{path}.{field.encode_name}"
            found = self._fitting(value[name], field.type, at) if name in value else mending.LOST
            if name not in value and field.required:
                self.lacks(path, name, f"缺少字段 {name}")
                self._wrong.add(at)
            if found is not mending.LOST:
                fields[field.name] = found
            elif field.required:
                fields[field.name] = ""  # what an entry needs is its name, and none has this one
        return kind(**fields)

    def _fitting(self, value: Any, kind: Any, path: str) -> Any:  # noqa: ANN401 - JSON, and any type
        """Return a field's value as `kind`, mended at each place that is noted; LOST if it cannot be mended."""
        while value is not mending.LOST:
            try:
                return msgspec.convert(value, kind)
            except msgspec.ValidationError as error:
                value = mending.mended(value, *self._refuse(error, path))
        self._wrong.add(path)
        return value

    def _refuse(self, error: msgspec.ValidationError, path: str) -> tuple[str, str]:
        """Note what msgspec says about the value at `path`; return where inside it that is, and what it says."""
        found = _WHERE.search(str(error))
        where, problem = found[1] if found else "", _WHERE.sub("", str(error))
        places = [f"{path}{where}.{name}" for name in mending.named(problem)] or [path + where]
        if not self.doubts(*places):
            self.note(path + where, sayings.in_words(problem))
        self._wrong |= set(places)
        return where, problem

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
        """Note one problem at a path, unless its author knows already that what stands there is wrong."""
        if path not in self._wrong:
            self._problems.append({"path": path, "problem": problem})

    def lacks(self, path: str, name: str, problem: str) -> None:
        """Note that the entry at `path` has no field `name`, unless it has one that is wrong, or its name is wrong."""
        if not self.doubts(f"{path}.{name}", f"{path}.slug", f"{path}.code"):
            self.note(path, problem)

    def doubts(self, *paths: str) -> bool:
        """Tell whether what stands at one of these places is wrong, so that it is not known what was meant."""
        return not self._wrong.isdisjoint(paths)

    def check(self) -> None:
        """Raise FileInvalid if anything is wrong: all problems noted here, each `{path, problem}`, sorted by path."""
        if self._problems or self._wrong:
            raise FileInvalid(problems=sorted(self._problems, key=lambda one: one["path"]))
