"""The queue of operators' acts that wait for a second operator: ask, approve, reject, cancel, expire; what is shown."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from server import db
from server.core.clock import shanghai_day
from server.core.errors import FileInvalid, NotAllowed, NotFound, Refusal, StateConflict
from server.gateways.ports import Deps
from server.rules import approvals as law
from server.rules.approvals import (
    DECIDES,
    ActivityChange,
    ApprovalState,
    Asked,
    CommissionPublish,
    CouponIssue,
    CouponPublish,
    DocumentAct,
    GrowthGrant,
    LevelsPublish,
    PointsGrant,
    PriceChange,
    RefundApprove,
    RulePublish,
    SettingsChange,
    StackingPublish,
    WithdrawalApprove,
)
from server.rules.limits import NEWCOMER, Kind, limit_of
from server.rules.operators import PERMISSIONS, Role, may
from server.rules.withdrawals import WithdrawalState
from server.services.catalogue import apply as catalogue_apply
from server.services.common import alarms, approvals, batches
from server.services.common.approvals import AboveLimit, Awaiting, Leave, Second
from server.services.coupons import apply as coupon_apply
from server.services.coupons import issues
from server.services.growth import progress
from server.services.orders import refunds
from server.services.points import movements
from server.services.promotions import apply as activity_apply
from server.services.terms import commission_policies, levels, policy, rebate_rules, stacking
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals.views import WithdrawalView

S = ApprovalState
SYSTEM = "system"
_NOTHING_LEFT = "已经做过了，没有再做一次"
_EXPIRED = "一直没有人审批"
_NO_KEYS = "这个文件里的改价要另一位运营审批，卡密请单独导入"
_WAITS_LONG = timedelta(days=1)
_USES_KEPT = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who acts: an operator with a role, or the command line (`cli` for both)."""

    name: str
    role: str


async def submit(deps: Deps, asker: Asker, act: Asked) -> Any:  # noqa: ANN401 - what the act returns
    """Do the act, or let it wait for a second operator if it exceeds the limit of the asker's role.

    Return what the act returns. Raises Awaiting, with the approval, and what the act raises.
    """
    leave = await _leave(deps, asker, act.kind)
    try:
        return await _do(deps, act, asker.name, leave)
    except AboveLimit as above:
        if isinstance(act, PriceChange) and act.card_keys:
            raise FileInvalid(problems=[{"path": path, "problem": _NO_KEYS} for path in act.card_keys]) from above
        at, days = deps.clock.now(), (await policy.current()).approval_days
        async with db.transaction() as tx:
            waiting = await approvals.ask(tx, at, asker.name, act, above.measured, days=days)
    raise Awaiting(waiting)


async def _leave(deps: Deps, asker: Asker, kind: Kind) -> Leave:
    """Return how far the asker may go alone. Where nobody else could approve, nothing limits an act."""
    if not deps.operator_limits:
        return Leave(kind, asker.role)
    most = limit_of(await policy.current(), kind, asker.role)
    roles, since = list(PERMISSIONS[DECIDES[kind]]), deps.clock.now() - NEWCOMER
    if most is not None and not await db.fetch_value(_ANOTHER, asker.name, roles, since):
        most = None
    return Leave(kind, asker.role, most)


_ANOTHER = f"""
SELECT EXISTS (SELECT FROM operators o WHERE name <> $1 AND (
  state = 'active' AND role = ANY ($2::text[]) AND NOT {approvals.MADE.format(made="o.name", maker="$1", since="$3")}
  OR EXISTS (SELECT FROM audit_log a WHERE a.subject = 'operator:' || o.name AND a.actor = $1 AND a.at > $3
    AND (a.action = 'operator.disable' AND o.role = ANY ($2::text[])
      OR a.action = 'operator.role' AND a.detail->>'before' = ANY ($2::text[])))))
"""  # noqa: S608 - our own text
"""Whether somebody else could approve, or could have before $1 disabled or demoted that operator."""


async def _do(deps: Deps, act: Asked, operator: str, leave: Leave) -> Any:  # noqa: ANN401 - what the act returns
    """Do an act as `operator`. Raises what it raises, and AboveLimit."""
    doing: Awaitable[Any]
    match act:
        case PointsGrant():
            doing = movements.adjust(deps, act.member_id, act.points, act.once, act.reason, operator, leave)
        case GrowthGrant():
            doing = progress.correct(
                deps, act.member_id, act.amount, act.once, act.reason, operator, leave, anew=act.anew
            )
        case PriceChange() | ActivityChange() | CouponPublish():
            doing = _APPLIES[act.kind](deps, msgspec.json.decode(act.document), operator, act.reason, (), leave)
        case CouponIssue():
            doing = issues.ask(deps, _issue(act), operator, leave)
        case RulePublish() | CommissionPublish() | LevelsPublish() | StackingPublish():
            doing = _publish(deps, act, operator, leave)
        case SettingsChange():
            doing = policy.change(deps, act.policy, act.version, act.reason, operator, leave)
        case RefundApprove():
            doing = refunds.approve(deps, act.refund_no, operator, act.reason, restock=act.restock, leave=leave)
        case _:
            doing = _approve_withdrawal(deps, act, operator, leave.second)
    return await doing


def _publish(
    deps: Deps, act: RulePublish | CommissionPublish | LevelsPublish | StackingPublish, operator: str, leave: Leave
) -> Awaitable[Any]:
    match act:
        case RulePublish():
            return rebate_rules.publish(deps, act.terms, act.reason, operator, act.base, leave)
        case CommissionPublish():
            return commission_policies.apply(deps, act.terms, act.reason, operator, act.base, leave)
        case LevelsPublish():
            return levels.change(deps, act.levels, act.version, act.reason, operator, leave)
        case _:
            return stacking.publish(deps, act.matrix, act.reason, operator, act.base, leave)


_APPLIES: Mapping[Kind, Callable[..., Awaitable[Any]]] = {
    Kind.PRICE: catalogue_apply.apply,
    Kind.ACTIVITY: activity_apply.apply,
    Kind.COUPON: coupon_apply.apply,
}
"""What applies a file of each kind. All take Deps, the document, actor, reason, wrong places and Leave."""


async def judge(deps: Deps, act: DocumentAct, wrong: Collection[str]) -> None:
    """Judge a document whose form has mistakes at the places `wrong`; nothing is written. Raises FileInvalid."""
    await _APPLIES[act.kind](deps, msgspec.json.decode(act.document), SYSTEM, act.reason, wrong)


def _issue(act: CouponIssue) -> issues.Wanted:
    return issues.Wanted(
        template_id=act.template_id,
        segment=act.segment,
        days=act.days,
        members=act.members,
        levels=act.levels,
        once=act.once,
        reason=act.reason,
    )


async def _approve_withdrawal(
    deps: Deps, act: WithdrawalApprove, operator: str, second: Second | None
) -> WithdrawalView:
    """Approve as the first operator, or as the second. Raises Awaiting if a second one is needed."""
    by, why = (operator, act.reason) if second is None else (second.operator, second.reason)
    after = await withdrawal_requests.approve(deps, act.withdrawal_no, by, why)
    if after.state is not WithdrawalState.REQUESTED:
        return after
    raise Awaiting(await db.fetch_value("SELECT id FROM approvals WHERE key = $1 AND state = 'waiting'", act.key))


class _Waiting(msgspec.Struct, frozen=True):
    """An approval to decide about."""

    id: int
    kind: Kind
    act: Asked
    state: ApprovalState
    asked_by: str
    role: str


_ONE = f"SELECT {db.columns(_Waiting)} FROM approvals WHERE id = $1"  # noqa: S608 - our own names


async def _to_decide(approval_id: int, operator: Asker) -> _Waiting:
    """Return an approval that this operator may decide about. Raises NotFound, StateConflict, NotAllowed."""
    found = await _one(approval_id)
    if found.asked_by == operator.name:
        raise NotAllowed(reason="second_approver")
    if not may(Role(operator.role), DECIDES[found.kind]):
        raise NotAllowed
    return found


async def _one(approval_id: int) -> _Waiting:
    row = await db.fetch_row(_ONE, approval_id)
    if row is None:
        raise NotFound(what="approval")
    found = db.typed(row, _Waiting)
    if found.state is not S.WAITING:
        raise StateConflict(status=found.state)
    return found


async def approve(deps: Deps, approval_id: int, operator: Asker, reason: str) -> str | None:
    """Approve an act as a second operator: it is done now, once. Return why it could not be done, or None if it was.

    Raises NotFound, StateConflict (another operator was quicker), NotAllowed (one's own, or without the act's
    permission), Busy.
    """
    found = await _to_decide(approval_id, operator)
    leave = Leave(found.kind, found.role, second=Second(found.id, operator.name, reason))
    why = _NOTHING_LEFT
    try:
        await _do(deps, found.act, found.asked_by, leave)
    except NotAllowed:
        raise
    except Refusal as refusal:
        if refusal.status >= batches.OURS:
            raise
        why = law.why_failed(refusal)
    return await _failed(deps, found, operator.name, why)


async def _failed(deps: Deps, found: _Waiting, operator: str, why: str) -> str | None:
    """Let the approval fail if the act has not made it `approved`; return why."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        held = await approvals.hold(tx, found.id)
        if held.state is S.APPROVED and held.decided_by == operator:
            return None
        if held.state is not S.WAITING:
            raise StateConflict(status=held.state)
        await approvals.end(tx, found.id, S.FAILED, operator, why, at)
    return why


async def reject(deps: Deps, approval_id: int, operator: Asker, why: str) -> None:
    """Reject an act as a second operator. A withdrawal is rejected with it, and its member reads `why`.

    Raises as `approve`.
    """
    found = await _to_decide(approval_id, operator)
    if isinstance(found.act, WithdrawalApprove):
        await withdrawal_requests.reject(deps, found.act.withdrawal_no, operator.name, why)
        return
    await _end(deps, found.id, S.REJECTED, operator.name, why)


async def cancel(deps: Deps, approval_id: int, operator: str, why: str) -> None:
    """Take back what one has asked for oneself. Raises NotFound, StateConflict, NotAllowed (another's), Busy."""
    found = await _one(approval_id)
    if found.asked_by != operator:
        raise NotAllowed
    await _drop(deps, found, S.CANCELLED, operator, why)


async def _drop(deps: Deps, found: _Waiting, state: ApprovalState, by: str, why: str) -> None:
    if isinstance(found.act, WithdrawalApprove):
        await withdrawal_requests.take_back_approval(deps, found.act.withdrawal_no, state, by, why)
    else:
        await _end(deps, found.id, state, by, why)


async def _end(deps: Deps, approval_id: int, state: ApprovalState, by: str, why: str) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        held = await approvals.hold(tx, approval_id)
        if held.state is not S.WAITING:
            raise StateConflict(status=held.state)
        await approvals.end(tx, approval_id, state, by, why, at)


async def expire_due(deps: Deps) -> int:
    """Give up what nobody approved in time, at most one batch; return how many. Old uses of limits are deleted."""
    at = deps.clock.now()
    rows = await db.fetch(
        f"SELECT {db.columns(_Waiting)} FROM approvals WHERE state = 'waiting' AND expires_at <= $1"  # noqa: S608 - our own names
        " ORDER BY asked_at LIMIT $2",
        at,
        batches.SIZE,
    )
    due = [db.typed(row, _Waiting) for row in rows]
    done = await batches.each(deps, "approval", due, lambda one: _drop(deps, one, S.EXPIRED, SYSTEM, _EXPIRED))
    await db.fetch("DELETE FROM limit_uses WHERE day < $1", shanghai_day(at - _USES_KEPT))
    return done


async def warn(deps: Deps) -> None:
    """Raise an alarm for each approval that has waited for a day. Raises Busy."""
    at = deps.clock.now()
    rows = await db.fetch(
        "SELECT id, kind, subject, asked_by FROM approvals a WHERE state = 'waiting' AND asked_at <= $1"
        " AND NOT EXISTS (SELECT FROM alarms WHERE kind = 'approval_waits' AND subject = 'approval:' || a.id)"
        " ORDER BY asked_at LIMIT $2",
        at - _WAITS_LONG,
        batches.SIZE,
    )
    if not rows:
        return
    async with db.transaction() as tx:
        for row in rows:
            detail = {"kind": row["kind"], "of": row["subject"], "asked_by": row["asked_by"]}
            await alarms.sound(tx, "approval_waits", f"approval:{row['id']}", at, detail)
