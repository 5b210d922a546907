"""Read the ledger for members: wallets and statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from server import db
from server.ledger.chart import CNY, COUPON_USED, COUPON_VALUE, LABELS, POINT, POINTS
from server.ledger.entries import Debt, Wallet, coupon_source

# A debt is as old as the entry that raised it from nothing: after it was paid, the same source may bring another.
_OLDEST_FIRST = """
SELECT a.source, a.currency, a.balance FROM ledger_accounts a
  WHERE a.member_id = $1 AND a.code = 'debt' AND a.balance > 0
  ORDER BY (SELECT min(l.entry_id) FROM ledger_lines l WHERE l.account_id = a.id AND l.entry_id > COALESCE((
    SELECT max(s.entry_id) FROM (SELECT entry_id, sum(amount) OVER (ORDER BY id) AS owed FROM ledger_lines
      WHERE account_id = a.id) s WHERE s.owed = 0), 0))
"""


async def wallet(connection: asyncpg.Connection, member_id: int) -> Wallet:
    """Return a member's money and points. They cannot change before commit if the transaction locked the member."""
    rows = await connection.fetch(
        "SELECT code, source, currency, balance FROM ledger_accounts WHERE member_id = $1 AND balance > 0 ORDER BY id",
        member_id,
    )
    owed = [row for row in rows if row["code"] == "debt"]
    if len(owed) > 1:
        owed = await connection.fetch(_OLDEST_FIRST, member_id)
    single = {row["code"]: row["balance"] for row in rows if not row["source"]}

    def by_source(code: str, currency: str) -> dict[str, int]:
        return {row["source"]: row["balance"] for row in rows if (row["code"], row["currency"]) == (code, currency)}

    def debts(currency: str) -> tuple[Debt, ...]:
        return tuple(Debt(row["source"], row["balance"]) for row in owed if row["currency"] == currency)

    return Wallet(
        spend_only_fen=single.get("spend_only", 0),
        withdrawable_fen=single.get("withdrawable", 0),
        frozen_fen=by_source("frozen", CNY),
        debts=debts(CNY),
        points=single.get("points", 0),
        frozen_points=by_source("frozen", POINT),
        point_debts=debts(POINT),
    )


async def coupon_used_fen(connection: asyncpg.Connection, member_id: int, coupon_id: int) -> int:
    """Return what a coupon of value took off an order, less what was taken back for it."""
    found: int | None = await connection.fetchval(
        "SELECT balance FROM ledger_accounts WHERE member_id = $1 AND code = $2 AND source = $3 AND currency = $4",
        member_id,
        COUPON_USED.code,
        coupon_source(coupon_id),
        COUPON_VALUE,
    )
    return found or 0


async def balances(member_id: int) -> dict[str, int]:
    """Return the sum per account code over all sources, for CNY accounts and `points`; a missing code means zero."""
    rows = await db.fetch(
        "SELECT code, sum(balance)::bigint AS balance FROM ledger_accounts"
        " WHERE member_id = $1 AND (currency = 'CNY' OR code = 'points') GROUP BY code",
        member_id,
    )
    return {row["code"]: row["balance"] for row in rows}


def currency_of(code: str) -> str:
    """Return the currency of a sum of `balances`."""
    return POINT if code == POINTS.code else CNY


@dataclass(frozen=True, slots=True)
class StatementLine:
    """The effect of one entry on a member's wallet: the changes and the balance after it, in fen.

    `time` is when it happened; the lines stand in the order in which they were posted.
    """

    entry_id: int
    time: datetime
    kind: str
    label: str
    available_delta_fen: int
    frozen_delta_fen: int
    debt_delta_fen: int
    available_after_fen: int
    why: str
    link: str


_NEWEST = 2**63 - 1
_ALL = """
SELECT DISTINCT member_id, entry_id FROM ledger_lines WHERE member_id > 0 AND currency = 'CNY'
  AND (member_id, entry_id) >= ($1, 0) AND (member_id, entry_id) < ($1, $2)
  ORDER BY member_id DESC, entry_id DESC LIMIT $3
"""
_OF_MONTH = """
SELECT DISTINCT member_id, month, entry_id FROM ledger_lines WHERE month IS NOT NULL
  AND (member_id, month, entry_id) >= ($1, $4, 0) AND (member_id, month, entry_id) < ($1, $4, $2)
  ORDER BY member_id DESC, month DESC, entry_id DESC LIMIT $3
"""
_OF_KINDS = """
SELECT entry_id FROM unnest($4::text[]) AS wanted (kind) CROSS JOIN LATERAL (
  SELECT DISTINCT member_id, kind, entry_id FROM ledger_lines l WHERE month IS NOT NULL {of_month}
    AND (member_id, kind, entry_id) >= ($1, wanted.kind, {first})
    AND (member_id, kind, entry_id) < ($1, wanted.kind, {end})
    ORDER BY member_id DESC, kind DESC, entry_id DESC LIMIT $3) found
  ORDER BY entry_id DESC LIMIT $3
"""
_END_OF_MONTH = """(SELECT entry_id FROM ledger_lines WHERE month IS NOT NULL
  AND (member_id, month, entry_id) >= ($1, $5, 0) AND (member_id, month) <= ($1, $5)
  ORDER BY member_id {way}, month {way}, entry_id {way} LIMIT 1)"""
_PICKS = {
    (False, False): _ALL,
    (False, True): _OF_MONTH,
    (True, False): _OF_KINDS.format(of_month="", first="0", end="$2"),
    (True, True): _OF_KINDS.format(
        of_month="AND month - $5 = 0",
        first=_END_OF_MONTH.format(way="ASC"),
        end=f"LEAST($2, {_END_OF_MONTH.format(way='DESC')} + 1)",
    ),
}
"""SQL for the newest entries, by (filtered by kinds, filtered by month). Each query reads one index, only as far as the
page needs; with kinds and a month it reads between the first and last entry of that month. The conditions and the order
use the whole key of the index, because PostgreSQL plans without knowing the values and would otherwise read all rows.
For the same reason `month - $5 = 0` hides the month from every index."""
_PAGE = """
WITH picked AS MATERIALIZED ({pick})
SELECT s.* FROM picked p CROSS JOIN LATERAL (
  SELECT e.id, e.effective_at, e.kind, e.why, e.link,
    COALESCE(sum(l.amount) FILTER (WHERE l.code IN ('spend_only', 'withdrawable')), 0)::bigint AS available,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'frozen'), 0)::bigint AS frozen,
    COALESCE(-sum(l.amount) FILTER (WHERE l.code = 'debt'), 0)::bigint AS debt,
    max(l.available_after) AS after
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.id = p.entry_id AND l.member_id = $1 AND l.currency = 'CNY' GROUP BY e.id) s
ORDER BY s.id DESC
"""


async def statement(
    member_id: int,
    *,
    before_entry: int | None,
    limit: int,
    kinds: Sequence[str] = (),
    month: int | None = None,
) -> list[StatementLine]:
    """Return at most `limit` entries of a member, newest first, with ids below `before_entry` (None: from the newest).

    `kinds` keeps only these kinds (empty: all); `month` keeps only that month in Shanghai, as `202611`. The cost
    depends on the size of the page, not on how many entries the member has.
    """
    filters = [*([list(kinds)] if kinds else []), *([] if month is None else [month])]
    rows = await db.fetch(
        _PAGE.format(pick=_PICKS[bool(kinds), month is not None]),
        member_id,
        _NEWEST if before_entry is None else before_entry,
        limit,
        *filters,
    )
    return [
        StatementLine(
            entry_id=row["id"],
            time=row["effective_at"],
            kind=row["kind"],
            label=LABELS[row["kind"]],
            available_delta_fen=row["available"],
            frozen_delta_fen=row["frozen"],
            debt_delta_fen=row["debt"],
            available_after_fen=row["after"],
            why=row["why"],
            link=row["link"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """The totals of a wallet for one month in Shanghai (`202611`): money in, money out and other changes, in fen."""

    month: int
    entries: int
    in_fen: int
    out_fen: int
    frozen_delta_fen: int
    debt_delta_fen: int


_TOTALS = """
SELECT month, count(DISTINCT entry_id) AS entries,
  COALESCE(sum(amount) FILTER (WHERE amount > 0 AND code IN ('spend_only', 'withdrawable')), 0)::bigint AS in_fen,
  COALESCE(-sum(amount) FILTER (WHERE amount < 0 AND code IN ('spend_only', 'withdrawable')), 0)::bigint AS out_fen,
  COALESCE(sum(amount) FILTER (WHERE code = 'frozen'), 0)::bigint AS frozen_delta_fen,
  COALESCE(-sum(amount) FILTER (WHERE code = 'debt'), 0)::bigint AS debt_delta_fen
FROM ledger_lines WHERE member_id = $1 AND month IS NOT NULL GROUP BY month ORDER BY month DESC
"""
"""Summing lines takes a sixth of the time of summing entries first. The result is the same, because no entry moves
money between the two accounts that can be spent."""


async def month_totals(member_id: int) -> list[MonthTotal]:
    """Return every month in which a member's wallet changed, newest first. The query reads one index only."""
    return [MonthTotal(**row) for row in await db.fetch(_TOTALS, member_id)]


@dataclass(frozen=True, slots=True)
class PointsLine:
    """The effect of one entry on a member's points: spendable, frozen and owed."""

    entry_id: int
    time: datetime
    kind: str
    label: str
    points: int
    frozen: int
    debt: int
    why: str
    link: str


_POINTS = """
SELECT s.* FROM (SELECT DISTINCT entry_id FROM ledger_lines WHERE member_id = $1 AND currency = 'POINT'
    AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3) p CROSS JOIN LATERAL (
  SELECT e.id, e.effective_at, e.kind, e.why, e.link,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'points'), 0)::bigint AS points,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'frozen'), 0)::bigint AS frozen,
    COALESCE(-sum(l.amount) FILTER (WHERE l.code = 'debt'), 0)::bigint AS debt
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.id = p.entry_id AND l.member_id = $1 AND l.currency = 'POINT' GROUP BY e.id) s
ORDER BY s.id DESC
"""


async def points_statement(member_id: int, *, before_entry: int | None, limit: int) -> list[PointsLine]:
    """Return at most `limit` entries in points, newest first, with ids below `before_entry` (None: from the newest)."""
    rows = await db.fetch(_POINTS, member_id, _NEWEST if before_entry is None else before_entry, limit)
    return [
        PointsLine(
            entry_id=row["id"],
            time=row["effective_at"],
            kind=row["kind"],
            label=LABELS[row["kind"]],
            points=row["points"],
            frozen=row["frozen"],
            debt=row["debt"],
            why=row["why"],
            link=row["link"],
        )
        for row in rows
    ]
