"""What operators did, as a chain: each record's hash covers the one before, so a change in the middle shows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from server import db
from server.db import Connection
from server.services import cursors

_LOCK = 7_224_100_010
"""Advisory lock of the chain's end: records are written one after the other."""

_START = "0" * 64


async def record(
    tx: Connection, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Append a record in the caller's transaction; call it last, for others wait until that ends.

    `actor` is an operator's name (`cli` for the command line), `action` reads `noun.verb`, `subject` is a number or
    slug, `detail` plain JSON without floats and without secrets: `before`, `after` and `reason` where there are such.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    previous = await tx.fetchval("SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1") or _START
    text = orjson.dumps(detail, option=orjson.OPT_SORT_KEYS)
    await tx.execute(
        "INSERT INTO audit_log (at, actor, action, subject, detail, previous_hash, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        at,
        actor,
        action,
        subject,
        text.decode(),
        previous,
        _hash(previous, at, actor, action, subject, text),
    )


async def verify(connection: Connection) -> tuple[int, list[int]]:
    """How many records there are, and the ids of those that do not follow from the one before. Needs a transaction."""
    checked, offenders, previous = 0, list[int](), _START
    async for row in connection.cursor("SELECT * FROM audit_log ORDER BY id"):
        if row["previous_hash"] != previous or row["hash"] != _of(row):
            offenders.append(row["id"])
        checked, previous = checked + 1, row["hash"]
    return checked, offenders


def _of(row: asyncpg.Record) -> str:
    text = orjson.dumps(orjson.loads(row["detail"]), option=orjson.OPT_SORT_KEYS)
    return _hash(row["previous_hash"], row["at"], row["actor"], row["action"], row["subject"], text)


def _hash(previous: str, at: datetime, actor: str, action: str, subject: str, detail: bytes) -> str:
    parts = [previous, at.astimezone(UTC).isoformat(), actor, action, subject, detail.decode()]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """One act of an operator, as it was written."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


_LISTED = """
SELECT id, at, actor, action, subject, detail FROM audit_log
 WHERE id < $1 AND ($2 = '' OR actor = $2) AND ($3 = '' OR action = $3) AND ($4 = '' OR subject = $4)
 ORDER BY id DESC LIMIT $5
"""
_NEWEST = 2**63 - 1


async def listed(
    actor: str, action: str, subject: str, cursor: str | None, limit: int
) -> tuple[list[Record], str | None]:
    """A page of the log, newest first, and the next page's cursor; an empty filter takes all. Raises BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else _NEWEST
    rows = await db.fetch(_LISTED, before, actor, action, subject, limit + 1)
    found = [Record(**{**row, "detail": orjson.loads(row["detail"])}) for row in rows[:limit]]
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None
