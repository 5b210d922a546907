"""`decide` agrees with the slow implementation for all terms and facts, and its results stay within the caps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rules.orders import OrderKind
from server.rules.payout_caps import Gives
from server.rules.rebates import (
    Candidate,
    Close,
    CycleFacts,
    Join,
    LineNet,
    OpenRebate,
    Qualified,
    RuleTerms,
    Scope,
    Wait,
    decide,
    parse_terms,
    reduced,
    returnable,
    stage_total,
)
from server.rules.take_backs import take_from_stages
from server.rules.waivers import Waivers
from tests.rules import rebate_law

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AMOUNTS = st.one_of(st.integers(0, 12), st.integers(0, 3_000), st.integers(0, 10**7))
SPENT = st.one_of(st.just(0), st.just(0), AMOUNTS)
CAPS = st.none() | st.none() | st.integers(1, 10**4)
RATES = st.one_of(st.integers(1, 10_000), st.sampled_from([3_333, 5_000, 10_000]))
KINDS: st.SearchStrategy[tuple[OrderKind, ...]] = st.sampled_from(
    [("normal", "group_buy"), ("normal",), ("points", "normal"), ("points",)]
)
MOMENTS = st.sampled_from([NOW - timedelta(days=days) for days in (0, 29, 30, 31)])
"""Only a few, so that ties and the ends of periods occur often."""
SCOPES = st.one_of(
    st.just(Scope(all=True)),
    st.just(Scope(all=True)),
    st.builds(Scope, products=st.lists(st.integers(1, 3), min_size=1).map(tuple)),
    st.builds(Scope, categories=st.lists(st.integers(1, 2), min_size=1).map(tuple)),
)


@st.composite
def stages(draw: st.DrawFn, required: int) -> tuple[int, ...]:
    """Draw stages: either only the last one, or any stages that sum to at most 10 000."""
    if draw(st.booleans()):
        return (*(0,) * (required - 1), draw(RATES))
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=required, max_size=required)))
    cuts[-1] = max(1, cuts[-1])
    return tuple(after - before for before, after in zip([0, *cuts], cuts, strict=False))


@st.composite
def all_terms(draw: st.DrawFn) -> RuleTerms:
    required = draw(st.integers(2, 4))
    terms = RuleTerms(
        required=required,
        scope=draw(SCOPES),
        return_kinds=draw(KINDS),
        stages_bp=draw(stages(required)),
        pick=draw(st.sampled_from(["oldest", "newest", "highest", "lowest", "member_chooses"])),
        returnable_days=draw(st.none() | st.none() | st.integers(29, 31)),
        ratio_bp=draw(RATES),
        cap_fen=draw(CAPS),
        member_month_cap_fen=draw(CAPS),
        budget_fen=draw(CAPS),
        payout_cap_bp=draw(st.none() | RATES),
        max_cycles=draw(st.none() | st.just(2)),
        waivers=Waivers(no_payout_cap="只在测试里不设这个上限"),
    )
    assert parse_terms(msgspec.json.encode(terms)) == terms
    return terms


LINES = st.lists(st.builds(LineNet, st.integers(1, 3), st.integers(1, 2), AMOUNTS), min_size=1, max_size=2).map(tuple)


def gives(most_fen: int) -> st.SearchStrategy[Gives]:
    """Draw what an order gives: commission of up to this, and some points."""
    return st.builds(Gives, st.integers(0, most_fen * 3 // 10), st.integers(0, most_fen // 10), st.integers(1, 100))


@st.composite
def all_facts(draw: st.DrawFn, /, **fixed: Any) -> CycleFacts:
    nets = draw(st.lists(AMOUNTS, min_size=draw(st.sampled_from([0, 4, 4, 4])), max_size=5))
    orders = draw(st.lists(LINES, min_size=draw(st.sampled_from([0, 3, 3, 3])), max_size=4))
    counted = [
        Qualified(number, 100 + number, net, draw(MOMENTS), draw(gives(net)))
        for number, net in enumerate(nets, start=10)
    ]
    candidates = [
        Candidate(number, f"T{number}", draw(st.sampled_from(["normal", "normal", "points"])), draw(MOMENTS), lines)
        for number, lines in enumerate(orders, start=1)
    ]
    facts = CycleFacts(
        now=NOW,
        counted=tuple(counted),
        open_rebate=None,
        candidates=tuple(draw(st.permutations(candidates))),
        chosen_order_id=draw(st.none() | st.integers(1, 6)),
        live_cycles=draw(st.sampled_from([0, 1, 1, 2, 3])),
        month_granted_fen=draw(SPENT),
        budget_used_fen=draw(SPENT),
    )
    return replace(facts, **fixed)


def without_steps(decision: Close | Join | Wait) -> Close | Join | Wait:
    return replace(decision, steps=()) if isinstance(decision, Close) else decision


@settings(max_examples=300)
@given(all_terms(), all_facts())
def test_decide_says_what_the_law_says(terms: RuleTerms, facts: CycleFacts) -> None:
    assert without_steps(decide(terms, facts)) == rebate_law.told(terms, facts)


@settings(max_examples=150)
@given(all_terms(), all_facts(month_granted_fen=0, budget_used_fen=0, live_cycles=0), st.data())
def test_a_close_keeps_every_limit(terms: RuleTerms, facts: CycleFacts, data: st.DataObject) -> None:
    facts = replace(
        facts,
        month_granted_fen=data.draw(st.integers(0, terms.member_month_cap_fen or 0)),
        budget_used_fen=data.draw(st.integers(0, terms.budget_fen or 0)),
    )
    close = decide(terms, facts)
    if not isinstance(close, Close):
        return
    used = facts.counted[: len(close.qualification_ids)]
    assert close.qualification_ids == tuple(one.id for one in used)
    assert len(used) == (1 if terms.staged else terms.required)
    order = next(one for one in facts.candidates if one.order_id == close.order_id)
    assert order in returnable(terms, facts.candidates, NOW)
    assert 1 <= close.whole_fen <= rebate_law.counted_cash(terms, order.lines)
    assert close.whole_fen <= min(terms.cap_fen or 10**12, terms.member_month_cap_fen or 10**12)
    assert terms.member_month_cap_fen is None or (
        facts.month_granted_fen + close.whole_fen <= terms.member_month_cap_fen
    )
    assert terms.budget_fen is None or facts.budget_used_fen + sum(close.stage_fen) <= terms.budget_fen
    paid_fen = sum(one.order_net_fen for one in used)
    if terms.payout_cap_bp is not None and any(close.stage_fen):
        given_fen = sum(one.gives.fen for one in used)
        assert (sum(close.stage_fen) + given_fen) * 10_000 <= paid_fen * terms.payout_cap_bp
    assert min(close.stage_fen) >= 0
    assert len(close.stage_fen) == len(used)
    assert terms.staged or sum(close.stage_fen) == close.whole_fen
    assert sum(step.amount_fen for step in close.steps) == close.whole_fen
    assert all(step.amount_fen < 0 for step in close.steps[1:])


@settings(max_examples=150)
@given(all_terms().filter(lambda terms: terms.staged), all_facts(), st.data())
def test_a_staged_cycle_posts_the_whole_and_no_more(terms: RuleTerms, facts: CycleFacts, data: st.DataObject) -> None:
    close = decide(terms, facts)
    if not isinstance(close, Close):
        return
    nets, given_fen = [facts.counted[0].order_net_fen], facts.counted[0].gives.fen
    posted = list(close.stage_fen)
    while len(nets) < terms.required:
        place = len(nets)
        joining = Qualified(90 + place, 190 + place, data.draw(AMOUNTS), NOW, data.draw(gives(10)))
        opened = OpenRebate(5, close.whole_fen, sum(posted), tuple(nets), given_fen)
        used_fen = facts.budget_used_fen + sum(posted)
        step = replace(
            facts, counted=(joining,), open_rebate=opened, candidates=(), live_cycles=99, budget_used_fen=used_fen
        )
        join = decide(terms, step)
        assert without_steps(join) == rebate_law.told(terms, step)
        if isinstance(join, Wait):
            assert (join, terms.budget_fen is not None) == (Wait("budget"), True)
            return
        assert isinstance(join, Join)
        assert (join.qualification_id, join.rebate_id, join.position) == (joining.id, 5, len(nets) + 1)
        nets.append(joining.order_net_fen)
        given_fen += joining.gives.fen
        posted.append(join.stage_fen)
        assert min(posted) >= 0
        assert sum(posted) <= close.whole_fen
        if terms.payout_cap_bp is not None:
            assert sum(posted) * 10_000 <= sum(nets) * terms.payout_cap_bp
            if join.stage_fen:
                assert (sum(posted) + given_fen) * 10_000 <= sum(nets) * terms.payout_cap_bp
    if terms.payout_cap_bp is None:
        assert sum(posted) == close.whole_fen
        whole = close.whole_fen
        for part, stage_bp in list(zip(posted, terms.stages_bp, strict=True))[:-1]:
            assert part == whole * stage_bp // sum(terms.stages_bp)


@settings(max_examples=150)
@given(all_terms(), all_facts(), st.data())
def test_reduced_is_what_the_rule_would_have_given_for_the_smaller_order(
    terms: RuleTerms, facts: CycleFacts, data: st.DataObject
) -> None:
    terms = msgspec.structs.replace(terms, pick="oldest")
    close = decide(terms, facts)
    if not isinstance(close, Close):
        return
    order = next(one for one in facts.candidates if one.order_id == close.order_id)
    lines = tuple(
        replace(line, net_cash_fen=data.draw(st.integers(0, line.net_cash_fen), label="left")) for line in order.lines
    )
    instead = decide(terms, replace(facts, candidates=(replace(order, lines=lines),)))
    assert reduced(terms, close.whole_fen, lines) == (instead.whole_fen if isinstance(instead, Close) else 0)
    assert isinstance(instead, Close) or instead == Wait("order")
    assert reduced(terms, close.whole_fen, order.lines) == close.whole_fen


@given(all_terms(), AMOUNTS)
def test_stage_totals_only_grow_and_end_at_the_whole(terms: RuleTerms, whole_fen: int) -> None:
    totals = [stage_total(terms, whole_fen, joined) for joined in range(terms.required + 1)]
    assert totals == sorted(totals)
    assert (totals[0], totals[-1]) == (0, whole_fen)


@given(st.lists(AMOUNTS, max_size=10), AMOUNTS)
def test_taking_from_stages_conserves_and_starts_at_the_last(stages_fen: list[int], amount_fen: int) -> None:
    left = take_from_stages(stages_fen, amount_fen)
    assert len(left) == len(stages_fen)
    assert sum(stages_fen) - sum(left) == min(amount_fen, sum(stages_fen))
    assert all(0 <= after <= before for after, before in zip(left, stages_fen, strict=True))
    touched = [position for position, after in enumerate(left) if after < stages_fen[position]]
    assert not touched or not any(left[touched[0] + 1 :])
