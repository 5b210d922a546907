"""Logging in to the panel: password, then the authenticator's code; failures are counted and lock the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from server import db
from server.core import ids
from server.core.errors import OperatorLocked, OperatorUnproven
from server.db import Connection
from server.gateways.ports import Deps
from server.rules.operators import LOCK_AFTER_FAILURES, LOCK_TIME, locks
from server.services.common import audit_log, limits
from server.services.common.locks import row as lock_row
from server.services.operators import passwords, sessions, totp

_TRIES_PER_MINUTE = 30
"""Per address: what a wrong password costs is our memory and time."""
_HALFWAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entered:
    """`token` is the session's when `needs` is nothing, else the ticket to come back with the code."""

    needs: Literal["nothing", "code"]
    token: str


async def with_password(deps: Deps, name: str, password: str, ip: str, agent: str) -> Entered:
    """The first step. Raises OperatorUnproven, OperatorLocked, TooManyRequests.

    An unknown or disabled name takes as long, and is locked as soon, as one that is there.
    """
    await limits.spend(deps, {f"operator_login:{ip}": _TRIES_PER_MINUTE}, 60)
    row = await db.fetch_row("SELECT id, password_hash FROM operators WHERE name = $1 AND state = 'active'", name)
    fits = await passwords.fits(password, row["password_hash"] if row else None)
    if row is None:
        await _fail_nobody(deps, name)
        raise OperatorUnproven
    at = deps.clock.now()
    async with db.transaction() as tx:
        operator = await _unlocked(tx, row["id"], at)
        # the hash is compared again: it may have been changed while this one was tried
        fits = fits and operator["password_hash"] == row["password_hash"] and operator["state"] == "active"
        if not fits:
            await _fail(tx, operator, at)
        token = await _enter(tx, operator, ip, agent, at) if fits and operator["totp_sealed"] is None else ""
    if not fits:
        raise OperatorUnproven
    if token:
        return Entered("nothing", token)
    ticket = ids.token()
    await deps.redis.set(_ticket(ticket), row["id"], ex=_HALFWAY)
    return Entered("code", ticket)


async def with_code(deps: Deps, ticket: str, code: str, ip: str, agent: str) -> Entered:
    """The second step; the ticket lives five minutes. Raises OperatorUnproven, OperatorLocked, TooManyRequests."""
    await limits.spend(deps, {f"operator_login:{ip}": _TRIES_PER_MINUTE}, 60)
    operator_id = await deps.redis.get(_ticket(ticket))
    if operator_id is None:
        raise OperatorUnproven
    at = deps.clock.now()
    token = ""
    async with db.transaction() as tx:
        operator = await _unlocked(tx, int(operator_id), at)
        step = totp.step_of(deps, operator["totp_sealed"], code, at) if operator["totp_sealed"] else None
        if operator["state"] == "active" and step is not None and step > operator["totp_step"]:
            await tx.execute("UPDATE operators SET totp_step = $2 WHERE id = $1", operator["id"], step)
            token = await _enter(tx, operator, ip, agent, at)
        else:
            await _fail(tx, operator, at)
    if not token:
        raise OperatorUnproven
    await deps.redis.delete(_ticket(ticket))
    return Entered("nothing", token)


def _ticket(ticket: str) -> str:
    return f"operator_halfway:{ticket}"


_COLUMNS = "id, name, state, password_hash, totp_sealed, totp_step, failures, locked_until"


async def _unlocked(tx: Connection, operator_id: int, at: datetime) -> asyncpg.Record:
    """Step: the operator's row, held. Raises OperatorLocked."""
    row = await lock_row(tx, "operators", operator_id, _COLUMNS)
    if row["locked_until"] is not None and row["locked_until"] > at:
        raise OperatorLocked(int((row["locked_until"] - at).total_seconds()) + 1)
    return row


async def _enter(tx: Connection, operator: asyncpg.Record, ip: str, agent: str, at: datetime) -> str:
    """Step: what failed before is forgotten, the device is known from now on."""
    await tx.execute(
        "UPDATE operators SET failures = 0, locked_until = NULL, seen_at = $2 WHERE id = $1", operator["id"], at
    )
    token = await sessions.start(tx, operator["id"], ip, agent, at)
    name: str = operator["name"]
    await audit_log.record(tx, at, name, "operator.login", f"operator:{name}", {"ip": ip})
    return token


async def _fail(tx: Connection, operator: asyncpg.Record, at: datetime) -> None:
    """Step: one failure more; the last one that is allowed locks the account."""
    failures = operator["failures"] + 1
    until = at + LOCK_TIME if locks(failures) else None
    await tx.execute(
        "UPDATE operators SET failures = $2, locked_until = $3 WHERE id = $1",
        operator["id"],
        0 if until else failures,
        until,
    )
    if until:
        name: str = operator["name"]
        await audit_log.record(tx, at, name, "operator.locked", f"operator:{name}", {"failures": failures})


async def _fail_nobody(deps: Deps, name: str) -> None:
    """A name that is not there is counted, too: being locked must not tell who exists. Raises OperatorLocked."""
    key = f"operator_nobody:{name}"
    count = await deps.redis.incr(key)
    if count <= LOCK_AFTER_FAILURES:
        await deps.redis.expire(key, LOCK_TIME)
        return
    raise OperatorLocked(max(1, await deps.redis.ttl(key)))
