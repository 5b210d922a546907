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


_MADE = {
    "order": """
INSERT INTO orders (order_no, member_id, kind, status, virtual, items_fen, discounts, freight_fen, freight_cash_fen,
    balance_fen, withdrawable_fen, cash_due_fen, region, remark, created_at, expires_at, checks, refunded_cash_fen,
    refunded_balance_fen, refunded_freight_fen)
  VALUES ($2, $1, 'normal', 'pending', false, 0, '[]', 0, 0, 0, 0, 0, '', '', now(), now(), 0, 0, 0, 0)
""",
    "rebate": """
INSERT INTO rebates (id, member_id, order_id, rule_version, state, pay_as, withdrawable, required, whole_fen,
    granted_fen, explanation, history, closed_at)
  VALUES ($2::text::bigint, $1, -$2::text::bigint, 1, 'frozen', 'balance', false, 3, 1, 0, '{}', '[]', now())
""",
    "commission": """
INSERT INTO commissions (id, order_id, member_id, level, version, state, whole_fen, granted_fen, explanation,
    created_at)
  VALUES ($2::text::bigint, -$2::text::bigint, $1, 1, 1, 'frozen', 1, 1, '{}', now())
""",
    "withdrawal": """
INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, requested_at,
    checks)
  VALUES ($2, $1, 1, 0, 0, 1, 'requested', now(), 0)
""",
}


async def own(connection: db.Connection, member_id: int, *subjects: str) -> None:
    """Add what entries are about, as `order:T1` or `rebate:1`, with only what the ledger needs."""
    for subject in subjects:
        kind, _, name = subject.partition(":")
        await connection.execute(_MADE[kind], member_id, name)


async def let_own(member_id: int, *subjects: str) -> None:
    """Do the same on a connection of its own."""
    async with db.connection() as connection:
        await own(connection, member_id, *subjects)
