"""The reader of the ledger: wallets and statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from server import db
from server.ledger.chart import CNY, LABELS, POINT
from server.ledger.entries import Debt, Wallet


async def wallet(connection: asyncpg.Connection, member_id: int) -> Wallet:
    """A member's money and points; inside a transaction that locked the member it holds until the end."""
    rows = await connection.fetch(
        "SELECT code, source, currency, balance FROM ledger_accounts WHERE member_id = $1 AND balance > 0 ORDER BY id",
        member_id,
    )
    single = {row["code"]: row["balance"] for row in rows if not row["source"]}

    def by_source(code: str, currency: str) -> dict[str, int]:
        return {row["source"]: row["balance"] for row in rows if (row["code"], row["currency"]) == (code, currency)}

    return Wallet(
        spend_only_fen=single.get("spend_only", 0),
        withdrawable_fen=single.get("withdrawable", 0),
        frozen_fen=by_source("frozen", CNY),
        debts=tuple(Debt(*owed) for owed in by_source("debt", CNY).items()),
        points=single.get("points", 0),
        frozen_points=by_source("frozen", POINT),
        point_debts=tuple(Debt(*owed) for owed in by_source("debt", POINT).items()),
    )


async def balances(member_id: int) -> dict[str, int]:
    """Σ per account code over all sources: those in CNY, and `points`; absent codes are zero."""
    rows = await db.fetch(
        "SELECT code, sum(balance)::bigint AS balance FROM ledger_accounts"
        " WHERE member_id = $1 AND (currency = 'CNY' OR code = 'points') GROUP BY code",
        member_id,
    )
    return {row["code"]: row["balance"] for row in rows}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry as it changed a member's wallet; deltas and the balance after it in fen."""

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
"""The newest entries, by whether there are kinds and a month. Each reads one index just as far as the page goes; of a
kind in a month, between the month's first and last entry. Compared and ordered by the index's whole key (and the month
then by what no index knows), because PostgreSQL, where it plans without values, else walks them all."""
_PAGE = """
WITH picked AS MATERIALIZED ({pick})
SELECT s.* FROM picked p CROSS JOIN LATERAL (
  SELECT e.id, e.at, e.kind, e.why, e.link,
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
    """A member's entries, newest first, from below `before_entry` (None: from the newest), at most `limit`.

    `kinds`: only those, none for all; `month`: only of that one in Shanghai, as `202611`. What it takes depends on the
    page, not on how many entries the member has.
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
            time=row["at"],
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
    """What came into and went out of a wallet in a month of Shanghai (`202611`), and other changes, in fen."""

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
"""Line by line, which takes a sixth of the time of adding up each entry first, and is the same: no entry moves money
between the two that can be spent."""


async def month_totals(member_id: int) -> list[MonthTotal]:
    """Every month in which a member's wallet moved, the newest first; read from one index alone."""
    return [MonthTotal(**row) for row in await db.fetch(_TOTALS, member_id)]


@dataclass(frozen=True, slots=True)
class PointsLine:
    """One entry as it changed a member's points: those to spend, frozen ones, and owed ones."""

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
  SELECT e.id, e.at, e.kind, e.why, e.link,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'points'), 0)::bigint AS points,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'frozen'), 0)::bigint AS frozen,
    COALESCE(-sum(l.amount) FILTER (WHERE l.code = 'debt'), 0)::bigint AS debt
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.id = p.entry_id AND l.member_id = $1 AND l.currency = 'POINT' GROUP BY e.id) s
ORDER BY s.id DESC
"""


async def points_statement(member_id: int, *, before_entry: int | None, limit: int) -> list[PointsLine]:
    """A member's entries in points, newest first, from below `before_entry` (None: from the newest)."""
    rows = await db.fetch(_POINTS, member_id, _NEWEST if before_entry is None else before_entry, limit)
    return [
        PointsLine(
            entry_id=row["id"],
            time=row["at"],
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
