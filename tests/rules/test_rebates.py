"""推三返一 by example: each field of the rule, with numbers that an operator could check by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Step,
    Wait,
    decide,
    parse_terms,
    reduced,
    release_at,
    returnable,
    stage_total,
)
from server.rules.take_backs import TakeBack, take_back, take_from_stages
from tests.support.waived import FREE

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
AMOUNTS = st.integers(0, 10**6)


def rule(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(FREE | fields))


def friends(*nets_fen: int, counted_at: datetime = NOW) -> tuple[Qualified, ...]:
    return tuple(Qualified(number, 100 + number, net, counted_at) for number, net in enumerate(nets_fen, start=11))


def order(number: int, *cash_fen: int, days: float = 1, kind: str = "normal") -> Candidate:
    """Return an order paid `days` ago; its n-th line is of product n in category 10 × n."""
    lines = tuple(LineNet(position, 10 * position, cash) for position, cash in enumerate(cash_fen, start=1))
    return Candidate(number, f"T{number}", kind, NOW - days * DAY, lines)


THREE = friends(10_000, 10_000, 10_000)


def facts(*orders: Candidate, **fields: Any) -> CycleFacts:
    return replace(CycleFacts(NOW, THREE, None, orders, None, 0, 0, 0), **fields)


def closed(terms: RuleTerms, known: CycleFacts) -> Close:
    decision = decide(terms, known)
    assert isinstance(decision, Close)
    return decision


@pytest.mark.parametrize("required", range(2, 11))
def test_a_cycle_takes_the_oldest_and_never_fewer_than_required(required: int) -> None:
    counted = friends(*[100] * (required + 1))
    for there in range(required):
        assert decide(rule(required=required), facts(order(1, 500), counted=counted[:there])) == Wait("qualifications")
    for there in (required, required + 1):
        close = closed(rule(required=required), facts(order(1, 500), counted=counted[:there]))
        assert close.qualification_ids == tuple(range(11, 11 + required))
        assert close.stage_fen == (0,) * (required - 1) + (500,)


@pytest.mark.parametrize(
    ("pick", "number"), [("oldest", 2), ("newest", 4), ("highest", 3), ("lowest", 5), ("member_chooses", 6)]
)
def test_pick(pick: str, number: int) -> None:
    cash_and_days = [(300, 1), (300, 9), (900, 5), (500, 0), (100, 3), (200, 8)]
    orders = [order(number, cash, days=days) for number, (cash, days) in enumerate(cash_and_days, start=1)]
    known = facts(*orders, chosen_order_id=6)
    assert closed(rule(pick=pick), known).order_id == number


@pytest.mark.parametrize(
    ("pick", "orders", "number"),
    [
        ("oldest", [order(2, 100), order(1, 100)], 1),
        ("newest", [order(2, 100), order(1, 100), order(3, 100)], 1),
        ("highest", [order(3, 100), order(2, 100), order(1, 100, days=0)], 2),
        ("highest", [order(1, 100), order(2, 100, days=2)], 2),
        ("lowest", [order(3, 100), order(2, 100), order(1, 100, days=0)], 2),
        ("lowest", [order(1, 100), order(2, 100, days=2)], 2),
    ],
)
def test_ties_go_to_the_older_payment_then_the_lower_id(pick: str, orders: list[Candidate], number: int) -> None:
    for given_in in (orders, orders[::-1]):
        assert closed(rule(pick=pick), facts(*given_in)).order_id == number


def test_highest_and_lowest_look_at_the_lines_in_scope() -> None:
    orders = [order(1, 100, 900), order(2, 200, 50)]
    scope = {"products": [1]}
    assert closed(rule(pick="highest", scope=scope), facts(*orders)).order_id == 2
    assert closed(rule(pick="lowest", scope=scope), facts(*orders)).order_id == 1
    assert closed(rule(pick="highest"), facts(*orders)).order_id == 1


def test_a_member_has_thirty_days_to_choose_once_the_cycle_could_close() -> None:
    terms = rule(pick="member_chooses")
    counted = (*friends(1, 1, counted_at=NOW - 90 * DAY), Qualified(19, 119, 1, NOW - 30 * DAY))
    known = facts(order(1, 100, days=60), order(2, 100, days=50), counted=counted)
    assert decide(terms, replace(known, now=NOW - TICK)) == Wait("choice")
    assert closed(terms, known).order_id == 1
    assert closed(terms, replace(known, now=NOW - 29 * DAY, chosen_order_id=2)).order_id == 2
    assert closed(terms, replace(known, chosen_order_id=2)).order_id == 2
    assert closed(terms, replace(known, chosen_order_id=3)).order_id == 1
    assert decide(terms, replace(known, now=NOW - TICK, chosen_order_id=3)) == Wait("choice")


def test_the_thirty_days_begin_when_there_is_an_order_to_choose() -> None:
    terms = rule(pick="member_chooses")
    counted = friends(1, 1, 1, counted_at=NOW - 90 * DAY)
    assert decide(terms, facts(order(1, 100, days=29), counted=counted)) == Wait("choice")
    assert closed(terms, facts(order(1, 100, days=30), counted=counted)).order_id == 1


@pytest.mark.parametrize(
    ("fields", "one", "counts"),
    [
        ({}, order(1, 1, days=9_999), True),
        ({"returnable_days": 30}, order(1, 100, days=30), True),
        ({"returnable_days": 30}, replace(order(1, 100), paid_at=NOW - 30 * DAY - TICK), False),
        ({"returnable_days": 1}, order(1, 100, days=0), True),
        ({}, order(1, 100, kind="group_buy"), True),
        ({}, order(1, 100, kind="flash_sale"), False),
        ({}, order(1, 100, kind="points"), False),
        ({"return_kinds": ["points"]}, order(1, 100, kind="points"), True),
        ({"return_kinds": ["points"]}, order(1, 100), False),
        ({"qualify_kinds": ["points"]}, order(1, 100), True),
        ({}, order(1, 0), False),
        ({}, order(1), False),
        ({"scope": {"products": [2]}}, order(1, 100), False),
        ({"scope": {"products": [2]}}, order(1, 100, 1), True),
        ({"scope": {"categories": [10]}}, order(1, 100, 1), True),
        ({"ratio_bp": 5_000}, order(1, 1), False),
        ({"ratio_bp": 5_000}, order(1, 2), True),
    ],
)
def test_which_orders_may_be_returned(fields: dict[str, Any], one: Candidate, counts: bool) -> None:
    terms = rule(**fields)
    assert returnable(terms, [one], NOW) == ([one] if counts else [])
    assert isinstance(decide(terms, facts(one)), Close) is counts
    assert counts or decide(terms, facts(one)) == Wait("order")


def test_returnable_orders_are_told_oldest_first() -> None:
    orders = [order(3, 1, days=2), order(1, 1), order(2, 1, days=2), order(4, 0)]
    assert [one.order_id for one in returnable(rule(), orders, NOW)] == [2, 3, 1]


@pytest.mark.parametrize(
    ("fields", "cash_fen", "known", "whole_fen"),
    [
        ({}, 12_345, {}, 12_345),
        ({"ratio_bp": 3_333}, 100, {}, 33),
        ({"ratio_bp": 9_999}, 10_001, {}, 9_999),
        ({"ratio_bp": 5_000, "stages_bp": [0, 0, 5_000]}, 7, {}, 1),
        ({"ratio_bp": 6_667, "stages_bp": [0, 0, 7_500]}, 2, {}, 1),
        ({"scope": {"products": [1]}}, 700, {}, 700),
        ({"cap_fen": 500}, 501, {}, 500),
        ({"cap_fen": 500}, 500, {}, 500),
        ({"member_month_cap_fen": 500}, 800, {}, 500),
        ({"member_month_cap_fen": 500}, 800, {"month_granted_fen": 1}, "month_cap"),
        ({"member_month_cap_fen": 500}, 400, {"month_granted_fen": 100}, 400),
        ({"member_month_cap_fen": 500}, 400, {"month_granted_fen": 101}, "month_cap"),
        ({"member_month_cap_fen": 500}, 1, {"month_granted_fen": 500}, "month_cap"),
        ({"member_month_cap_fen": 500}, 1, {"month_granted_fen": 900}, "month_cap"),
        ({"member_month_cap_fen": 500, "cap_fen": 300}, 800, {"month_granted_fen": 200}, 300),
        ({"budget_fen": 500}, 500, {}, 500),
        ({"budget_fen": 500}, 501, {}, "budget"),
        ({"budget_fen": 500}, 400, {"budget_used_fen": 100}, 400),
        ({"budget_fen": 500}, 400, {"budget_used_fen": 101}, "budget"),
        ({"budget_fen": 500, "cap_fen": 500}, 9_999, {}, 500),
        ({"budget_fen": 500, "member_month_cap_fen": 400}, 9_999, {"month_granted_fen": 1}, "month_cap"),
        ({"payout_cap_bp": 5_000}, 99_999, {}, 15_000),
        ({"payout_cap_bp": 5_000}, 14_999, {}, 14_999),
        ({"payout_cap_bp": 5_000}, 99_999, {"counted": friends(1, 1, 1)}, 1),
        ({"payout_cap_bp": 3_333}, 99_999, {"counted": friends(1, 1, 0)}, "amount"),
        ({"payout_cap_bp": 5_000, "budget_fen": 500}, 501, {"counted": friends(1, 1, 1)}, "budget"),
        ({"max_cycles": 2}, 100, {"live_cycles": 1}, 100),
        ({"max_cycles": 2}, 100, {"live_cycles": 2}, "cycles"),
        ({"max_cycles": 1}, 100, {"live_cycles": 5}, "cycles"),
    ],
)
def test_amounts_and_caps(fields: dict[str, Any], cash_fen: int, known: dict[str, Any], whole_fen: int | str) -> None:
    decision = decide(rule(**fields), facts(order(1, cash_fen), **known))
    if isinstance(whole_fen, str):
        assert decision == Wait(whole_fen)
        return
    assert isinstance(decision, Close)
    assert decision.whole_fen == sum(decision.stage_fen) == sum(step.amount_fen for step in decision.steps) == whole_fen


def test_every_step_of_the_sum_is_told() -> None:
    terms = rule(ratio_bp=5_000, cap_fen=4_000, member_month_cap_fen=3_000, budget_fen=10**6, payout_cap_bp=500)
    assert closed(terms, facts(order(1, 10_000))).steps == (
        Step("订单 T1 现金实付", 10_000),
        Step("按 50.00% 返还", -5_000),
        Step("单次返还上限 40.00 元", -1_000),
        Step("每月返还上限 30.00 元", -1_000),
        Step("不超过好友订单实付的 5.00%", -1_500),
    )
    assert closed(rule(), facts(order(1, 10_000))).steps == (Step("订单 T1 现金实付", 10_000),)


@pytest.mark.parametrize(
    ("stages_bp", "cash_fen", "posted_fen"),
    [
        ([3_000, 3_000, 4_000], 10_000, [3_000, 3_000, 4_000]),
        ([3_000, 3_000, 4_000], 101, [30, 30, 41]),
        ([3_333, 3_333, 3_334], 100, [33, 33, 34]),
        ([3_000, 3_000, 3_000], 10_000, [3_000, 3_000, 3_000]),
        ([3_000, 3_000, 3_000], 9_999, [2_999, 2_999, 3_001]),
        ([0, 5_000, 5_000], 7, [0, 3, 4]),
        ([10_000, 0, 0], 7, [7, 0, 0]),
        ([5_000, 2_000, 0], 100, [50, 20, 0]),
        ([4_000, 4_000, 2_000], 1, [0, 0, 1]),
    ],
)
def test_stages(stages_bp: list[int], cash_fen: int, posted_fen: list[int]) -> None:
    terms = rule(stages_bp=stages_bp)
    assert decide(terms, facts(order(1, cash_fen), counted=())) == Wait("qualifications")
    close = closed(terms, facts(order(1, cash_fen)))
    assert (close.qualification_ids, close.stage_fen) == ((11,), (posted_fen[0],))
    assert close.whole_fen == sum(posted_fen)
    granted = posted_fen[0]
    for joined in (1, 2):
        opened = OpenRebate(5, close.whole_fen, granted, (10_000,) * joined)
        known = facts(open_rebate=opened, counted=THREE[joined:], live_cycles=1)
        assert decide(terms, known) == Join(11 + joined, 5, joined + 1, posted_fen[joined])
        assert decide(terms, replace(known, counted=())) == Wait("qualifications")
        granted += posted_fen[joined]
    assert [stage_total(terms, close.whole_fen, joined) for joined in range(4)] == [
        sum(posted_fen[:joined]) for joined in range(4)
    ]


def test_a_staged_rebate_meets_the_payout_cap_as_friends_join() -> None:
    terms = rule(stages_bp=[3_000, 3_000, 4_000], payout_cap_bp=5_000)
    close = closed(terms, facts(order(1, 10_000), counted=friends(1_000)))
    assert (close.whole_fen, close.stage_fen) == (10_000, (500,))
    poor = OpenRebate(5, 10_000, 500, (1_000,))
    assert decide(terms, facts(open_rebate=poor, counted=friends(800))) == Join(11, 5, 2, 400)
    assert decide(terms, facts(open_rebate=poor, counted=friends(90_000))) == Join(11, 5, 2, 5_500)
    shrunk = OpenRebate(5, 10_000, 500, (10,))
    assert decide(terms, facts(open_rebate=shrunk, counted=friends(800))) == Join(11, 5, 2, 0)


def test_what_else_the_friends_orders_give_lowers_the_payout_cap_and_is_named_in_the_sum() -> None:
    terms = rule(payout_cap_bp=5_000)
    counted = [replace(one, gives=Gives(800, 2_001, 10)) for one in friends(4_000, 4_000, 4_000)]
    close = closed(terms, facts(order(1, 10_000), counted=tuple(counted)))
    assert close.whole_fen == 3_000
    assert close.steps[-1].label == "不超过好友订单实付的 50.00%，减去这些订单带来的佣金 24.00 元、积分 6.00 元"
    eaten = tuple(replace(one, gives=Gives(2_001)) for one in counted)
    assert decide(terms, facts(order(1, 10_000), counted=eaten)) == Wait("amount")
    staged = rule(stages_bp=[3_000, 3_000, 4_000], payout_cap_bp=5_000)
    opened = OpenRebate(5, 10_000, 500, (4_000,), 1_500)
    assert decide(staged, facts(open_rebate=opened, counted=(counted[0],))) == Join(11, 5, 2, 1_000)


def test_an_opened_cycle_needs_neither_an_order_nor_room_for_a_cycle() -> None:
    terms = rule(stages_bp=[3_000, 3_000, 4_000], max_cycles=1, cap_fen=1_000, budget_fen=1_000)
    opened = OpenRebate(5, 1_000, 300, (10_000,))
    known = facts(open_rebate=opened, live_cycles=1, budget_used_fen=700, month_granted_fen=1_000)
    assert decide(terms, known) == Join(11, 5, 2, 300)
    assert decide(terms, replace(known, budget_used_fen=701)) == Wait("budget")


@pytest.mark.parametrize(
    ("fields", "whole_fen", "left_fen", "then_fen"),
    [
        ({}, 1_000, 600, 600),
        ({}, 1_000, 0, 0),
        ({"ratio_bp": 3_333}, 333, 599, 199),
        ({"cap_fen": 500}, 500, 600, 500),
        ({"cap_fen": 500}, 500, 499, 499),
        ({"payout_cap_bp": 1}, 3, 600, 3),
        ({"stages_bp": [3_000, 3_000, 3_000]}, 900, 101, 90),
        ({"scope": {"products": [2]}}, 400, 600, 0),
    ],
)
def test_a_partial_refund_reduces_the_rebate(
    fields: dict[str, Any], whole_fen: int, left_fen: int, then_fen: int
) -> None:
    assert reduced(rule(**fields), whole_fen, order(1, left_fen).lines) == then_fen


@pytest.mark.parametrize("observe_days", [0, 7, 60])
def test_release_waits_for_the_latest_of_all_receipts(observe_days: int) -> None:
    terms = rule(observe_days=observe_days)
    wait = observe_days * DAY
    assert release_at(terms, [NOW, NOW + 3 * DAY, NOW], NOW + DAY) == NOW + 3 * DAY + wait
    assert release_at(terms, [NOW, NOW], NOW + 9 * DAY) == NOW + 9 * DAY + wait
    assert release_at(terms, [NOW, None, NOW], NOW) is None
    assert release_at(terms, [NOW, NOW, NOW], None) is None


@pytest.mark.parametrize(
    ("amount_fen", "taken"),
    [
        (0, TakeBack(0, 0, 0, 0)),
        (100, TakeBack(100, 0, 0, 0)),
        (101, TakeBack(100, 1, 0, 0)),
        (170, TakeBack(100, 50, 20, 0)),
        (181, TakeBack(100, 50, 30, 1)),
    ],
)
def test_taking_back(amount_fen: int, taken: TakeBack) -> None:
    assert take_back(amount_fen, 100, 50, 30) == taken


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_taking_back_conserves(amount_fen: int, frozen_fen: int, spend_only_fen: int, withdrawable_fen: int) -> None:
    taken = take_back(amount_fen, frozen_fen, spend_only_fen, withdrawable_fen)
    parts = (taken.frozen_fen, taken.spend_only_fen, taken.withdrawable_fen, taken.short_fen)
    there = (frozen_fen, spend_only_fen, withdrawable_fen)
    assert sum(parts) == amount_fen
    assert min(parts) >= 0
    assert all(part <= held for part, held in zip(parts, there, strict=False))
    emptied = [part == held for part, held in zip(parts, there, strict=False)]
    assert all(all(emptied[:position]) for position, part in enumerate(parts) if part)


@pytest.mark.parametrize(
    ("stages_fen", "amount_fen", "left"),
    [
        ([30, 30, 40], 0, [30, 30, 40]),
        ([30, 30, 40], 40, [30, 30, 0]),
        ([30, 30, 40], 55, [30, 15, 0]),
        ([30, 30, 40], 100, [0, 0, 0]),
        ([], 0, []),
    ],
)
def test_taking_from_stages(stages_fen: list[int], amount_fen: int, left: list[int]) -> None:
    assert take_from_stages(stages_fen, amount_fen) == left
