"""Forecast which order would be returned next and about how much of it, by asking `decide` before the cycle is full."""

from dataclasses import dataclass, replace

from server.rules.rebates import Close, CycleFacts, Qualified, RuleTerms, decide

_PLENTY_FEN = 10**12
"""The assumed payment of each missing friend: so large that no payout cap cuts the rebate because of them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The order that would be returned, and the most that would be returned of it."""

    order_id: int
    estimate_fen: int


def forecast(terms: RuleTerms, facts: CycleFacts) -> Forecast | None:
    """Return what `decide` would say if the missing friends bought enough now.

    The monthly cap and the budget are taken as unused.

    None when nothing could be returned: no returnable order, no choice made yet, or all cycles used.
    """
    missing = terms.required - len(facts.counted)
    coming = (Qualified(0, 0, _PLENTY_FEN, facts.now),) * missing
    decision = decide(terms, replace(facts, counted=(*facts.counted, *coming), month_granted_fen=0, budget_used_fen=0))
    return Forecast(decision.order_id, decision.whole_fen) if isinstance(decision, Close) else None
