"""Members without a mall around them, for tests of the books alone."""

from datetime import UTC, datetime

from server import db


async def make_members(count: int) -> list[int]:
    """Rows that only hold an id and money."""
    rows = await db.fetch(
        "INSERT INTO members (openid, nickname, avatar_url, share_code, state, created_at, seen_at)"
        " SELECT gen_random_uuid(), '', '', left(gen_random_uuid()::text, 16), 'active', $2, $2"
        " FROM generate_series(1, $1) RETURNING id",
        count,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    return [row["id"] for row in rows]
