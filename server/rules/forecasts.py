"""Forecast which order would be returned next and about how much of it, by asking `decide` before the cycle is full."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.rules.rebate_words import payout_limit
from server.rules.rebates import Close, CycleFacts, LineNet, Qualified, RuleTerms, Wait, decide

_PLENTY_FEN = 10**12
"""The assumed payment of each missing friend: so large that no payout cap cuts the rebate because of them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The order that would be returned, and the most that would be returned of it.

    `waits` says in words that friends are not all that is missing: the month or the budget has too little left.
    """

    order_id: int
    estimate_fen: int
    waits: str | None = None


_LATER = {
    "month_cap": "本月的返还额度剩得不够，会顺延到额度够的月份",
    "budget": "本期的返还预算剩得不够，会等到有预算时",
}


def forecast(terms: RuleTerms, facts: CycleFacts) -> Forecast | None:
    """Return what `decide` would say if the missing friends bought enough now.

    A month or a budget that has too little left only puts it off: the estimate is what it brings then. None when
    nothing could be returned: no returnable order, no choice made yet, or all cycles used.
    """
    missing = terms.required - len(facts.counted)
    coming = (Qualified(0, 0, _PLENTY_FEN, facts.now),) * missing
    full = replace(facts, counted=(*facts.counted, *coming))
    decision = decide(terms, full)
    waits = _LATER.get(decision.reason) if isinstance(decision, Wait) else None
    if waits is not None:
        decision = decide(terms, replace(full, month_granted_fen=0, budget_used_fen=0))
    return Forecast(decision.order_id, decision.whole_fen, waits) if isinstance(decision, Close) else None


def after_refund(terms: RuleTerms, facts: CycleFacts, found: Forecast, left: Sequence[LineNet]) -> int:
    """Return the estimate of the same order if only this net cash is left of its lines after an open refund."""
    order = next(one for one in facts.candidates if one.order_id == found.order_id)
    alone = replace(facts, candidates=(replace(order, lines=tuple(left)),))
    again = forecast(terms, alone)
    return min(found.estimate_fen, again.estimate_fen) if again else 0


def condition(terms: RuleTerms, missing: int, waits: str | None, *, refund_open: bool, left_fen: int) -> str:
    """Return the conditions of an estimate as a sentence; `left_fen` is the estimate after an open refund."""
    if refund_open and not left_fen:
        return "这一单正在退款，退款成功后不再返还，会按规则改选"
    found = ["这一单有退款正在处理，按退款后剩下的金额估算"] if refund_open else []
    limit = payout_limit(terms)
    if missing > 0 and limit:
        found.append(limit)
    if waits is not None:
        found.append(waits)
    found.append("好友退款或这一单退款会减少返还")
    return "；".join(found)
