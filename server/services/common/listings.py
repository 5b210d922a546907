"""Lists for operators: one declaration gives a screen with filters and pages, and a file with the same columns.

A list is read newest first by its keys (keyset pagination), so that every page costs the same. Declarations contain
our own SQL only; what an operator types is always passed as a parameter.
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
"""Converts a typed text to the SQL parameter that it means."""

_WORD_MOST = 60
_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})")
_PHONE = re.compile(r"1[0-9]{10}")
_DAY = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")


class Key(NamedTuple):
    """A descending sort key: an SQL expression and the type of its values."""

    sql: str
    kind: Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how `name` of a row is shown. `to` is the address of its link, with names of the row in it.

    A column of the form `about` holds a reference such as `order:T26…` and links to it.
    """

    label: str
    name: str
    form: Literal["text", "yuan", "number", "when", "tag", "code", "about"] = "text"
    to: str = ""
    words: Mapping[Any, str] = field(default_factory=dict)
    """Labels of stored values; a value without a label is shown as stored."""


@dataclass(frozen=True, slots=True)
class Way:
    """One possible meaning of a filter's text. `{0}` in `sql` is its parameter."""

    sql: str
    fits: re.Pattern[str] | None = None
    """The whole text must match this; None accepts every text."""
    read: Read = lambda _deps, text: text


@dataclass(frozen=True, slots=True)
class Filter:
    """One field above a list. The first way that fits the text is used; with `choices` the field is a menu."""

    name: str
    label: str
    ways: tuple[Way, ...]
    choices: Mapping[Any, str] = field(default_factory=dict)
    default: str = ""
    is_day: bool = False

    def way(self, text: str) -> Way:
        """Return the first way that fits the text. Raises BadRequest if none does."""
        if len(text) <= _WORD_MOST and (not self.choices or text in self.choices):
            for way in self.ways:
                if way.fits is None or way.fits.fullmatch(text):
                    return way
        raise self.unfit(text)

    @property
    def searches(self) -> bool:
        """Whether people type words and numbers here; the other fields are menus and days."""
        return not self.choices and not self.is_day

    def unfit(self, text: str) -> BadRequest:
        """Return the refusal of a text that means nothing here."""
        text = text[:_WORD_MOST]
        if self.searches:
            return BadRequest(field=self.name, problem=f"这里可以查：{self.label}。“{text}”不是其中一种。")
        return BadRequest(field=self.name, problem=f"“{self.label}”不能是“{text}”")


def choice(name: str, label: str, sql: str, choices: Mapping[Any, str], default: str = "") -> Filter:
    """Return a menu of a column's values; the empty choice shows all rows."""
    return Filter(name, label, (Way(f"{sql} = {{0}}"),), choices, default)


def switch(name: str, label: str, choices: Mapping[str, tuple[str, str]], default: str = "") -> Filter:
    """Return a menu of conditions: value → (label, SQL without a parameter)."""
    ways = tuple(Way(sql, re.compile(re.escape(value))) for value, (_, sql) in choices.items())
    return Filter(name, label, ways, {value: said for value, (said, _) in choices.items()}, default)


def since(sql: str, label: str = "从") -> Filter:
    """Return a filter for rows from the first instant of a day in Shanghai."""
    return Filter("since", label, (Way(f"{sql} >= {{0}}", _DAY, _start),), is_day=True)


def until(sql: str, label: str = "到") -> Filter:
    """Return a filter for rows to the last instant of a day in Shanghai."""
    return Filter("until", label, (Way(f"{sql} < {{0}}", _DAY, _end),), is_day=True)


def _start(_deps: Deps, text: str) -> datetime:
    return day_start(date.fromisoformat(text))


def _end(_deps: Deps, text: str) -> datetime:
    return day_start(date.fromisoformat(text) + timedelta(days=1))


def exactly(sql: str, fits: str = ".+") -> Way:
    """Match a column that equals the text in upper case, such as a business number typed in any case."""
    return Way(f"{sql} = {{0}}", re.compile(fits, re.IGNORECASE), lambda _deps, text: text.upper())


def beginning(sql: str, fits: str = ".+") -> Way:
    """Match a column that begins with the text, by an index with `text_pattern_ops`."""
    last = "{0} || chr(1114111)"
    return Way(f"{sql} ~>=~ {{0}}::text AND {sql} ~<~ ({last})", re.compile(fits))


def dated(sql: str, prefix: str) -> Way:
    """Match the beginning of a business number by the time in it; `sql` is the time at which the row was created."""
    between = f"{sql} >= ({{0}}::timestamptz[])[1] AND {sql} < ({{0}}::timestamptz[])[2]"
    return Way(between, re.compile(f"{prefix}[0-9]{{1,12}}"), lambda _deps, text: list(ids.when(text[len(prefix) :])))


def numbered(sql: str) -> Way:
    """Match a column that equals a number, typed as `12` or `#12`."""
    return Way(f"{sql} = {{0}}::bigint", _NUMBER, lambda _deps, text: int(text.removeprefix("#")))


def phone(sql: str, column: str, value: str = "{0}") -> Way:
    """Match a mobile number of 11 digits by the blind index of `column`; `value` may look up what `sql` must equal."""
    return Way(f"{sql} = {value}", _PHONE, lambda deps, text: deps.cipher.blind(text, column))


def search(label: str, *ways: Way) -> Filter:
    """Return the search field for words and numbers."""
    return Filter("q", label, ways)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. `select` and `source` are the SELECT and FROM of SQL, `only` is a condition that always applies."""

    name: str
    """The name in the URL `/admin/<name>`."""
    title: str
    permission: Permission
    select: str
    source: str
    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    only: str = "true"
    empty: str = "还没有记录"
    """What the list says while there is nothing to show at all."""
    things: str = ""
    """The name of its rows, where that is not the title."""
    template: str = "list.html"
    opened: Callable[[Deps, Row], Row] = lambda _deps, row: row
    """Prepares a row for showing: decrypts and masks personal data."""

    def everything(self) -> dict[str, str]:
        """Return the query that shows all rows: it empties the filters that are set at first."""
        return {one.name: "" for one in self.filters if one.default}

    def asked(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the filters' values from a query, trimmed, with defaults. Raises BadRequest for an unknown field."""
        known = {one.name: one.default for one in self.filters}
        for name in values:
            if name not in known:
                raise BadRequest(field=name, problem="没有这个筛选条件")
        return known | {name: text.strip() for name, text in values.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows, and the cursor of the next page."""

    rows: list[Row]
    next: str | None


async def page(deps: Deps, listing: Listing, asked: Mapping[str, str], cursor: str, limit: int) -> Page:
    """Return a page of the list with the filters `asked` (see `Listing.asked`). Raises BadRequest, Busy."""
    sql, values = statement(deps, listing, asked, cursor, limit + 1)
    rows = await db.fetch(sql, *values)
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursors.pack(tuple(last[f"key_{n}"] for n in range(len(listing.keys)))) if last else None
    return Page([listing.opened(deps, dict(row)) for row in rows[:limit]], following)


async def hides(deps: Deps, listing: Listing, asked: Mapping[str, str]) -> bool:
    """Tell of an empty page whether the list has rows that its filters leave out. Raises Busy."""
    return any(asked.values()) and await counted(deps, listing, {}, 1) > 0


def statement(
    deps: Deps, listing: Listing, asked: Mapping[str, str], cursor: str, limit: int
) -> tuple[str, list[object]]:
    """Return the SQL of a page and its parameters. Raises BadRequest."""
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
    """Count the rows, up to `most`. Raises BadRequest, Busy."""
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
        raise one.unfit(text) from error


def _places(used: int, more: int) -> str:
    return ", ".join(f"${used + n}" for n in range(1, more + 1))


def cells(listing: Listing, row: Row) -> Sequence[tuple[Column, Any]]:
    """Return a row's values with their columns, with labels in place of stored values."""
    return [(column, _worded(column, row[column.name])) for column in listing.columns]


def _worded(column: Column, value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return column.words.get(value, value) if column.words else value
