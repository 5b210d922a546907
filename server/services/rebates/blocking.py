"""Block members, and unblock them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from server import db, outbox
from server.core import errors
from server.db import Connection
from server.gateways.ports import Deps
from server.outbox import Job
from server.services.common import audit_log, locks
from server.services.members import sessions as member_sessions
from server.services.rebates import qualifications


async def block(deps: Deps, member_id: int, reason: str, operator: str) -> None:
    """Block a member and hold the qualifications counted for them. Raises NotFound, StateConflict when not active."""
    async with _moving(deps, member_id, ("active", "blocked"), reason, operator) as (tx, at):
        await qualifications.hold_all(tx, member_id, at)
        await outbox.put(tx, [Job("end_sessions", {"member_id": member_id})], at)  # in case we crash before `shut`
    await member_sessions.shut(deps, member_id)


async def unblock(deps: Deps, member_id: int, reason: str, operator: str) -> None:
    """Unblock a member; held qualifications count again. Raises NotFound, StateConflict when not blocked."""
    async with _moving(deps, member_id, ("blocked", "active"), reason, operator) as (tx, at):
        await outbox.put(tx, await qualifications.release_all(tx, member_id, at), at)
    await member_sessions.reopen(deps, member_id)


async def end_sessions(deps: Deps, member_id: int) -> None:
    """Revoke the tokens of a blocked member, in case `block` could not do it itself."""
    if await db.fetch_value("SELECT state FROM members WHERE id = $1", member_id) == "blocked":
        await member_sessions.shut(deps, member_id)


@asynccontextmanager
async def _moving(
    deps: Deps, member_id: int, states: tuple[str, str], reason: str, operator: str
) -> AsyncIterator[tuple[Connection, datetime]]:
    """Open a transaction that locks the member, changes the state from one to the other, and logs the change."""
    before, after = states
    at = deps.clock.now()
    async with db.transaction() as tx:
        state = await locks.member(tx, member_id)
        if state is None:
            raise errors.NotFound
        if state != before:
            raise errors.StateConflict(status=state)
        await tx.execute("UPDATE members SET state = $2 WHERE id = $1", member_id, after)
        yield tx, at
        detail = {"before": before, "after": after, "reason": reason}
        await audit_log.record(tx, at, operator, "member.state", f"member:{member_id}", detail)
