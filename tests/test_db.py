"""Rows as structs: the names of the columns decide, JSON is decoded, and what does not fit is an error."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec
import pytest

from server import db


class _Colour(StrEnum):
    RED = "red"


class _Part(msgspec.Struct, frozen=True):
    pieces: int


class _Whole(msgspec.Struct, frozen=True):
    """A row with everything that a column can be."""

    id: int
    colour: _Colour
    at: datetime
    part: _Part
    parts: tuple[_Part, ...] | None
    counts: dict[str, int] | None
    listed: list[int]
    text: str
    """JSON that stays as it is."""
    more: int = 0


_ROW = """
SELECT 7 AS id, 'red' AS colour, '2026-01-01Z'::timestamptz AS at, '{"pieces": 1}'::jsonb AS part,
  '[{"pieces": 2}]'::jsonb AS parts, NULL::jsonb AS counts, ARRAY[1, 2] AS listed, '[3]'::jsonb AS text, 'x' AS other
"""


@pytest.mark.usefixtures("mall")
async def test_a_row_becomes_a_struct() -> None:
    row = await db.fetch_row(_ROW)
    assert row is not None
    assert db.typed(row, _Whole) == _Whole(
        7, _Colour.RED, datetime(2026, 1, 1, tzinfo=UTC), _Part(1), (_Part(2),), None, [1, 2], "[3]"
    )


@pytest.mark.usefixtures("mall")
async def test_a_row_that_does_not_fit_is_an_error() -> None:
    row = await db.fetch_row("SELECT 'one' AS pieces")
    assert row is not None
    with pytest.raises(msgspec.ValidationError, match="pieces"):
        db.typed(row, _Part)


def test_a_select_list_has_the_names_of_the_fields() -> None:
    assert (db.columns(_Part), db.columns(_Part, of="p")) == ("pieces", "p.pieces")
    assert db.columns(_Whole).startswith("id, colour, at")
