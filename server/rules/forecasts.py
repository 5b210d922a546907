"""Which order would come back next, and about how much: the law's own decision, asked before its time."""

from dataclasses import dataclass, replace

from server.rules.rebates import Close, CycleFacts, Qualified, RuleTerms, decide

_PLENTY_FEN = 10**12
"""What a friend still to come is taken to pay: enough that no payout cap cuts because of them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The order that would be returned, and at most how much of it."""

    order_id: int
    estimate_fen: int


def forecast(terms: RuleTerms, facts: CycleFacts) -> Forecast | None:
    """What `decide` would say if the friends still missing bought plenty now, and month and budget were untouched.

    None when nothing could come back: no returnable order, no choice made yet, all cycles used.
    """
    missing = terms.required - len(facts.counted)
    coming = (Qualified(0, _PLENTY_FEN, facts.now),) * missing
    decision = decide(terms, replace(facts, counted=(*facts.counted, *coming), month_granted_fen=0, budget_used_fen=0))
    return Forecast(decision.order_id, decision.whole_fen) if isinstance(decision, Close) else None
