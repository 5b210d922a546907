"""The reader of the ledger: wallets and statements."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from server import db
from server.ledger.chart import LABELS
from server.ledger.entries import Debt, Wallet


async def wallet(connection: asyncpg.Connection, member_id: int) -> Wallet:
    """A member's money in CNY; inside a transaction that locked the member it holds until the end."""
    rows = await connection.fetch(
        "SELECT code, source, balance FROM ledger_accounts"
        " WHERE member_id = $1 AND currency = 'CNY' AND balance > 0 ORDER BY id",
        member_id,
    )
    single = {row["code"]: row["balance"] for row in rows if not row["source"]}
    return Wallet(
        spend_only_fen=single.get("spend_only", 0),
        withdrawable_fen=single.get("withdrawable", 0),
        frozen_fen={row["source"]: row["balance"] for row in rows if row["code"] == "frozen"},
        debts=tuple(Debt(row["source"], row["balance"]) for row in rows if row["code"] == "debt"),
    )


async def balances(member_id: int) -> dict[str, int]:
    """Σ per account code over all sources, CNY codes and `points`; absent codes are zero."""
    rows = await db.fetch(
        "SELECT code, sum(balance)::bigint AS balance FROM ledger_accounts WHERE member_id = $1 GROUP BY code",
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


async def statement(
    member_id: int,
    *,
    before_entry: int | None,
    limit: int,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[StatementLine]:
    """A member's entries, newest first, from below `before_entry` (None: from the newest), at most `limit`."""
    rows = await db.fetch(
        "SELECT e.id, e.at, e.kind, e.why, e.link,"
        " COALESCE(sum(l.amount) FILTER (WHERE l.code IN ('spend_only', 'withdrawable')), 0)::bigint AS available,"
        " COALESCE(sum(l.amount) FILTER (WHERE l.code = 'frozen'), 0)::bigint AS frozen,"
        " COALESCE(-sum(l.amount) FILTER (WHERE l.code = 'debt'), 0)::bigint AS debt,"
        " max(l.available_after) AS after"
        " FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id"
        " WHERE l.member_id = $1 AND l.member_id > 0 AND l.currency = 'CNY' AND ($2::bigint IS NULL OR l.entry_id < $2)"
        " AND ($4::text IS NULL OR e.kind = $4)"
        " AND ($5::timestamptz IS NULL OR e.at >= $5) AND ($6::timestamptz IS NULL OR e.at < $6)"
        " GROUP BY e.id ORDER BY e.id DESC LIMIT $3",
        member_id,
        before_entry,
        limit,
        kind,
        since,
        until,
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
