"""Members without a mall, for tests of the ledger alone."""

from datetime import UTC, datetime

from server import db


async def make_members(count: int) -> list[int]:
    """Add rows that have only what the ledger needs; return their ids."""
    rows = await db.fetch(
        "INSERT INTO members (openid, nickname, avatar_url, share_code, state, created_at, seen_at)"
        " SELECT gen_random_uuid(), '', '', left(gen_random_uuid()::text, 16), 'active', $2, $2"
        " FROM generate_series(1, $1) RETURNING id",
        count,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    return [row["id"] for row in rows]
