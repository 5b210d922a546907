"""What frozen money waits for, as its member reads it."""

from datetime import UTC, datetime

import pytest

from server.rules.waits import LABELS, WaitsFor, waits_for

THEN = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("frozen", "release_at", "refund", "blocked", "found"),
    [
        (True, None, False, False, "receipt"),
        (True, THEN, False, False, None),
        (True, None, True, False, "refund"),
        (True, THEN, True, False, "refund"),
        (True, THEN, True, True, "blocked"),
        (False, THEN, True, True, None),
    ],
)
def test_one_thing_is_told_at_a_time(
    frozen: bool, release_at: datetime | None, refund: bool, blocked: bool, found: WaitsFor | None
) -> None:
    assert waits_for(frozen=frozen, release_at=release_at, refund=refund, blocked=blocked) == found
    assert found is None or LABELS[found]
