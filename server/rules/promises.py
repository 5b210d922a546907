"""What an order counts for in 推三返一: one answer for checkout, the order, the centre and the rule's own page.

A promise is what the rule would do now, so it is asked of the rule itself, and what is not so is said with its reason.
Pages show these sentences as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import msgspec

from server.core.money import yuan
from server.rules.rebates import Candidate, LineNet, RuleTerms, qualifies, returnable
from server.rules.stacking import KIND_NAMES, Matrix

Reward = Literal["qualifies", "returnable"]
Reason = Literal["kind", "scope", "amount", "age", "cycles", "refund"]


class Counting(msgspec.Struct, frozen=True):
    """Whether an order counts for `what`, as a sentence; `reason` says why it does not."""

    what: Reward
    counts: bool
    reason: Reason | None
    label: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that is previewed, waits for payment, or is paid. `state` is that of its own qualification."""

    kind: str
    lines: tuple[LineNet, ...]
    for_qualification: bool
    for_return: bool
    """What the stacking matrix said when it was placed."""
    paid_at: datetime | None = None
    refund_open: bool = False
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The buyer, with the number of the buyer's own closed cycles."""

    referred: bool
    """Whether there is a referrer who can still gain."""
    qualified: bool
    """Whether another order counts already, or a review has said that none ever will."""
    cycles: int


def as_combined(terms: RuleTerms, matrix: Matrix) -> RuleTerms:
    """Return the terms as new orders meet them: only kinds that the stacking matrix allows too."""
    return msgspec.structs.replace(
        terms,
        qualify_kinds=tuple(kind for kind in terms.qualify_kinds if matrix.of(kind).qualifies),
        return_kinds=tuple(kind for kind in terms.return_kinds if matrix.of(kind).returnable),
    )


def qualifying(terms: RuleTerms, order: Ordered, buyer: Standing) -> Counting | None:
    """Say whether the order counts for the buyer's referrer; None where there is nothing to say.

    Nobody without a referrer is told of it, nor anybody who has counted already.
    """
    if order.state in {"counted", "consumed"}:
        return _yes("qualifies", "本单已计入推荐人的有效推荐")
    if order.state == "held":
        return _yes("qualifies", "确认后，本单计入推荐人的有效推荐")
    if order.state == "pending":
        return _yes("qualifies", _when_it_counts(terms, order.kind))
    if not buyer.referred or buyer.qualified:
        return None
    reason = _not_qualifying(terms, order)
    if reason is not None:
        least = yuan(terms.min_paid_fen).removesuffix(".00")
        short = f"参与商品的现金实付不满 {least} 元" if terms.min_paid_fen > 1 else _NO_CASH
        why = short if reason == "amount" else _because(reason, order.kind)
        return _no("qualifies", reason, f"本单不计入推荐人的有效推荐：{why}")
    # Once paid, only a qualification counts: a review may have ended it.
    return None if order.paid_at else _yes("qualifies", _when_it_counts(terms, order.kind))


def returning(terms: RuleTerms, order: Ordered, buyer: Standing, now: datetime) -> Counting:
    """Say whether the order may be the one that a full cycle of the buyer's friends returns."""
    reason = _not_returnable(terms, order, buyer, now)
    if reason is None:
        label = f"本单可被返还：集满 {terms.required} 位好友的首单后，按规则返还其中一笔订单"
        return _yes("returnable", label)
    why = {
        "age": f"付款已超过 {terms.returnable_days} 天",
        "cycles": f"每人最多返还 {terms.max_cycles} 次，已经用完",
        "refund": "有退款正在处理，有结果后再看",
    }.get(reason) or _because(reason, order.kind)
    return _no("returnable", reason, f"本单不可被返还：{why}")


def welcome(terms: RuleTerms) -> str:
    """Return what somebody who has just come through a friend's share is told about their first order."""
    done = "确认收货" if terms.qualify_at == "received" else "付款"
    return f"你的首单{done}且符合规则，就为 TA 计上一位"


def _yes(what: Reward, label: str) -> Counting:
    return Counting(what, counts=True, reason=None, label=label)


def _no(what: Reward, reason: Reason, label: str) -> Counting:
    return Counting(what, counts=False, reason=reason, label=label)


_NO_CASH = "参与商品没有现金实付"


def _because(reason: Reason, kind: str) -> str:
    if reason == "kind":
        return f"{KIND_NAMES[kind]}不参与"
    return "没有参与活动的商品" if reason == "scope" else _NO_CASH


def _when_it_counts(terms: RuleTerms, kind: str) -> str:
    team = "成团" if kind == "group_buy" else ""
    if terms.qualify_at == "received":
        return f"{team and '成团并'}确认收货后，本单计入推荐人的有效推荐"
    return f"{team or '付款'}后，本单计入推荐人的有效推荐"


def _not_qualifying(terms: RuleTerms, order: Ordered) -> Reason | None:
    if not order.for_qualification or order.kind not in terms.qualify_kinds:
        return "kind"
    if qualifies(terms, order.kind, order.lines):
        return None
    return "amount" if _in_scope(terms, order.lines) else "scope"


def _not_returnable(terms: RuleTerms, order: Ordered, buyer: Standing, now: datetime) -> Reason | None:
    if not order.for_return or order.kind not in terms.return_kinds:
        return "kind"
    if not _in_scope(terms, order.lines):
        return "scope"
    new = Candidate(0, "", order.kind, now, order.lines)
    if not returnable(terms, [new], now):
        return "amount"
    if order.paid_at is not None and not returnable(terms, [replace(new, paid_at=order.paid_at)], now):
        return "age"
    if terms.max_cycles is not None and buyer.cycles >= terms.max_cycles:
        return "cycles"
    return "refund" if order.refund_open else None


def _in_scope(terms: RuleTerms, lines: Sequence[LineNet]) -> bool:
    return any(terms.scope.covers(line.product_id, line.category_id) for line in lines)
