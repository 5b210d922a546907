"""Prove entitlement: what was granted is what rules/ gives, from the facts that were stored with it and its orders.

No rule is written a second time in SQL: rows are streamed through the functions that decided them.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from server.ledger.proofs import months
from server.ledger.proofs.replay import Known, Offender, Replay, each
from server.ledger.proofs.scope import Scope
from server.rules import commissions
from server.rules.commissions import CommissionTerms, Earner, Line, LineNow
from server.rules.rebate_history import Closed, Event, OwnRefunded, Standing, prove
from server.rules.rebates import LineNet, RuleTerms, Step


class _Line(msgspec.Struct, frozen=True):
    id: int
    product_id: int
    category_id: int
    quantity: int
    cash_fen: int
    net_fen: int


class _Part(msgspec.Struct, frozen=True):
    line_id: int
    amount_fen: int


class _Earner(msgspec.Struct, frozen=True):
    member_level: int
    month_fen: int
    bonus_bp: int


class _Explanation(msgspec.Struct, frozen=True):
    lines: tuple[_Part, ...]
    earner: _Earner | None = None


class _Granted(msgspec.Struct, frozen=True):
    id: int
    level: int
    version: int
    whole_fen: int
    granted_fen: int
    explanation: _Explanation


class _Candidate(msgspec.Struct, frozen=True):
    """A referrer who may have earned from an order."""

    level: int
    member_id: int
    member_level: int


class _Order(msgspec.Struct, frozen=True):
    order_id: int
    paid_at: datetime
    lines: tuple[_Line, ...]
    granted: tuple[_Granted, ...]
    earners: tuple[_Candidate, ...] | None = None


_order_in = msgspec.json.Decoder(_Order)

_COMMISSIONS = """
SELECT jsonb_build_object('order_id', o.id, 'paid_at', o.paid_at, 'lines', l.lines, 'granted', c.granted)
FROM (SELECT order_id, jsonb_agg(jsonb_build_object('id', id, 'level', level, 'version', version,
    'whole_fen', whole_fen, 'granted_fen', granted_fen, 'explanation', explanation) ORDER BY level) AS granted
  FROM commissions GROUP BY order_id) c
JOIN orders o ON o.id = c.order_id
JOIN (SELECT order_id, jsonb_agg(jsonb_build_object('id', id, 'product_id', product_id, 'category_id', category_id,
    'quantity', quantity, 'cash_fen', cash_fen, 'net_fen', cash_fen - refunded_cash_fen) ORDER BY position) AS lines
  FROM order_lines WHERE order_id IN (SELECT order_id FROM commissions) GROUP BY order_id) l ON l.order_id = o.id
WHERE $1::timestamptz IS NOT NULL
"""

# Orders that brought nobody anything, though there was time to decide.
_UNDECIDED = """
SELECT jsonb_build_object('order_id', o.id, 'paid_at', o.paid_at, 'granted', '[]'::jsonb, 'lines',
  (SELECT jsonb_agg(jsonb_build_object('id', id, 'product_id', product_id, 'category_id', category_id,
      'quantity', quantity, 'cash_fen', cash_fen, 'net_fen', cash_fen - refunded_cash_fen) ORDER BY position)
    FROM order_lines WHERE order_id = o.id),
  'earners', (SELECT jsonb_agg(jsonb_build_object('level', e.level, 'member_id', e.id, 'member_level', COALESCE(
      (SELECT after FROM level_changes WHERE member_id = e.id AND at <= o.paid_at ORDER BY id DESC LIMIT 1), 0)))
    FROM (VALUES (1, o.referrer_id), (2, o.ancestor2_id)) AS e (level, id)
    WHERE EXISTS (SELECT FROM public.members WHERE id = e.id AND state <> 'closed')))
FROM orders o WHERE o.for_commission AND o.referrer_id IS NOT NULL AND o.paid_at < $1::timestamptz
  AND o.status IN ('paid', 'shipped', 'received', 'completed')
  AND EXISTS (SELECT FROM commission_versions WHERE published_at < o.paid_at)
  AND NOT EXISTS (SELECT FROM public.commissions WHERE order_id = o.id)
"""


def _version_at(known: Known, paid_at: datetime) -> int | None:
    """Return the version in force when an order was paid; one published in the same second does not apply yet."""
    second = paid_at.replace(microsecond=0)
    return next((version for version, published_at in known.published if published_at < second), None)


def _judge_commissions(known: Known, order: _Order) -> Offender | None:
    terms = known.commissions.get(order.granted[0].version)
    said = {one.level: (one.whole_fen, one.granted_fen) for one in order.granted}
    due: dict[int, tuple[int, int]] = {}
    if terms is not None:
        due = _due(terms, order, _kept(order))
    versions = {one.version for one in order.granted}
    if said == due and versions == {_version_at(known, order.paid_at)}:
        return None
    return {"order_id": order.order_id, "commission_ids": [one.id for one in order.granted], "said": said, "due": due}


def _judge_undecided(known: Known, order: _Order) -> Offender | None:
    """A month's sum is taken as zero, so a step that only a good month reaches is passed over."""
    terms = known.commissions.get(_version_at(known, order.paid_at) or 0)
    earners = [Earner(one.level, one.member_level, 0) for one in order.earners or ()]
    due = {} if terms is None else _due(terms, order, earners)
    if not any(left for _, left in due.values()):
        return None
    return {"order_id": order.order_id, "member_ids": [one.member_id for one in order.earners or ()], "due": due}


def _kept(order: _Order) -> list[Earner]:
    """Return the earners as they were when their commissions were decided."""
    return [
        Earner(one.level, earner.member_level, earner.month_fen, earner.bonus_bp)
        for one in order.granted
        if (earner := one.explanation.earner) is not None
    ]


def _due(terms: CommissionTerms, order: _Order, earners: Sequence[Earner]) -> dict[int, tuple[int, int]]:
    """Return what each level earns: as decided at payment, and what refunds left of it."""
    paid = [Line(line.id, line.product_id, line.category_id, line.quantity, line.cash_fen) for line in order.lines]
    grants = commissions.decide(terms, paid, earners)
    parts = [{line.line_id: line.amount_fen for line in grant.lines} for grant in grants]
    now = [LineNow(line.id, line.cash_fen, line.net_fen) for line in order.lines]
    left = commissions.remaining(terms.commission_cap_bp, parts, now)
    return {grant.level: (grant.whole_fen, fen) for grant, fen in zip(grants, left, strict=True)}


class _Rebate(msgspec.Struct, frozen=True):
    id: int
    member_id: int
    order_id: int
    rule_version: int
    state: str
    pay_as: str
    withdrawable: bool
    required: int
    whole_fen: int
    explanation: "_Steps"
    history: tuple[Event, ...]
    stages: tuple[int, ...]
    """Live stages, first to last."""
    friends: dict[int, int]
    """The orders of its qualifications, and their net cash now."""
    lines: tuple[LineNet, ...]
    """What is left of the returned order."""


class _Steps(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...] = ()


_rebate_in = msgspec.json.Decoder(_Rebate)

_REBATES = """
SELECT jsonb_build_object('id', r.id, 'member_id', r.member_id, 'order_id', r.order_id, 'rule_version', r.rule_version,
  'state', r.state, 'pay_as', r.pay_as, 'withdrawable', r.withdrawable, 'required', r.required,
  'whole_fen', r.whole_fen, 'explanation', r.explanation, 'history', r.history,
  'stages', COALESCE(s.amounts, '[]'), 'friends', COALESCE(q.nets, '{}'), 'lines', COALESCE(l.lines, '[]'))
FROM rebates r
LEFT JOIN (SELECT rebate_id, jsonb_agg(amount_fen ORDER BY position) AS amounts FROM rebate_stages
  WHERE state <> 'reversed' GROUP BY rebate_id) s ON s.rebate_id = r.id
LEFT JOIN (SELECT q.rebate_id, jsonb_object_agg(q.order_id, n.net) AS nets FROM qualifications q
  JOIN (SELECT order_id, sum(cash_fen - refunded_cash_fen) AS net FROM order_lines
    WHERE order_id IN (SELECT order_id FROM qualifications WHERE state = 'consumed') GROUP BY order_id) n
    ON n.order_id = q.order_id WHERE q.state = 'consumed' GROUP BY q.rebate_id) q ON q.rebate_id = r.id
LEFT JOIN (SELECT order_id, jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
    'net_cash_fen', cash_fen - refunded_cash_fen) ORDER BY id) AS lines FROM order_lines
  WHERE order_id IN (SELECT order_id FROM rebates) GROUP BY order_id) l ON l.order_id = r.order_id
WHERE $1::timestamptz IS NOT NULL
"""


def _judge_rebates(known: Known, rebate: _Rebate) -> Offender | None:
    terms = known.rules.get(rebate.rule_version)
    due = None if terms is None else _proved(terms, rebate.history)
    if terms is not None and due is not None and _fits(terms, rebate, due):
        return None
    return {
        "rebate_id": rebate.id,
        "member_id": rebate.member_id,
        "order_id": rebate.order_id,
        "rule_version": rebate.rule_version,
        "whole_fen": rebate.whole_fen,
        "stages_fen": rebate.stages,
        "due_whole_fen": due and due.whole_fen,
        "due_stages_fen": due and due.stages_fen,
    }


def _proved(terms: RuleTerms, history: Sequence[Event]) -> Standing | None:
    """Return what the rule gives; None also for facts that it never met, such as points worth nothing."""
    try:
        return prove(terms, history)
    except ArithmeticError:
        return None


def _fits(terms: RuleTerms, rebate: _Rebate, due: Standing) -> bool:
    """Whether a rebate is what the rule gives, on the terms of its version, for what its orders carry now."""
    granted = (rebate.order_id, rebate.whole_fen, rebate.stages, rebate.explanation.steps)
    on = (rebate.pay_as, rebate.withdrawable, rebate.required)
    if granted != (due.order_id, due.whole_fen, due.stages_fen, due.steps):
        return False
    if on != (terms.pay_as, terms.withdrawable, terms.required) or (rebate.state == "reversed") != (not rebate.stages):
        return False
    if rebate.state == "reversed":
        return True
    friends = {one.order_id: one.net_fen for one in due.friends}
    return friends == rebate.friends and _lines(rebate) == sorted(rebate.lines, key=_by_goods)


def _lines(rebate: _Rebate) -> list[LineNet]:
    """Return what is left of the returned order, as the history has it."""
    found: tuple[LineNet, ...] = ()
    for event in rebate.history:
        if isinstance(event, Closed):
            found = next(one.lines for one in event.facts.candidates if one.order_id == rebate.order_id)
        elif isinstance(event, OwnRefunded):
            found = event.lines
    return sorted(found, key=_by_goods)


def _by_goods(line: LineNet) -> tuple[int, int, int]:
    return line.product_id, line.category_id, line.net_cash_fen


REPLAYS: tuple[Replay, ...] = (
    Replay("commissions_move", "该分的佣金都已分", _UNDECIDED, Scope.BUYER, each(_order_in, _judge_undecided)),
    *months.REPLAYS,
    Replay("rebates_due", "每笔返一等于规则应给的金额", _REBATES, Scope.EARNER, each(_rebate_in, _judge_rebates)),
    Replay(
        "commissions_due", "每笔佣金等于策略应给的金额", _COMMISSIONS, Scope.EARNER, each(_order_in, _judge_commissions)
    ),
)
"""The one with most rows is last."""
