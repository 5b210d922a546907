"""Lists for operators: one declaration gives a screen with filters and pages, and a file with the same columns.

A list is read newest first by its keys, so that a page costs the same wherever it lies. What stands in a declaration
is our own SQL; what an operator typed only ever becomes a parameter.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from server import db
from server.core import ids
from server.core.clock import day_start
from server.core.errors import BadRequest
from server.gateways.ports import Deps
from server.rules.operators import Permission
from server.services.common import cursors

Row: TypeAlias = dict[str, Any]
Read: TypeAlias = Callable[[Deps, str], object]
"""A typed text as the parameter it stands for."""

_WORD_MOST = 60
_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})")
_PHONE = re.compile(r"1[0-9]{10}")
_DAY = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")


class Key(NamedTuple):
    """What a list is sorted by, descending: an SQL expression and the type of its values."""

    sql: str
    kind: Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how `name` of a row is shown. `to` is the address it leads to, with names of the row in it.

    What is `about` something names it as `order:T26…`, and leads there.
    """

    label: str
    name: str
    form: Literal["text", "yuan", "number", "when", "tag", "code", "about"] = "text"
    to: str = ""
    words: Mapping[Any, str] = field(default_factory=dict)
    """What stored values are called; others are shown as they are stored."""


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that a filter's text may mean. `{0}` in `sql` is its parameter."""

    sql: str
    fits: re.Pattern[str] | None = None
    """The whole text must match; None takes every text."""
    read: Read = lambda _deps, text: text


@dataclass(frozen=True, slots=True)
class Filter:
    """One field above a list. The first way that fits the text is taken; with `choices` it is a menu."""

    name: str
    label: str
    ways: tuple[Way, ...]
    choices: Mapping[Any, str] = field(default_factory=dict)
    default: str = ""
    is_day: bool = False

    def way(self, text: str) -> Way:
        """What the text means. Raises BadRequest when it means nothing here."""
        if len(text) <= _WORD_MOST and (not self.choices or text in self.choices):
            for way in self.ways:
                if way.fits is None or way.fits.fullmatch(text):
                    return way
        raise BadRequest(field=self.name, problem=f"“{self.label}”不能是“{text[:_WORD_MOST]}”")


def choice(name: str, label: str, sql: str, choices: Mapping[Any, str], default: str = "") -> Filter:
    """A menu over a column's values; the empty choice takes all."""
    return Filter(name, label, (Way(f"{sql} = {{0}}"),), choices, default)


def switch(name: str, label: str, choices: Mapping[str, tuple[str, str]], default: str = "") -> Filter:
    """A menu of conditions: value → (label, SQL without a parameter)."""
    ways = tuple(Way(sql, re.compile(re.escape(value))) for value, (_, sql) in choices.items())
    return Filter(name, label, ways, {value: said for value, (said, _) in choices.items()}, default)


def since(sql: str, label: str = "从") -> Filter:
    """From the first instant of a day in Shanghai."""
    return Filter("since", label, (Way(f"{sql} >= {{0}}", _DAY, _start),), is_day=True)


def until(sql: str, label: str = "到") -> Filter:
    """To the last instant of a day in Shanghai."""
    return Filter("until", label, (Way(f"{sql} < {{0}}", _DAY, _end),), is_day=True)


def _start(_deps: Deps, text: str) -> datetime:
    return day_start(date.fromisoformat(text))


def _end(_deps: Deps, text: str) -> datetime:
    return day_start(date.fromisoformat(text) + timedelta(days=1))


def exactly(sql: str, fits: str = ".+") -> Way:
    """A column that equals the text, such as a business number; case does not matter when typing it."""
    return Way(f"{sql} = {{0}}", re.compile(fits, re.IGNORECASE), lambda _deps, text: text.upper())


def beginning(sql: str, fits: str = ".+") -> Way:
    """A column that begins with the text, by an index with `text_pattern_ops`."""
    last = "{0} || chr(1114111)"
    return Way(f"{sql} ~>=~ {{0}}::text AND {sql} ~<~ ({last})", re.compile(fits))


def dated(sql: str, prefix: str) -> Way:
    """The beginning of a business number, by the time that it tells: `sql` is when its row was made."""
    between = f"{sql} >= ({{0}}::timestamptz[])[1] AND {sql} < ({{0}}::timestamptz[])[2]"
    return Way(between, re.compile(f"{prefix}[0-9]{{1,12}}"), lambda _deps, text: list(ids.when(text[len(prefix) :])))


def numbered(sql: str) -> Way:
    """A column that equals a number, typed as `12` or `#12`."""
    return Way(f"{sql} = {{0}}::bigint", _NUMBER, lambda _deps, text: int(text.removeprefix("#")))


def phone(sql: str, column: str, value: str = "{0}") -> Way:
    """A mobile number of eleven digits by the blind index of `column`; `value` may look up what `sql` equals."""
    return Way(f"{sql} = {value}", _PHONE, lambda deps, text: deps.cipher.blind(text, column))


def search(label: str, *ways: Way) -> Filter:
    """The field for words and numbers."""
    return Filter("q", label, ways)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. `select` and `source` are SQL's SELECT and FROM, `only` a condition that always holds."""

    name: str
    """In the address, `/admin/<name>`."""
    title: str
    permission: Permission
    select: str
    source: str
    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    only: str = "true"
    empty: str = "没有符合条件的记录"
    template: str = "list.html"
    opened: Callable[[Deps, Row], Row] = lambda _deps, row: row
    """Makes a row as it may be shown: what is personal is opened and masked here."""

    def asked(self, values: Mapping[str, str]) -> dict[str, str]:
        """The filters' values out of a query, trimmed, with defaults. Raises BadRequest for a field that is none."""
        known = {one.name: one.default for one in self.filters}
        for name in values:
            if name not in known:
                raise BadRequest(field=name, problem="没有这个筛选条件")
        return known | {name: text.strip() for name, text in values.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of those after them."""

    rows: list[Row]
    next: str | None


async def page(deps: Deps, listing: Listing, asked: Mapping[str, str], cursor: str, limit: int) -> Page:
    """A page of the list as `asked` (see `Listing.asked`). Raises BadRequest, Busy."""
    sql, values = statement(deps, listing, asked, cursor, limit + 1)
    rows = await db.fetch(sql, *values)
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursors.pack(tuple(last[f"key_{n}"] for n in range(len(listing.keys)))) if last else None
    return Page([listing.opened(deps, dict(row)) for row in rows[:limit]], following)


def statement(
    deps: Deps, listing: Listing, asked: Mapping[str, str], cursor: str, limit: int
) -> tuple[str, list[object]]:
    """The SQL of a page and its parameters. Raises BadRequest."""
    conditions, values = _conditions(deps, listing, asked)
    keys = [key.sql for key in listing.keys]
    if cursor:
        place = cursors.unpack(cursor, tuple[tuple(key.kind for key in listing.keys)])  # type: ignore[misc]
        conditions.append(f"({', '.join(keys)}) < ({_places(len(values), len(place))})")
        values += place
    values.append(limit)
    sort = ", ".join(f"{key} DESC" for key in keys)
    named = ", ".join(f"{key} AS key_{n}" for n, key in enumerate(keys))
    sql = (
        f"SELECT {listing.select}, {named} FROM {listing.source} WHERE {' AND '.join(conditions)}"  # noqa: S608 - declared SQL, parameters for the rest
        f" ORDER BY {sort} LIMIT ${len(values)}"
    )
    return sql, values


async def counted(deps: Deps, listing: Listing, asked: Mapping[str, str], most: int) -> int:
    """How many rows there are, at most `most`. Raises BadRequest, Busy."""
    conditions, values = _conditions(deps, listing, asked)
    where = " AND ".join(conditions)
    found: int = await db.fetch_value(
        f"SELECT count(*) FROM (SELECT 1 FROM {listing.source} WHERE {where} LIMIT ${len(values) + 1}) found",  # noqa: S608 - as above
        *values,
        most,
    )
    return found


def _conditions(deps: Deps, listing: Listing, asked: Mapping[str, str]) -> tuple[list[str], list[object]]:
    conditions, values = [listing.only], list[object]()
    for one in listing.filters:
        if text := asked.get(one.name, ""):
            way = one.way(text)
            if "{0}" in way.sql:
                values.append(_read(one, way, deps, text))
            conditions.append(way.sql.format(f"${len(values)}"))
    return conditions, values


def _read(one: Filter, way: Way, deps: Deps, text: str) -> object:
    try:
        return way.read(deps, text)
    except (ValueError, OverflowError) as error:
        raise BadRequest(field=one.name, problem=f"“{one.label}”不能是“{text}”") from error


def _places(used: int, more: int) -> str:
    return ", ".join(f"${used + n}" for n in range(1, more + 1))


def cells(listing: Listing, row: Row) -> Sequence[tuple[Column, Any]]:
    """A row's values under their columns, words instead of stored values."""
    return [(column, _worded(column, row[column.name])) for column in listing.columns]


def _worded(column: Column, value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return column.words.get(value, value) if column.words else value
