"""Numbers and codes: their form, and that two are never the same."""

import re
from datetime import UTC, datetime

from server.core import ids


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
