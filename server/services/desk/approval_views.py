"""What operators see of the approvals: the list, one approval with what it would change, how many wait for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import orjson

from server import db
from server.core.errors import NotAllowed, NotFound
from server.gateways.ports import Deps
from server.rules import commission_words, labels, record_words, rule_forms
from server.rules.approvals import DECIDES, VIEWS, ApprovalState, Asked, CommissionPublish, RulePublish, measure
from server.rules.limits import Kind
from server.rules.operators import Permission, Role, may
from server.rules.rebates import complete
from server.rules.record_words import subject_of
from server.rules.rule_forms import Change
from server.services.common import approvals, cursors
from server.services.common.listings import Column, Filter, Key, Listing, Row, Way, choice, search, since, until
from server.services.desk import commissions, rules
from server.services.operators.sessions import Operator


def _opened(_deps: Deps, row: Row) -> Row:
    kind = Kind(row["kind"])
    return row | {
        "about": record_words.thing(row["subject"]),
        "measured": measure(kind, row["weight"]),
        "limit": measure(kind, row["allowed"]),
    }


APPROVALS = Listing(
    name="approvals",
    title="待审批",
    things="申请",
    permission=Permission.APPROVALS_VIEW,
    select=(
        "a.id, a.kind, a.subject, a.state, a.weight, a.allowed, a.asked_by, a.act->>'reason' AS reason, a.asked_at,"
        " a.decided_by, a.decided_at, a.why"
    ),
    source="approvals a",
    keys=(Key("a.id", cursors.Number),),
    columns=(
        Column("编号", "id", to="/admin/approvals/{id}"),
        Column("事项", "kind", words=labels.APPROVAL_KINDS),
        Column("对象", "about"),
        Column("数量", "measured"),
        Column("每天限额", "limit"),
        Column("申请人", "asked_by"),
        Column("申请理由", "reason"),
        Column("申请时间", "asked_at", "when"),
        Column("状态", "state", "tag", words=labels.APPROVAL_STATES),
        Column("审批人", "decided_by"),
        Column("审批时间", "decided_at", "when"),
        Column("审批说明", "why"),
    ),
    filters=(
        search("对象，如 退款 R26… 或 会员 12", Way("a.subject = {0}", read=lambda _deps, text: subject_of(text))),
        choice("state", "状态", "a.state", labels.APPROVAL_STATES, ApprovalState.WAITING),
        choice("kind", "事项", "a.kind", labels.APPROVAL_KINDS),
        Filter("asked_by", "申请人", (Way("a.asked_by = {0}"),)),
        since("a.asked_at", "申请从"),
        until("a.asked_at"),
    ),
    empty="还没有需要审批的操作",
    opened=_opened,
)


async def to_decide(operator: Operator) -> int:
    """Count what waits for this operator's decision. Raises Busy."""
    kinds = [kind for kind, permission in DECIDES.items() if may(operator.role, permission)]
    found: int = await db.fetch_value(
        "SELECT count(*) FROM approvals WHERE state = 'waiting' AND asked_by <> $1 AND kind = ANY ($2::text[])",
        operator.name,
        kinds,
    )
    return found


class Shown(msgspec.Struct, frozen=True):
    """A row of `approvals`. The table explains its columns; `detail` stays JSON."""

    id: int
    kind: Kind
    subject: str
    act: Asked
    detail: str
    weight: int
    allowed: int
    asked_by: str
    role: str
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One approval, and what the operator may do about it."""

    row: Shown
    measured: str
    limit: str
    action: str
    """The act's name in the operators' log, whose words tell `detail`."""
    detail: object
    changes: Sequence[Change] | None
    """What terms that wait would change in those in force now; None for other kinds, and once it is decided."""
    may_decide: bool
    may_cancel: bool


_ACTIONS: dict[Kind, str] = {
    Kind.POINTS: "member.points",
    Kind.GROWTH: "member.growth",
    Kind.PRICE: "product.apply",
    Kind.RULE: "rule_publish",
    Kind.COMMISSION: "commission.apply",
    Kind.LEVELS: "levels.change",
    Kind.STACKING: "stacking_publish",
    Kind.COUPON: "coupon.apply",
    Kind.COUPON_ISSUE: "coupon.issue",
    Kind.ACTIVITY: "activity.apply",
    Kind.SETTINGS: "settings.change",
    Kind.REFUND: "refund_approve",
    Kind.WITHDRAWAL: "withdrawal_approve",
}
_ONE = f"SELECT {db.columns(Shown)} FROM approvals WHERE id = $1"  # noqa: S608 - our own names


async def detail(deps: Deps, approval_id: int, operator: Operator) -> Detail:
    """Return one approval. Raises NotFound, NotAllowed (its kind is not for the operator's role), Busy."""
    async with db.connection() as connection:
        found = await connection.fetchrow(_ONE, approval_id)
        if found is None:
            raise NotFound(what="approval")
        row = db.typed(found, Shown)
        decides = await approvals.may_decide(connection, operator.name, row.asked_by, row.kind, deps.clock.now())
    mine = row.asked_by == operator.name
    if not mine and not may(operator.role, VIEWS[row.kind]):
        raise NotAllowed
    waiting = row.state is ApprovalState.WAITING
    said = orjson.loads(row.detail)
    return Detail(
        row=row,
        measured=measure(row.kind, row.weight),
        limit=measure(row.kind, row.allowed),
        action=_ACTIONS[row.kind],
        detail=said,
        changes=await _changes(row.act) if waiting else None,
        may_decide=waiting and decides,
        may_cancel=waiting and mine,
    )


async def _changes(act: Asked) -> Sequence[Change] | None:
    match act:
        case RulePublish():
            rule, words = await rules.newest(), await rules.in_words(complete(act.terms))
            return rule_forms.changes(rule.words.fields, words.fields) if rule else []
        case CommissionPublish():
            policies, told = await commissions.newest(), await commissions.in_words(act.terms)
            return commission_words.changes(policies.words.fields if policies else {}, told.fields)
        case _:
            return None


def role_label(role: str) -> str:
    """Return the name of an asker's role."""
    return labels.ROLES[Role(role)] if role in labels.ROLES else "命令行"
