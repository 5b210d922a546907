"""The fields that an operator's entry sets, and their `before` and `after` for the audit log."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import UNSET


def given(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """Return the fields that an entry sets, in the order of `names`; without names all of them, in their own order."""
    return {name: value for name in names or entry.__struct_fields__ if (value := getattr(entry, name)) is not UNSET}


def given_but(entry: msgspec.Struct, others: Collection[str]) -> dict[str, Any]:
    """Return the fields that an entry sets, without `others`, which are not columns."""
    return {name: value for name, value in given(entry).items() if name not in others}


def before_and_after(stored: msgspec.Struct | None, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values before and after by field, with only those that differ. With nothing stored, before is empty.

    `stored` is the row as it is now.
    """
    after = {name: value for name, value in fields.items() if stored is None or getattr(stored, name) != value}
    return ({} if stored is None else {name: getattr(stored, name) for name in after}), after
