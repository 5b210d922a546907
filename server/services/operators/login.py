"""Log in to the panel: password, then the authenticator's code. Failures are counted and lock the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

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
"""Tries per IP address, because even checking a wrong password costs us memory and time."""
_HALFWAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entered:
    """`token` is the session's token if `needs` is `nothing`, else the ticket for the second step."""

    needs: Literal["nothing", "code"]
    token: str


async def with_password(deps: Deps, name: str, password: str, ip: str, agent: str) -> Entered:
    """Do the first step, the password. Raises OperatorUnproven, OperatorLocked, TooManyRequests.

    An unknown or disabled name takes as long and is locked as soon as an existing one, so it does not tell who exists.
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
        # compare the hash again under the lock: the password may have been changed while this one was checked
        fits = fits and operator.password_hash == row["password_hash"] and operator.state == "active"
        if not fits:
            await _fail(tx, operator, at)
        token = await _enter(tx, operator, ip, agent, at) if fits and operator.totp_sealed is None else ""
    if not fits:
        raise OperatorUnproven
    if token:
        return Entered("nothing", token)
    ticket = ids.token()
    await deps.redis.set(_ticket(ticket), row["id"], ex=_HALFWAY)
    return Entered("code", ticket)


async def with_code(deps: Deps, ticket: str, code: str, ip: str, agent: str) -> Entered:
    """Do the second step, the code. The ticket is valid for five minutes.

    Raises OperatorUnproven, OperatorLocked, TooManyRequests.
    """
    await limits.spend(deps, {f"operator_login:{ip}": _TRIES_PER_MINUTE}, 60)
    operator_id = await deps.redis.get(_ticket(ticket))
    if operator_id is None:
        raise OperatorUnproven
    at = deps.clock.now()
    token = ""
    async with db.transaction() as tx:
        operator = await _unlocked(tx, int(operator_id), at)
        step = totp.step_of(deps, operator.totp_sealed, code, at) if operator.totp_sealed else None
        if operator.state == "active" and step is not None and step > operator.totp_step:
            await tx.execute("UPDATE operators SET totp_step = $2 WHERE id = $1", operator.id, step)
            token = await _enter(tx, operator, ip, agent, at)
        else:
            await _fail(tx, operator, at)
    if not token:
        raise OperatorUnproven
    await deps.redis.delete(_ticket(ticket))
    return Entered("nothing", token)


def _ticket(ticket: str) -> str:
    return f"operator_halfway:{ticket}"


class _Unlocked(msgspec.Struct, frozen=True):
    """An operator who may try to log in."""

    id: int
    name: str
    state: str
    password_hash: str
    totp_sealed: str | None
    totp_step: int
    failures: int
    locked_until: datetime | None


async def _unlocked(tx: Connection, operator_id: int, at: datetime) -> _Unlocked:
    """Step: lock and return the operator. Raises OperatorLocked."""
    operator = await lock_row(tx, "operators", operator_id, _Unlocked)
    if operator.locked_until is not None and operator.locked_until > at:
        raise OperatorLocked(int((operator.locked_until - at).total_seconds()) + 1)
    return operator


async def _enter(tx: Connection, operator: _Unlocked, ip: str, agent: str, at: datetime) -> str:
    """Step: reset the failures and start a session on this device; return its token."""
    await tx.execute(
        "UPDATE operators SET failures = 0, locked_until = NULL, seen_at = $2 WHERE id = $1", operator.id, at
    )
    token = await sessions.start(tx, operator.id, ip, agent, at)
    name = operator.name
    await audit_log.record(tx, at, name, "operator.login", f"operator:{name}", {"ip": ip})
    return token


async def _fail(tx: Connection, operator: _Unlocked, at: datetime) -> None:
    """Step: count a failure; the last allowed failure locks the account."""
    failures = operator.failures + 1
    until = at + LOCK_TIME if locks(failures) else None
    await tx.execute(
        "UPDATE operators SET failures = $2, locked_until = $3 WHERE id = $1",
        operator.id,
        0 if until else failures,
        until,
    )
    if until:
        name = operator.name
        await audit_log.record(tx, at, name, "operator.locked", f"operator:{name}", {"failures": failures})


async def _fail_nobody(deps: Deps, name: str) -> None:
    """Count failures for an unknown name, too, so that a lock does not tell who exists. Raises OperatorLocked."""
    key = f"operator_nobody:{name}"
    count = await deps.redis.incr(key)
    if count <= LOCK_AFTER_FAILURES:
        await deps.redis.expire(key, LOCK_TIME)
        return
    raise OperatorLocked(max(1, await deps.redis.ttl(key)))
