"""The limits of operators' acts, and the queue of acts that wait for a second operator.

A use case with a limit calls `weigh` after it has written everything and just before the operators' log. Above the
limit `weigh` raises, so the act is rolled back whole; what is then asked for is known to be possible. When a second
operator approves, the same use case runs again, and `weigh` makes the approval `approved` in the act's transaction.
The rows of both tables are locked after all others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import orjson

from server import db
from server.core.clock import shanghai_day
from server.core.errors import NotAllowed, StateConflict
from server.rules.approvals import DECIDES, ApprovalState, Asked, WithdrawalApprove
from server.rules.limits import CLI, COUNTED_AS, NEWCOMER, PEAKS, Kind
from server.rules.operators import Role, may
from server.services.common import audit_log

S = ApprovalState


@dataclass(frozen=True, slots=True)
class Second:
    """The approval that lets an act run: its id, who approves it and why."""

    approval_id: int
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """How far an act may go: up to what operators of `role` may do alone today (None: no limit), or as approved.

    Where a use case gets no `Leave`, nothing limits it: the system itself acts.
    """

    kind: Kind
    role: str
    most: int | None = None
    second: Second | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an act measures, the limit that it exceeds, what the log would say, and what must still be so later."""

    weight: int
    allowed: int
    detail: Mapping[str, object]
    basis: object = None


class AboveLimit(Exception):  # noqa: N818 - what happened, not an error
    """The act exceeds the limit: roll back, and ask for a second operator."""

    def __init__(self, measured: Measured) -> None:
        """Keep what was measured."""
        super().__init__(measured)
        self.measured = measured


class Awaiting(Exception):  # noqa: N818 - what happened, not an error
    """The act was not done: it waits for a second operator. Raised when this is committed."""

    def __init__(self, approval_id: int) -> None:
        """Name the approval."""
        super().__init__(approval_id)
        self.approval_id = approval_id


async def weigh(
    tx: db.Connection,
    at: datetime,
    leave: Leave | None,
    detail: Mapping[str, object],
    uses: Mapping[str, int],
    basis: object = None,
) -> Mapping[str, object]:
    """Step: count the act against its limit, or end its approval; return the detail for the operators' log.

    `uses` is what the act uses by subject; "" is what all acts of the kind share. `basis` is what the decision rests
    on, as JSON: an approved act fails if it has changed. Raises AboveLimit; StateConflict and NotAllowed if the
    approval does not hold.
    """
    if leave is None:
        return detail
    if leave.second is not None:
        return {**detail, **await _approved(tx, at, leave, leave.second, basis)}
    most, counted = leave.most, {subject: used for subject, used in uses.items() if used}
    if most is None or not counted:
        return detail
    kind = COUNTED_AS.get(leave.kind, leave.kind)
    subjects, weights = list(counted), list(counted.values())
    rows = await tx.fetch(_USE, shanghai_day(at), kind, leave.role, subjects, weights, leave.kind in PEAKS)
    if any(row["used"] > most for row in rows):
        raise AboveLimit(Measured(max(counted.values()), most, detail, basis))
    return detail


MADE = """
EXISTS (SELECT FROM audit_log a WHERE a.subject = 'operator:' || {made} AND a.actor = {maker} AND a.actor <> 'cli'
  AND a.at > {since} AND a.action IN ('operator.create', 'operator.enable', 'operator.reset', 'operator.role'))
"""
"""SQL: whether an operator has made or changed an account since then, and so may know its password."""
_ONE_PERSON = f"""
SELECT {MADE.format(made="$1", maker="$2", since="$3")} OR {MADE.format(made="$2", maker="$1", since="$3")}
"""
_USE = """
INSERT INTO limit_uses (day, kind, role, subject, used, peak)
  SELECT $1, $2, $3, subject, CASE WHEN $6 THEN 0 ELSE weight END, CASE WHEN $6 THEN weight ELSE 0 END
  FROM unnest($4::text[], $5::bigint[]) AS u (subject, weight) ORDER BY subject
  ON CONFLICT (day, kind, role, subject) DO UPDATE
    SET used = limit_uses.used + EXCLUDED.used, peak = GREATEST(limit_uses.peak, EXCLUDED.peak)
  RETURNING used + peak AS used
"""


class Held(msgspec.Struct, frozen=True):
    """An approval under its lock. `basis` stays JSON."""

    state: ApprovalState
    asked_by: str
    decided_by: str | None
    expires_at: datetime
    basis: str


_HELD = f"SELECT {db.columns(Held)} FROM approvals WHERE id = $1 FOR NO KEY UPDATE"  # noqa: S608 - our own names # house: lock - the last row


async def hold(tx: db.Connection, approval_id: int) -> Held:
    """Step: lock an approval that exists."""
    return db.typed(await tx.fetchrow(_HELD, approval_id), Held)


async def _approved(
    tx: db.Connection, at: datetime, leave: Leave, second: Second, basis: object
) -> Mapping[str, object]:
    held = await hold(tx, second.approval_id)
    if held.state is not S.WAITING:
        raise StateConflict(status=held.state)
    if held.expires_at <= at:
        raise StateConflict(status=S.EXPIRED, problem="这项申请已过期，请重新提交")
    if not await may_decide(tx, second.operator, held.asked_by, leave.kind, at):
        raise NotAllowed
    if orjson.loads(held.basis) != orjson.loads(orjson.dumps(basis)):
        raise StateConflict(status="changed", problem="提交之后情况已经改变，请重新提交")
    await end(tx, second.approval_id, S.APPROVED, second.operator, second.reason, at)
    return {"asked_by": held.asked_by, "approved_by": second.operator, "approval": second.approval_id}


async def may_be_one_person(connection: db.Connection, operator: str, asker: str, at: datetime) -> bool:
    """Whether one of two operators is the other one, or has made or changed the other's account a short time ago."""
    return operator == asker or bool(await connection.fetchval(_ONE_PERSON, operator, asker, at - NEWCOMER))


async def may_decide(connection: db.Connection, operator: str, asker: str, kind: Kind, at: datetime) -> bool:
    """Whether an operator may approve what the asker wants: active, with the permission, and another person."""
    role = await connection.fetchval("SELECT role FROM operators WHERE name = $1 AND state = 'active'", operator)
    if role is None or not may(Role(role), DECIDES[kind]):
        return False
    return not await may_be_one_person(connection, operator, asker, at)


class Waiting(msgspec.Struct, frozen=True):
    """An act that waits: what it is, and who asked for it."""

    id: int
    key: str
    act: Asked


_ASK = """
INSERT INTO approvals (kind, key, subject, act, detail, basis, weight, allowed, asked_by, role, asked_at, expires_at,
    state)
  VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6::jsonb, $7, $8, $9::text,
    COALESCE((SELECT role FROM operators WHERE name = $9::text), $10), $11, $12, 'waiting')
  ON CONFLICT (key) WHERE state = 'waiting' DO NOTHING RETURNING id
"""


async def ask(tx: db.Connection, at: datetime, asker: str, act: Asked, measured: Measured, *, days: int) -> int:
    """Step: let an act wait for a second operator; return the approval's id. The same act asked for again is one.

    Raises StateConflict: another act with this key waits already.
    """
    new: int | None = await tx.fetchval(
        _ASK,
        act.kind,
        act.key,
        act.subject,
        msgspec.json.encode(act).decode(),
        orjson.dumps(measured.detail).decode(),
        orjson.dumps(measured.basis).decode(),
        measured.weight,
        measured.allowed,
        asker,
        CLI,
        at,
        at + timedelta(days=days),
    )
    if new is None:
        return await _same(tx, act)
    detail = {"kind": act.kind, "of": act.subject, "reason": act.reason}
    await audit_log.record(tx, at, asker, "approval.ask", f"approval:{new}", detail)
    return new


async def _same(tx: db.Connection, act: Asked) -> int:
    row = await tx.fetchrow("SELECT id, key, act FROM approvals WHERE key = $1 AND state = 'waiting'", act.key)
    if row is None:  # it was decided a moment ago
        raise StateConflict(status="decided", problem="刚刚已有人审批，请刷新页面")
    found = db.typed(row, Waiting)
    if msgspec.structs.replace(found.act, reason=act.reason) != act:
        raise StateConflict(status=S.WAITING, problem=f"已有另一份内容不同的申请（#{found.id}）在等待审批")
    return found.id


async def end(tx: db.Connection, approval_id: int, state: ApprovalState, by: str, why: str, at: datetime) -> None:
    """Step, under the approval's lock: write how it ended, also into the operators' log."""
    asked_by = await tx.fetchval(
        "UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4, why = $5 WHERE id = $1 RETURNING asked_by",
        approval_id,
        state,
        by,
        at,
        why or None,
    )
    detail = {"before": S.WAITING, "after": state, "reason": why, "asked_by": asked_by}
    await audit_log.record(tx, at, by, f"approval.{_VERBS[state]}", f"approval:{approval_id}", detail)


_VERBS = {S.APPROVED: "approve", S.REJECTED: "reject", S.CANCELLED: "cancel", S.FAILED: "fail", S.EXPIRED: "expire"}


async def end_withdrawal(
    tx: db.Connection, withdrawal_no: str, state: ApprovalState, by: str, why: str, at: datetime
) -> None:
    """Step, under the withdrawal's lock: end the approval that waits for its second operator, if there is one."""
    key = WithdrawalApprove(reason="", withdrawal_no=withdrawal_no).key
    found: int | None = await tx.fetchval(
        "SELECT id FROM approvals WHERE key = $1 AND state = 'waiting' FOR NO KEY UPDATE",  # house: lock - the last row
        key,
    )
    if found is not None:
        await end(tx, found, state, by, why, at)
