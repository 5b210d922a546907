"""The audit log of operators is a hash chain: each hash covers the previous one, a sealed anchor covers the newest.

The chain reveals a change in its middle, and the anchor reveals a change at its end. The seal of the anchor needs a key
that is not in the database (docs/decisions/0017).
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from server import db
from server.db import Connection
from server.gateways.ports import Cipher, Deps
from server.rules import labels, record_words
from server.rules.operators import Permission
from server.rules.record_words import subject_of
from server.services.common import cursors
from server.services.common.listings import Column, Filter, Key, Listing, Row, Way, choice, search, since, until

_START = "0" * 64
_SEAL_COLUMN = "audit_anchor.seal"
_ciphers: dict[int, Cipher] = {}


class _Anchor(msgspec.Struct, frozen=True):
    """The sealed end of the log: how many records, and the hash of the newest."""

    count: int
    head: str
    seal: str


class _Logged(msgspec.Struct, frozen=True):
    """A record. `detail` stays JSON: its hash covers the text."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str
    hash: str


_ANCHOR = f"SELECT {db.columns(_Anchor)} FROM audit_anchor WHERE id = 1"  # noqa: S608 - our own names


def seal_with(cipher: Cipher) -> None:
    """Set the cipher whose key seals the anchor of the database that this process is connected to."""
    _ciphers[db.identity()] = cipher


async def record(
    tx: Connection, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Append a record in the caller's transaction. Call it last, because other writers wait until the transaction ends.

    `actor` is an operator's name (`cli` for the command line), `action` is `noun.verb`, `subject` is a number or slug.
    `detail` is plain JSON without floats and secrets, with `before`, `after` and `reason` where they exist.
    """
    row = await tx.fetchrow(f"{_ANCHOR} FOR NO KEY UPDATE")  # house: lock - always taken last
    if row is None:
        msg = "the anchor of the operators' log is gone: look into it, then run `audit --seal`"
        raise RuntimeError(msg)
    anchor = db.typed(row, _Anchor)
    text = orjson.dumps(detail, option=orjson.OPT_SORT_KEYS)
    head = _hash(anchor.head, at, actor, action, subject, text)
    await tx.execute(
        "INSERT INTO audit_log (at, actor, action, subject, detail, previous_hash, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        at,
        actor,
        action,
        subject,
        text.decode(),
        anchor.head,
        head,
    )
    # Keep a seal that does not fit: a new record must not repair the traces of a manual change to the log.
    count = anchor.count + 1
    seal = _seal(count, head) if _holds(anchor) else anchor.seal
    await tx.execute("UPDATE audit_anchor SET count = $1, head = $2, seal = $3 WHERE id = 1", count, head, seal)


def _seal(count: int, head: str) -> str:
    return _ciphers[db.identity()].blind(f"{count}:{head}", _SEAL_COLUMN)


def _holds(anchor: _Anchor) -> bool:
    """Return whether the seal was made with our key. The anchor of an empty log has no seal."""
    if anchor.count == 0 and anchor.head == _START:
        return not anchor.seal
    return hmac.compare_digest(_seal(anchor.count, anchor.head), anchor.seal)


async def verify(connection: Connection) -> tuple[int, list[dict[str, Any]]]:
    """Return the number of records, and what does not fit. It needs a transaction with one snapshot.

    `{audit_log_id}` is a record that does not follow from the previous one. `{records, anchored, sealed}` is an end of
    the log that differs from the anchor.
    """
    checked, offenders, previous = 0, list[dict[str, Any]](), _START
    async for row in connection.cursor(f"SELECT {db.columns(_Logged)} FROM audit_log ORDER BY id"):  # noqa: S608 - our own names
        logged = db.typed(row, _Logged)
        if logged.previous_hash != previous or logged.hash != _of(logged):
            offenders.append({"audit_log_id": logged.id})
        checked, previous = checked + 1, logged.hash
    end = await connection.fetchrow(_ANCHOR)
    anchor = None if end is None else db.typed(end, _Anchor)
    sealed = anchor is not None and _holds(anchor)
    if anchor is None or not sealed or (anchor.count, anchor.head) != (checked, previous):
        offenders.append({"records": checked, "anchored": anchor and anchor.count, "sealed": sealed})
    return checked, offenders


async def seal_again(tx: Connection, at: datetime, actor: str, reason: str) -> None:
    """Accept the log as it is and seal it, with a record that says so: after a key change or an explained break.

    `verify` still finds every record that does not follow from the previous one.
    """
    count, head = 0, _START
    # First take the lock of every writer; if the anchor is gone, nobody writes without it.
    await tx.execute(
        "INSERT INTO audit_anchor (id, count, head, seal) VALUES (1, $1, $2, '') ON CONFLICT (id) DO UPDATE SET id = 1",
        count,
        head,
    )
    async for row in tx.cursor("SELECT hash FROM audit_log ORDER BY id"):
        count, head = count + 1, row["hash"]
    seal = _seal(count, head) if count else ""
    await tx.execute("UPDATE audit_anchor SET count = $1, head = $2, seal = $3 WHERE id = 1", count, head, seal)
    await record(tx, at, actor, "audit_log.seal", "audit_log", {"reason": reason, "records": count})


async def is_sealed(reader: Connection) -> bool:
    """Return whether there is an anchor with our seal, which covers the newest record."""
    row = await reader.fetchrow(_ANCHOR)
    if row is None or not _holds(anchor := db.typed(row, _Anchor)):
        return False
    newest = await reader.fetchval("SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1")
    return bool((newest or _START) == anchor.head)


def _of(logged: _Logged) -> str:
    text = orjson.dumps(orjson.loads(logged.detail), option=orjson.OPT_SORT_KEYS)
    return _hash(logged.previous_hash, logged.at, logged.actor, logged.action, logged.subject, text)


def _hash(previous: str, at: datetime, actor: str, action: str, subject: str, detail: bytes) -> str:
    parts = [previous, at.astimezone(UTC).isoformat(), actor, action, subject, detail.decode()]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _opened(_deps: Deps, row: Row) -> Row:
    detail = orjson.loads(row["detail"])
    told = "；".join(str(line) for line in record_words.lines(row["action"], row["subject"], detail))
    return row | {
        "detail": detail,
        "about": record_words.thing(row["subject"]),
        "content": told,
        "reason": detail.get("reason"),
    }


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
        Column("操作", "action", words=labels.ACTIONS),
        Column("对象", "about"),
        Column("内容", "content"),
        Column("理由", "reason"),
    ),
    filters=(
        search("对象，如 订单 T26… 或 会员 12", Way("a.subject = {0}", read=lambda _deps, text: subject_of(text))),
        Filter("actor", "操作员", (Way("a.actor = {0}"),)),
        choice("action", "操作", "a.action", labels.ACTIONS),
        since("a.at"),
        until("a.at"),
    ),
    empty="还没有记录",
    template="operations/audit.html",
    opened=_opened,
)
