"""A second, slow implementation of 推三返一, written from the text of the rule alone. `decide` must agree with it.

It uses exact fractions, no sorting and no shortcuts, and takes only plain values from `server.rules`. An order that
would bring less than one fen even before any cap counts as not returnable; else it would block its member's cycles.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from fractions import Fraction
from math import floor

from server.rules.rebates import Candidate, Close, CycleFacts, Join, LineNet, OpenRebate, Qualified, RuleTerms, Wait

Outcome = Close | Join | Wait


def counted_cash(terms: RuleTerms, lines: Iterable[LineNet]) -> int:
    """Return the net cash of the lines in scope."""
    total = 0
    for line in lines:
        named = line.product_id in (terms.scope.products or ()) or line.category_id in (terms.scope.categories or ())
        if terms.scope.all or named:
            total += line.net_cash_fen
    return total


def uncapped(terms: RuleTerms, order: Candidate) -> Fraction:
    """Net cash in scope × ratio, as much of it as the stages post."""
    part = Fraction(terms.ratio_bp, 10_000) * Fraction(sum(terms.stages_bp), 10_000)
    return counted_cash(terms, order.lines) * part


def can_return(terms: RuleTerms, order: Candidate, facts: CycleFacts) -> bool:
    """Whether the order has a returnable kind and age, and would bring something."""
    age = facts.now - order.paid_at
    young = terms.returnable_days is None or age <= timedelta(days=terms.returnable_days)
    return young and order.kind in terms.return_kinds and uncapped(terms, order) >= 1


def older(one: Candidate, other: Candidate) -> bool:
    """Whether `one` was paid earlier; for equal times, whether it has the lower id."""
    return one.paid_at < other.paid_at or (one.paid_at == other.paid_at and one.order_id < other.order_id)


def first_of(orders: list[Candidate], before: Callable[[Candidate, Candidate], bool]) -> Candidate:
    """Return the order that comes before all others."""
    (found,) = [one for one in orders if not any(before(other, one) for other in orders)]
    return found


def picked(terms: RuleTerms, orders: list[Candidate], facts: CycleFacts, used: list[Qualified]) -> Candidate | None:
    """Return the order to be returned; None while the member may still choose."""

    def cash(order: Candidate) -> int:
        return counted_cash(terms, order.lines)

    def newer(one: Candidate, other: Candidate) -> bool:
        return one.paid_at > other.paid_at or (one.paid_at == other.paid_at and one.order_id < other.order_id)

    def higher(one: Candidate, other: Candidate) -> bool:
        return cash(one) > cash(other) or (cash(one) == cash(other) and older(one, other))

    def lower(one: Candidate, other: Candidate) -> bool:
        return cash(one) < cash(other) or (cash(one) == cash(other) and older(one, other))

    if terms.pick != "member_chooses":
        return first_of(orders, {"oldest": older, "newest": newer, "highest": higher, "lowest": lower}[terms.pick])
    for order in orders:
        if order.order_id == facts.chosen_order_id:
            return order
    oldest = first_of(orders, older)
    possible_since = oldest.paid_at
    for one in used:
        possible_since = max(possible_since, one.counted_at)
    return oldest if facts.now - possible_since >= timedelta(days=30) else None


def payout_cap(terms: RuleTerms, nets_fen: Iterable[int], given_fen: int) -> Fraction | None:
    """Net cash of all these orders × `payout_cap_bp`, less what else they give."""
    if terms.payout_cap_bp is None:
        return None
    return max(Fraction(0), sum(nets_fen) * Fraction(terms.payout_cap_bp, 10_000) - given_fen)


def amount(terms: RuleTerms, order: Candidate, facts: CycleFacts, used: list[Qualified]) -> int | Wait:
    """Apply the ratio, then the caps in the order of the rule, and round once at the end."""
    exact = uncapped(terms, order)
    if terms.cap_fen is not None:
        exact = min(exact, Fraction(terms.cap_fen))
    if terms.member_month_cap_fen is not None:
        exact = min(exact, Fraction(terms.member_month_cap_fen))
        if terms.member_month_cap_fen - facts.month_granted_fen < floor(exact):
            return Wait("month_cap")
    if not terms.staged and too_much(terms, facts, floor(exact)):
        return Wait("budget")
    cap = payout_cap(terms, [one.order_net_fen for one in used], sum(one.gives.fen for one in used))
    if cap is not None and not terms.staged:
        exact = min(exact, cap)
    return floor(exact) or Wait("amount")


def too_much(terms: RuleTerms, facts: CycleFacts, amount_fen: int) -> bool:
    """Whether less than this is left of the budget; a staged rebate books what it grants, stage by stage."""
    return terms.budget_fen is not None and terms.budget_fen - facts.budget_used_fen < amount_fen


def posted(terms: RuleTerms, whole_fen: int, nets_fen: list[int], given_fen: int) -> int:
    """Return the sum that must have been posted when these qualifying orders have joined."""
    stages = [floor(Fraction(whole_fen * part, sum(terms.stages_bp))) for part in terms.stages_bp]
    stages[-1] = whole_fen - sum(stages[:-1])
    cap = payout_cap(terms, nets_fen, given_fen)
    return sum(stages[: len(nets_fen)]) if cap is None else min(sum(stages[: len(nets_fen)]), floor(cap))


def told(terms: RuleTerms, facts: CycleFacts) -> Outcome:
    """Return the outcome for these facts. A `Close` has no steps of its sum."""
    needed = 1 if terms.staged or facts.open_rebate is not None else terms.required
    if len(facts.counted) < needed:
        return Wait("qualifications")
    if facts.open_rebate is not None:
        return joined(terms, facts, facts.open_rebate, facts.counted[0])
    if terms.max_cycles is not None and facts.live_cycles >= terms.max_cycles:
        return Wait("cycles")
    return closed(terms, facts, list(facts.counted[:needed]))


def joined(terms: RuleTerms, facts: CycleFacts, rebate: OpenRebate, joining: Qualified) -> Join | Wait:
    """Continue a cycle with stages."""
    nets = [*rebate.order_nets_fen, joining.order_net_fen]
    given_fen = rebate.given_fen + joining.gives.fen
    more = max(0, posted(terms, rebate.whole_fen, nets, given_fen) - rebate.granted_fen)
    return Wait("budget") if too_much(terms, facts, more) else Join(joining.id, rebate.id, len(nets), more)


def closed(terms: RuleTerms, facts: CycleFacts, used: list[Qualified]) -> Close | Wait:
    """Close a cycle, or open it with its first stage."""
    orders = [order for order in facts.candidates if can_return(terms, order, facts)]
    if not orders:
        return Wait("order")
    order = picked(terms, orders, facts, used)
    if order is None:
        return Wait("choice")
    whole = amount(terms, order, facts, used)
    if isinstance(whole, Wait):
        return whole
    nets = [one.order_net_fen for one in used]
    on_them = [one.gives.fen for one in used]
    running = [posted(terms, whole, nets[:count], sum(on_them[:count])) for count in range(len(nets) + 1)]
    if too_much(terms, facts, running[-1]):
        return Wait("budget")
    stages = tuple(running[position + 1] - running[position] for position in range(len(nets)))
    return Close(tuple(one.id for one in used), order.order_id, order.order_no, whole, stages, ())
