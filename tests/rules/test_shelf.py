"""When a product is on sale; the database decides it in the same way."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from server import db
from server.rules.shelf import shelf

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SOON, AGO = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("on_sale", "on_from", "off_from", "expected"),
    [
        (True, None, None, "on"),
        (False, None, None, "off"),
        (False, AGO, SOON, "off"),
        (True, AGO, SOON, "on"),
        (True, NOW, None, "on"),
        (True, SOON, None, "coming"),
        (True, None, NOW, "over"),
        (True, None, SOON, "on"),
        (True, AGO, AGO, "over"),
    ],
)
def test_the_shelf_at_a_moment(
    on_sale: bool, on_from: datetime | None, off_from: datetime | None, expected: str
) -> None:
    assert shelf(NOW, on_sale=on_sale, on_from=on_from, off_from=off_from) == expected


async def test_the_database_says_the_same(database: str) -> None:
    times = (None, AGO, NOW, SOON)
    for on_sale, on_from, off_from in product((True, False), times, times):
        said = await db.fetch_value(
            "SELECT on_shelf(jsonb_populate_record(NULL::products, jsonb_build_object('on_sale', $1::boolean,"
            " 'on_from', $2::timestamptz, 'off_from', $3::timestamptz)), $4)",
            on_sale,
            on_from,
            off_from,
            NOW,
        )
        assert said is (shelf(NOW, on_sale=on_sale, on_from=on_from, off_from=off_from) == "on")
