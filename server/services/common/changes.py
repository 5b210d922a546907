"""What an operator's entry gives, and what it changes: the `before` and `after` of a record in the operators' log."""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import UNSET

Stored: TypeAlias = Mapping[str, Any] | asyncpg.Record
"""A row as it is now, by column."""


def given(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """The fields that an entry gives, in the order of `names`; without names all of them, in their own order."""
    return {name: value for name in names or entry.__struct_fields__ if (value := getattr(entry, name)) is not UNSET}


def given_but(entry: msgspec.Struct, others: Collection[str]) -> dict[str, Any]:
    """The fields that an entry gives, but for `others`, which are no columns."""
    return {name: value for name, value in given(entry).items() if name not in others}


def before_and_after(row: Stored | None, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values before and after, by field: only what differs. A new thing (no row) has nothing before."""
    after = {name: value for name, value in fields.items() if row is None or row[name] != value}
    return ({} if row is None else {name: row[name] for name in after}), after
