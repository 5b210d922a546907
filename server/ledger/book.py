"""The only writer of the ledger: `post` inside the caller's transaction, `posting` for SQL functions that post."""

import hashlib
from datetime import datetime

import asyncpg
import msgspec

from server.core.errors import BalanceInsufficient
from server.ledger.entries import Entry

_NEGATIVE = "ledger_member_not_negative"
"""The CHECK constraint that keeps a member's account from falling below zero."""


class LedgerMismatch(Exception):  # noqa: N818 - the name of what happened
    """An idempotency key was used again with other lines: a bug of ours, never a mistake of the caller's input."""


class LedgerRefused(Exception):  # noqa: N818 - the name of what happened
    """The database refused an entry: a bug of ours.

    A line of a member who does not own what the entry is about, or an entry that gives back more than was given.
    """


_REFUSALS: dict[str, type[Exception]] = {"TML03": LedgerMismatch, "TML04": LedgerRefused, "TML05": LedgerRefused}


class PostingLine(msgspec.Struct, frozen=True):
    """One line: member (0 is the shop), account, source, currency, debit-normal, amount (credit is positive)."""

    m: int
    a: str
    s: str
    c: str
    d: bool
    v: int


class Posting(msgspec.Struct, frozen=True):
    """An entry in the form that `ledger_post_json` takes. `hash` covers what is posted, not when it was or happened."""

    key: str
    kind: str
    hash: str
    posted_at: datetime
    effective_at: datetime
    why: str
    link: str
    reverses: str | None
    lines: tuple[PostingLine, ...]


def posting(entry: Entry, at: datetime, effective_at: datetime | None = None) -> Posting:
    """Return the entry in the form that SQL functions post. `effective_at` is when it happened, if not at `at`."""
    lines = tuple(
        PostingLine(
            line.member_id, line.account.code, line.source, line.currency, line.account.debit_normal, line.amount
        )
        for line in entry.lines
    )
    digest = hashlib.sha256(msgspec.json.encode((entry.kind, entry.link, lines))).hexdigest()
    return Posting(
        key=entry.key,
        kind=entry.kind,
        hash=digest,
        posted_at=at,
        effective_at=effective_at or at,
        why=entry.why,
        link=entry.link,
        reverses=entry.reverses,
        lines=lines,
    )


async def post(tx: asyncpg.Connection, entry: Entry, at: datetime, effective_at: datetime | None = None) -> int | None:
    """Post one entry and return its id, or None when the entry has no lines.

    `effective_at` is when it happened, if that was not now (`at`).

    The same key with the same lines posts nothing new and returns the id of the first entry. Raises BalanceInsufficient
    when a member's account would fall below zero, LedgerMismatch when the key was used with other lines,
    LedgerRefused. Posting locks the member's row, so callers must lock the member before they take locks that come
    later in the lock order.
    """
    if not entry.lines:
        return None
    try:
        entry_id: int = await tx.fetchval(
            "SELECT ledger_post_json($1)", msgspec.json.encode(posting(entry, at, effective_at)).decode()
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != _NEGATIVE:
            raise
        raise BalanceInsufficient from error
    except asyncpg.PostgresError as error:
        if error.sqlstate not in _REFUSALS:
            raise
        raise _REFUSALS[error.sqlstate](entry.key) from error
    return entry_id


async def roll_up(tx: asyncpg.Connection, limit: int) -> int:
    """Add up to `limit` pending changes of shop accounts to the accounts' balances; return how many were added."""
    moved: int = await tx.fetchval("SELECT ledger_roll_up($1)", limit)
    return moved
