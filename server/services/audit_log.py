"""What operators did, as a chain: each record's hash covers the one before, so a change in the middle shows."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from server.db import Connection
from server.gateways.ports import Deps
from server.rules import words
from server.rules.operators import Permission
from server.services import cursors
from server.services.listings import Column, Filter, Key, Listing, Row, Way, choice, search, since, until

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


def _opened(_deps: Deps, row: Row) -> Row:
    return row | {"detail": orjson.loads(row["detail"])}


LOG = Listing(
    name="audit",
    title="操作日志",
    permission=Permission.AUDIT_VIEW,
    select="a.id, a.at, a.actor, a.action, a.subject, a.detail",
    source="audit_log a",
    keys=(Key("a.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number"),
        Column("时间", "at", "when"),
        Column("操作员", "actor"),
        Column("操作", "action", words=words.ACTIONS),
        Column("对象", "subject", "code"),
        Column("内容", "detail"),
    ),
    filters=(
        search("对象，如 order:T26…", Way("a.subject = {0}")),
        Filter("actor", "操作员", (Way("a.actor = {0}"),)),
        choice("action", "操作", "a.action", words.ACTIONS),
        since("a.at"),
        until("a.at"),
    ),
    empty="没有记录",
    template="audit.html",
    opened=_opened,
)
