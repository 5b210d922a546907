"""推三返一: which orders qualify, when a cycle closes, which order is returned and how much of it.

Pure functions on plain values; amounts are integer fen. `RuleTerms` has the terms of the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from server.core.errors import RuleInvalid
from server.core.money import WHOLE_BP, yuan
from server.rules import payout_caps, waivers
from server.rules.orders import OrderKind
from server.rules.payout_caps import Gives
from server.rules.waivers import Waivers

Pick = Literal["oldest", "newest", "highest", "lowest", "member_chooses"]
CHOICE_DAYS = 30
"""The oldest order is returned when the member has not chosen one within this many days."""

_AMOUNT = msgspec.Meta(ge=1, le=10**12)
_RATE = msgspec.Meta(ge=1, le=WHOLE_BP)
_DAYS = msgspec.Meta(ge=1, le=3650)
_Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
_KINDS: tuple[OrderKind, ...] = ("normal", "group_buy")


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lines count: all, or those of the named products or categories."""

    all: bool = False
    products: tuple[_Id, ...] | None = None
    categories: tuple[_Id, ...] | None = None

    def covers(self, product_id: int, category_id: int) -> bool:
        """Whether a line of this product counts."""
        return (
            self.all
            or (self.products is not None and product_id in self.products)
            or (self.categories is not None and category_id in self.categories)
        )


class RuleTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the rebate rule; docs/guides/files.md says what each field means. `complete` checks it."""

    required: Annotated[int, msgspec.Meta(ge=2, le=10)] = 3
    qualify_at: Literal["paid", "received"] = "paid"
    observe_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 7
    scope: Scope = Scope(all=True)
    min_paid_fen: Annotated[int, _AMOUNT] = 1
    qualify_kinds: tuple[OrderKind, ...] = _KINDS
    return_kinds: tuple[OrderKind, ...] = _KINDS
    stages_bp: tuple[Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)], ...] = ()
    pick: Pick = "oldest"
    returnable_days: Annotated[int, _DAYS] | None = None
    ratio_bp: Annotated[int, _RATE] = WHOLE_BP
    cap_fen: Annotated[int, _AMOUNT] | None = None
    member_month_cap_fen: Annotated[int, _AMOUNT] | None = None
    budget_fen: Annotated[int, _AMOUNT] | None = None
    payout_cap_bp: Annotated[int, _RATE] | None = 5_000
    max_cycles: Annotated[int, msgspec.Meta(ge=1)] | None = None
    pay_as: Literal["balance", "coupon"] = "balance"
    coupon_threshold_fen: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    coupon_days: Annotated[int, _DAYS] = 30
    withdrawable: bool = False
    waivers: Waivers = Waivers()

    @property
    def staged(self) -> bool:
        """Whether any stage is posted before the cycle is full."""
        return any(self.stages_bp[:-1])


def parse_terms(text: bytes) -> RuleTerms:
    """Return complete terms from JSON. Raises RuleInvalid, which names the field and the problem."""
    try:
        terms = msgspec.json.decode(text, type=RuleTerms)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problem, _, where = str(error).partition(" - at `$.")
        raise RuleInvalid(field=where.rstrip("`"), problem=problem) from None
    return complete(terms)


def complete(terms: RuleTerms, refund_days: int = 0) -> RuleTerms:
    """Return checked terms with all their stages: if none is named, everything comes at the end. Raises RuleInvalid."""
    if not terms.stages_bp:
        terms = msgspec.structs.replace(terms, stages_bp=(*(0,) * (terms.required - 1), WHOLE_BP))
    for field, problem in problems(terms, refund_days):
        raise RuleInvalid(field=field, problem=problem)
    return terms


def problems(terms: RuleTerms, refund_days: int = 0) -> list[tuple[str, str]]:
    """Return what the types alone do not refuse, as (field, sentence for the operator).

    `refund_days` are the shop's; with 0 an observation of any length is accepted.
    """
    scope, empty = terms.scope, "至少要有一项"
    ways = (scope.all, scope.products is not None, scope.categories is not None)
    checks = (
        (len(terms.stages_bp) != terms.required, "stages_bp", f"应有 {terms.required} 项，每次有效推荐一项"),
        (not 1 <= sum(terms.stages_bp) <= WHOLE_BP, "stages_bp", "合计应在 0.01% 到 100% 之间"),
        (ways.count(True) != 1, "scope", '应为 "all": true、"products"、"categories" 之一'),
        (scope.products == (), "scope.products", empty),
        (scope.categories == (), "scope.categories", empty),
        (terms.qualify_kinds == (), "qualify_kinds", empty),
        (terms.return_kinds == (), "return_kinds", empty),
    )
    return [(field, problem) for wrong, field, problem in checks if wrong] + waivers.problems(
        terms.waivers,
        payout_cap_bp=terms.payout_cap_bp,
        observe_days=terms.observe_days,
        refund_days=refund_days,
    )


@dataclass(frozen=True, slots=True)
class LineNet:
    """The net cash that is left of a line, without freight."""

    product_id: int
    category_id: int
    net_cash_fen: int


def in_scope_fen(terms: RuleTerms, lines: Sequence[LineNet]) -> int:
    """Return the net cash of the lines that count."""
    return sum(line.net_cash_fen for line in lines if terms.scope.covers(line.product_id, line.category_id))


def qualifies(terms: RuleTerms, kind: str, lines: Sequence[LineNet]) -> bool:
    """Whether an order of this kind counts as a referee's first order."""
    return kind in terms.qualify_kinds and in_scope_fen(terms, lines) >= terms.min_paid_fen


@dataclass(frozen=True, slots=True)
class Qualified:
    """A counted qualification. They are passed oldest payment first."""

    id: int
    order_id: int
    order_net_fen: int
    """Net cash of the whole qualifying order."""
    counted_at: datetime
    gives: Gives = payout_caps.NOTHING
    """What else the order gives."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paid order of the referrer that no live rebate returns."""

    order_id: int
    order_no: str
    kind: str
    paid_at: datetime
    lines: tuple[LineNet, ...]


@dataclass(frozen=True, slots=True)
class OpenRebate:
    """A staged rebate that still waits for qualifications."""

    id: int
    whole_fen: int
    granted_fen: int
    order_nets_fen: tuple[int, ...]
    """Net cash of the qualifying orders that have joined so far."""
    given_fen: int = 0
    """The sum of what else these orders give."""


@dataclass(frozen=True, slots=True)
class CycleFacts:
    """All inputs of `decide`, read under the referrer's lock."""

    now: datetime
    counted: tuple[Qualified, ...]
    open_rebate: OpenRebate | None
    candidates: tuple[Candidate, ...]
    chosen_order_id: int | None
    live_cycles: int
    month_granted_fen: int
    """The sum of the member's live rebates that closed in this calendar month."""
    budget_used_fen: int
    """Budget used by the rule version in question."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the calculation that explains a rebate."""

    label: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a cycle (staged: open it) with these qualifications, this order and this amount."""

    qualification_ids: tuple[int, ...]
    order_id: int
    order_no: str
    whole_fen: int
    stage_fen: tuple[int, ...]
    """The amount that each consumed qualification posts, in order."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """The oldest counted qualification joins an open staged rebate."""

    qualification_id: int
    rebate_id: int
    position: int
    stage_fen: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing closes now. `reason`: `qualifications, cycles, order, choice, month_cap, budget, amount`."""

    reason: str


def stage_total(terms: RuleTerms, whole_fen: int, stages: int) -> int:
    """Return the sum of the first `stages` stages: each is rounded down, and the last one gets the remainder."""
    if stages == terms.required:
        return whole_fen
    total_bp = sum(terms.stages_bp)
    return sum(whole_fen * stage_bp // total_bp for stage_bp in terms.stages_bp[:stages])


def decide(terms: RuleTerms, facts: CycleFacts) -> Close | Join | Wait:
    """Return the referrer's next step. `terms` are those of the cycle, which its oldest qualification sets."""
    needed = 1 if terms.staged or facts.open_rebate is not None else terms.required
    if len(facts.counted) < needed:
        return Wait("qualifications")
    if facts.open_rebate is not None:
        return _join(terms, facts.open_rebate, facts.counted[0], facts.budget_used_fen)
    if terms.max_cycles is not None and facts.live_cycles >= terms.max_cycles:
        return Wait("cycles")
    return _close(terms, facts, facts.counted[:needed])


def _close(terms: RuleTerms, facts: CycleFacts, consumed: Sequence[Qualified]) -> Close | Wait:
    eligible = [one for one in facts.candidates if _returnable(terms, one, facts.now)]
    if not eligible:
        return Wait("order")
    order = _pick(terms, eligible, facts, consumed)
    if order is None:
        return Wait("choice")
    amount = _amount(terms, order, facts, consumed)
    if isinstance(amount, Wait):
        return amount
    whole_fen, steps = amount
    totals = [granted(terms, whole_fen, *_carried(consumed[:joined])) for joined in range(1, len(consumed) + 1)]
    if _beyond_budget(terms, totals[-1], facts.budget_used_fen):
        return Wait("budget")
    return Close(
        qualification_ids=tuple(one.id for one in consumed),
        order_id=order.order_id,
        order_no=order.order_no,
        whole_fen=whole_fen,
        stage_fen=tuple(now - before for before, now in zip((0, *totals), totals, strict=False)),
        steps=steps,
    )


def _beyond_budget(terms: RuleTerms, amount_fen: int, used_fen: int) -> bool:
    return terms.budget_fen is not None and amount_fen > terms.budget_fen - used_fen


def _join(terms: RuleTerms, rebate: OpenRebate, joining: Qualified, budget_used_fen: int) -> Join | Wait:
    nets = [*rebate.order_nets_fen, joining.order_net_fen]
    total = granted(terms, rebate.whole_fen, nets, rebate.given_fen + joining.gives.fen)
    stage_fen = max(0, total - rebate.granted_fen)
    if _beyond_budget(terms, stage_fen, budget_used_fen):
        return Wait("budget")
    return Join(joining.id, rebate.id, len(nets), stage_fen)


def granted(terms: RuleTerms, whole_fen: int, nets_fen: Sequence[int], given_fen: int) -> int:
    """Return what is granted once orders of this net cash have joined, which give `given_fen` beside the rebate.

    The payout cap applies to a staged rebate stage by stage.
    """
    total_fen = stage_total(terms, whole_fen, len(nets_fen))
    if terms.payout_cap_bp is None:
        return total_fen
    return min(total_fen, payout_caps.payout_cap_fen(terms.payout_cap_bp, nets_fen, given_fen))


def _carried(consumed: Sequence[Qualified]) -> tuple[list[int], int]:
    return [one.order_net_fen for one in consumed], sum(one.gives.fen for one in consumed)


def _rebate_fen(terms: RuleTerms, lines: Sequence[LineNet]) -> int:
    """Return what lines bring before the caps, rounded down once: caps are whole fen, so rounding later is the same."""
    return in_scope_fen(terms, lines) * terms.ratio_bp * sum(terms.stages_bp) // WHOLE_BP**2


def _returnable(terms: RuleTerms, order: Candidate, now: datetime) -> bool:
    young = terms.returnable_days is None or order.paid_at >= now - timedelta(days=terms.returnable_days)
    return young and order.kind in terms.return_kinds and _rebate_fen(terms, order.lines) > 0


def returnable(terms: RuleTerms, orders: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Return the orders that could be returned under these terms, oldest payment first."""
    return sorted((one for one in orders if _returnable(terms, one, now)), key=_age)


def _age(order: Candidate) -> tuple[datetime, int]:
    return order.paid_at, order.order_id


def _pick(
    terms: RuleTerms, eligible: Sequence[Candidate], facts: CycleFacts, consumed: Sequence[Qualified]
) -> Candidate | None:
    """Pick the returned order; ties go to the older payment, then the lower id. None: the member has not chosen yet."""
    oldest_first = sorted(eligible, key=_age)
    match terms.pick:
        case "newest":
            return max(oldest_first, key=lambda order: order.paid_at)
        case "highest":
            return max(oldest_first, key=lambda order: in_scope_fen(terms, order.lines))
        case "lowest":
            return min(oldest_first, key=lambda order: in_scope_fen(terms, order.lines))
        case "member_chooses":
            chosen = next((one for one in oldest_first if one.order_id == facts.chosen_order_id), None)
            since = max(*(one.counted_at for one in consumed), oldest_first[0].paid_at)
            if chosen is not None or facts.now < since + timedelta(days=CHOICE_DAYS):
                return chosen
    return oldest_first[0]


def _amount(
    terms: RuleTerms, order: Candidate, facts: CycleFacts, consumed: Sequence[Qualified]
) -> tuple[int, tuple[Step, ...]] | Wait:
    """Return the whole amount and its calculation: the ratio, then the caps in the order of the fields of RuleTerms."""
    net_fen = in_scope_fen(terms, order.lines)
    amount_fen = _rebate_fen(terms, order.lines)
    steps = [Step(f"订单 {order.order_no} 现金实付", net_fen)]
    if amount_fen < net_fen:
        percent = yuan(terms.ratio_bp * sum(terms.stages_bp) // WHOLE_BP)
        steps.append(Step(f"按 {percent}% 返还", amount_fen - net_fen))

    def cut(label: str, limit_fen: int) -> None:
        nonlocal amount_fen
        if limit_fen < amount_fen:
            steps.append(Step(label, limit_fen - amount_fen))
            amount_fen = limit_fen

    if terms.cap_fen is not None:
        cut(f"单次返还上限 {yuan(terms.cap_fen)} 元", terms.cap_fen)
    if terms.member_month_cap_fen is not None:
        cut(f"每月返还上限 {yuan(terms.member_month_cap_fen)} 元", terms.member_month_cap_fen)
        if amount_fen > terms.member_month_cap_fen - facts.month_granted_fen:
            return Wait("month_cap")
    # A staged rebate books what it grants, stage by stage.
    if not terms.staged and _beyond_budget(terms, amount_fen, facts.budget_used_fen):
        return Wait("budget")
    if terms.payout_cap_bp is not None and not terms.staged:
        label = payout_caps.in_words(terms.payout_cap_bp, [one.gives for one in consumed])
        cut(label, payout_caps.payout_cap_fen(terms.payout_cap_bp, *_carried(consumed)))
    return (amount_fen, tuple(steps)) if amount_fen else Wait("amount")


def reduced(terms: RuleTerms, old_whole_fen: int, lines: Sequence[LineNet]) -> int:
    """Return the whole amount after the returned order lost some net cash.

    The old amount already respects all caps, so the smaller of it and the new share is what the rule would have given.
    """
    return min(old_whole_fen, _rebate_fen(terms, lines))


def release_at(
    terms: RuleTerms, receipts: Sequence[datetime | None], returned_received_at: datetime | None
) -> datetime | None:
    """Return when money that depends on these orders is released; None while one of them is not received."""
    received = [moment for moment in (*receipts, returned_received_at) if moment is not None]
    if len(received) < len(receipts) + 1:
        return None
    return max(received) + timedelta(days=terms.observe_days)
