"""Numbers and codes: their format, and that no two are equal."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import ids
from server.core.clock import SHANGHAI


def test_codes_are_read_aloud_without_doubt() -> None:
    drawn = {ids.code(8) for _ in range(1000)}
    assert len(drawn) == 1000
    letters = set("".join(drawn))
    assert len(letters) == 30
    assert not letters & set("01ILOU")
    assert all(re.fullmatch("[0-9A-Z]{8}", one) for one in drawn)


def test_a_number_says_its_second_in_shanghai() -> None:
    moment = datetime(2026, 11, 22, 16, 30, 5, tzinfo=UTC)
    drawn = {ids.number("T", moment) for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(re.fullmatch("T261123003005[0-9A-Z]{8}", one) for one in drawn)


def test_a_token_has_256_bits() -> None:
    drawn = {ids.token() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{43}", one) for one in drawn)


@given(st.integers(0, 100 * 365 * 86_400), st.integers(1, 12))
def test_the_beginning_of_a_number_says_when_it_was_made(second: int, length: int) -> None:
    moment = datetime(2000, 1, 1, tzinfo=SHANGHAI) + timedelta(seconds=second)
    digits = ids.number("T", moment)[1 : 1 + length]
    start, end = ids.when(digits)
    assert start <= moment < end
    for outside in (start - timedelta(microseconds=1), end):
        assert outside.year not in range(2000, 2100) or ids.number("T", outside)[1 : 1 + length] != digits


@pytest.mark.parametrize("digits", ["2513", "250230", "25022924", "2502282360", "250228235960", "2599"])
def test_what_no_calendar_shows_was_never(digits: str) -> None:
    start, end = ids.when(digits)
    assert start == end
