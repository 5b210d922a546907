"""Panel accounts. An owner or the command line creates, changes and disables them; operators change their passwords."""

import re
from datetime import datetime

import msgspec

from server import db
from server.core import errors, ids
from server.db import Connection
from server.gateways.ports import Deps
from server.rules.operators import Role, password_problem
from server.services.common import audit_log
from server.services.operators import passwords, sessions
from server.services.operators.sessions import Operator

_ONE_TIME_CHARS = 16
_NAME = re.compile(r"[\w.-]{2,20}")
_RESERVED = frozenset({"cli", "dev", "system"})
"""Names that the system itself uses in the audit log."""


class Account(msgspec.Struct, frozen=True):
    """One row in the list of operators."""

    id: int
    name: str
    role: Role
    state: str
    must_change: bool
    has_totp: bool
    locked: bool
    created_at: datetime
    seen_at: datetime | None


async def any_exists() -> bool:
    """Return whether any operator exists, that is, whether the panel was set up."""
    return bool(await db.fetch_value("SELECT EXISTS (SELECT FROM operators)"))


async def listed(deps: Deps) -> list[Account]:
    """Return all operators, active ones first."""
    rows = await db.fetch(
        "SELECT id, name, role, state, must_change, totp_sealed IS NOT NULL AS has_totp,"
        " COALESCE(locked_until > $1, false) AS locked, created_at, seen_at FROM operators ORDER BY state, id",
        deps.clock.now(),
    )
    return [db.typed(row, Account) for row in rows]


async def create(deps: Deps, name: str, role: Role, actor: str, *, must_change: bool = True) -> str:
    """Create an operator; return the new password, which is shown only once. Raises BadRequest, OperatorNameTaken."""
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise errors.BadRequest(field="name", problem="2 到 20 个字：中文、字母、数字、点、横线")
    password = ids.code(_ONE_TIME_CHARS)
    stored = await passwords.hashed(password)
    at = deps.clock.now()
    async with db.transaction() as tx:
        created = await tx.fetchval(
            "INSERT INTO operators (name, role, password_hash, must_change, totp_step, state, failures, created_at)"
            " VALUES ($1, $2, $3, $4, 0, 'active', 0, $5) ON CONFLICT (name) DO NOTHING RETURNING id",
            name,
            role,
            stored,
            must_change,
            at,
        )
        if created is None:
            raise errors.OperatorNameTaken
        await audit_log.record(tx, at, actor, "operator.create", f"operator:{name}", {"after": {"role": role}})
    return password


async def change_password(deps: Deps, operator: Operator, old: str, new: str) -> None:
    """Change the operator's own password and log out every other device. Raises OperatorUnproven, PasswordUnfit."""
    if problem := password_problem(new, operator.name):
        raise errors.PasswordUnfit(problem=problem)
    stored = await db.fetch_value("SELECT password_hash FROM operators WHERE id = $1", operator.id)
    if not await passwords.fits(old, stored):
        raise errors.OperatorUnproven
    if old == new:
        raise errors.PasswordUnfit(problem="新密码不能与旧密码相同")
    fresh = await passwords.hashed(new)
    at = deps.clock.now()
    async with db.transaction() as tx:
        changed = await tx.fetchval(
            "UPDATE operators SET password_hash = $2, must_change = false WHERE id = $1 AND password_hash = $3"
            " RETURNING id",
            operator.id,
            fresh,
            stored,
        )
        if changed is None:
            raise errors.OperatorUnproven
        ended = await sessions.revoke_all(tx, operator.id, at, but=operator.session_id)
        detail = {"devices_ended": ended}
        await audit_log.record(tx, at, operator.name, "operator.password", f"operator:{operator.name}", detail)


async def set_role(deps: Deps, operator_id: int, role: Role, reason: str, actor: str) -> None:
    """Change an operator's role. Raises NotFound, LastOwner."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        account = await _held(tx, operator_id)
        if role is not Role.OWNER:
            await _another_owner(tx, account)
        await tx.execute("UPDATE operators SET role = $2 WHERE id = $1", operator_id, role)
        detail = {"before": account.role, "after": role, "reason": reason}
        await audit_log.record(tx, at, actor, "operator.role", f"operator:{account.name}", detail)


async def disable(deps: Deps, operator_id: int, reason: str, actor: str) -> None:
    """Disable an operator and log out all devices at once. Raises NotFound, LastOwner, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        account = await _held(tx, operator_id, state="active")
        await _another_owner(tx, account)
        await tx.execute("UPDATE operators SET state = 'disabled' WHERE id = $1", operator_id)
        await sessions.revoke_all(tx, operator_id, at)
        detail = {"before": "active", "after": "disabled", "reason": reason}
        await audit_log.record(tx, at, actor, "operator.disable", f"operator:{account.name}", detail)


async def enable(deps: Deps, operator_id: int, reason: str, actor: str) -> None:
    """Enable a disabled operator again, with the old password. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        account = await _held(tx, operator_id, state="disabled")
        await tx.execute(
            "UPDATE operators SET state = 'active', failures = 0, locked_until = NULL WHERE id = $1", operator_id
        )
        detail = {"before": "disabled", "after": "active", "reason": reason}
        await audit_log.record(tx, at, actor, "operator.enable", f"operator:{account.name}", detail)


async def reset(deps: Deps, operator_id: int, reason: str, actor: str) -> str:
    """Set and return a one-time password, shown only once; remove second factor, lock and devices. Raises NotFound."""
    password = ids.code(_ONE_TIME_CHARS)
    stored = await passwords.hashed(password)
    at = deps.clock.now()
    async with db.transaction() as tx:
        account = await _held(tx, operator_id)
        await tx.execute(
            "UPDATE operators SET password_hash = $2, must_change = true, totp_sealed = NULL, failures = 0,"
            " locked_until = NULL WHERE id = $1",
            operator_id,
            stored,
        )
        await sessions.revoke_all(tx, operator_id, at)
        detail = {"before": {"totp": account.totp_sealed is not None}, "after": {"totp": False}, "reason": reason}
        await audit_log.record(tx, at, actor, "operator.reset", f"operator:{account.name}", detail)
    return password


async def named(name: str) -> int:
    """Return the id of the operator with that name. Raises NotFound."""
    found: int | None = await db.fetch_value("SELECT id FROM operators WHERE name = $1", name)
    if found is None:
        raise errors.NotFound(what="operator")
    return found


class _Held(msgspec.Struct, frozen=True):
    """An operator under the lock."""

    id: int
    name: str
    role: Role
    state: str
    totp_sealed: str | None


async def _held(tx: Connection, operator_id: int, *, state: str | None = None) -> _Held:
    """Step: lock and return the operator.

    All owners are locked in the same statement, by id, so that two owners cannot disable each other at the same time.
    """
    await tx.execute(
        "SELECT 1 FROM operators WHERE role = 'owner' OR id = $1 ORDER BY id FOR UPDATE",  # house: lock - rows by id
        operator_id,
    )
    row = await tx.fetchrow(f"SELECT {db.columns(_Held)} FROM operators WHERE id = $1", operator_id)  # noqa: S608 - our own names
    if row is None:
        raise errors.NotFound(what="operator")
    account = db.typed(row, _Held)
    if state is not None and account.state != state:
        raise errors.StateConflict(status=account.state)
    return account


async def _another_owner(tx: Connection, account: _Held) -> None:
    """Step: check that there is another active owner. Raises LastOwner."""
    if account.role is Role.OWNER and not await tx.fetchval(
        "SELECT EXISTS (SELECT FROM operators WHERE role = 'owner' AND state = 'active' AND id <> $1)", account.id
    ):
        raise errors.LastOwner
