"""Operators' devices: a random token in a cookie, stored hashed; 12 hours from the last use, revocable one by one."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from server import db
from server.core import ids
from server.core.errors import NotFound
from server.db import Connection
from server.gateways.ports import Deps
from server.rules.operators import SESSION_LIFETIME, Role
from server.services.common import audit_log

_AGENT_CHARS = 200
_SLIDE_AFTER = timedelta(minutes=1)
"""`seen_at` is written at most once a minute, so that a page usually costs only one read."""


class Operator(msgspec.Struct, frozen=True):
    """A logged-in operator, and the session of the device."""

    id: int
    name: str
    role: Role
    must_change: bool
    has_totp: bool
    session_id: int
    csrf: str


class Device(msgspec.Struct, frozen=True):
    """One device on which an operator is logged in."""

    id: int
    ip: str
    agent: str
    created_at: datetime
    seen_at: datetime


async def start(tx: Connection, operator_id: int, ip: str, agent: str, at: datetime) -> str:
    """Step: create a session; return its token, of which only the hash is stored."""
    token = ids.token()
    await tx.execute(
        "INSERT INTO operator_sessions (token_hash, operator_id, csrf, ip, agent, created_at, seen_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $6)",
        _hash(token),
        operator_id,
        ids.token(),
        ip,
        agent[:_AGENT_CHARS],
        at,
    )
    return token


_FIND = """
SELECT o.id, o.name, o.role, o.must_change, o.totp_sealed IS NOT NULL AS has_totp, s.id AS session_id, s.csrf, s.seen_at
  FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
 WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.seen_at > $2 AND o.state = 'active'
"""
_SEEN = """
WITH device AS (UPDATE operator_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2 RETURNING operator_id)
UPDATE operators SET seen_at = $2 WHERE id = (SELECT operator_id FROM device)
"""


async def find(deps: Deps, token: str) -> Operator | None:
    """Return the operator of a token; None if unknown, revoked, unused for 12 hours, or of a disabled operator."""
    at = deps.clock.now()
    row = await db.fetch_row(_FIND, _hash(token), at - SESSION_LIFETIME)
    if row is None:
        return None
    if at - row["seen_at"] >= _SLIDE_AFTER:
        await db.fetch(_SEEN, row["session_id"], at)
    return db.typed(row, Operator)


async def devices(deps: Deps, operator_id: int) -> list[Device]:
    """Return the devices on which the operator is logged in now, last used first."""
    rows = await db.fetch(
        "SELECT id, ip, agent, created_at, seen_at FROM operator_sessions"
        " WHERE operator_id = $1 AND revoked_at IS NULL AND seen_at > $2 ORDER BY seen_at DESC, id DESC",
        operator_id,
        deps.clock.now() - SESSION_LIFETIME,
    )
    return [db.typed(row, Device) for row in rows]


async def revoke(deps: Deps, operator: Operator, session_id: int) -> None:
    """Log out one of the operator's own devices. Raises NotFound for any other device."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        ended = await tx.fetchval(
            "UPDATE operator_sessions SET revoked_at = $3 WHERE id = $1 AND operator_id = $2 AND revoked_at IS NULL"
            " RETURNING id",
            session_id,
            operator.id,
            at,
        )
        if ended is None:
            raise NotFound(what="session")
        action = "operator.logout" if session_id == operator.session_id else "operator.revoke_device"
        await audit_log.record(tx, at, operator.name, action, f"operator:{operator.name}", {"session": session_id})


async def revoke_all(tx: Connection, operator_id: int, at: datetime, *, but: int = 0) -> int:
    """Step: log the operator out everywhere except in the session `but`; return the number of devices."""
    ended = await tx.fetch(
        "UPDATE operator_sessions SET revoked_at = $2 WHERE operator_id = $1 AND revoked_at IS NULL AND id <> $3"
        " RETURNING id",
        operator_id,
        at,
        but,
    )
    return len(ended)


async def log_out_everywhere(deps: Deps, operator: Operator) -> None:
    """End all sessions of the operator, including the current one."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        count = await revoke_all(tx, operator.id, at)
        detail = {"devices": count}
        await audit_log.record(tx, at, operator.name, "operator.logout_all", f"operator:{operator.name}", detail)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
