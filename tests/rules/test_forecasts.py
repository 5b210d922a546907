"""A forecast is the same decision, made before its time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from server.rules.forecasts import Forecast, after_refund, condition, forecast
from server.rules.rebates import Candidate, Close, CycleFacts, LineNet, Qualified, RuleTerms, decide, parse_terms
from tests.support.waived import FREE

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def rule(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(FREE | fields))


def order(number: int, cash_fen: int, days: float) -> Candidate:
    return Candidate(number, f"T{number}", "normal", NOW - timedelta(days=days), (LineNet(1, 1, cash_fen),))


def friends(*nets_fen: int) -> tuple[Qualified, ...]:
    return tuple(Qualified(number, 100 + number, net, NOW) for number, net in enumerate(nets_fen, start=11))


CAP = "每次返还不超过这一轮好友订单现金实付合计的 50%，并须减去这些订单带来的佣金和积分价值，两者在订单计入这一轮时确定"
ORDERS = (order(1, 10_000, 3), order(2, 30_000, 2), order(3, 5_000, 1))
FACTS = CycleFacts(NOW, (), None, ORDERS, None, 0, 0, 0)


@pytest.mark.parametrize(
    ("pick", "expected"),
    [
        ("oldest", Forecast(1, 10_000)),
        ("newest", Forecast(3, 5_000)),
        ("highest", Forecast(2, 30_000)),
        ("lowest", Forecast(3, 5_000)),
        ("member_chooses", None),
    ],
)
def test_the_pick_is_the_rules(pick: str, expected: Forecast | None) -> None:
    assert forecast(rule(pick=pick), FACTS) == expected


def test_a_choice_is_kept_to() -> None:
    assert forecast(rule(pick="member_chooses"), replace(FACTS, chosen_order_id=2)) == Forecast(2, 30_000)


@pytest.mark.parametrize("fields", [{}, {"ratio_bp": 3333}, {"cap_fen": 700}, {"payout_cap_bp": 1000}])
def test_with_all_friends_there_it_is_the_decision(fields: dict[str, Any]) -> None:
    facts = replace(FACTS, counted=friends(900, 800, 700))
    decision = decide(rule(**fields), facts)
    assert isinstance(decision, Close)
    assert forecast(rule(**fields), facts) == Forecast(decision.order_id, decision.whole_fen)


@pytest.mark.parametrize("counted", [(), (100,), (100, 100)])
def test_friends_still_to_come_do_not_bring_the_payout_cap(counted: tuple[int, ...]) -> None:
    assert forecast(rule(payout_cap_bp=5000), replace(FACTS, counted=friends(*counted))) == Forecast(1, 10_000)


def test_a_month_or_budget_that_is_used_up_only_puts_it_off() -> None:
    facts = replace(FACTS, month_granted_fen=10_000, budget_used_fen=10_000)
    assert forecast(rule(member_month_cap_fen=10_000), facts) == Forecast(
        1, 10_000, "本月的返还额度剩得不够，会顺延到额度够的月份"
    )
    assert forecast(rule(budget_fen=10_000), facts) == Forecast(1, 10_000, "本期的返还预算剩得不够，会等到有预算时")


def test_what_cannot_come_back() -> None:
    assert forecast(rule(), replace(FACTS, candidates=())) is None
    assert forecast(rule(max_cycles=2), replace(FACTS, live_cycles=2)) is None
    assert forecast(rule(budget_fen=1), FACTS) is None


def test_a_staged_rule_foretells_the_whole() -> None:
    assert forecast(rule(stages_bp=[3000, 3000, 4000]), FACTS) == Forecast(1, 10_000)


@pytest.mark.parametrize(("left_fen", "expected"), [(4_000, 4_000), (0, 0), (10_000, 9_000)])
def test_a_refund_that_is_open_leaves_less_of_the_same_order(left_fen: int, expected: int) -> None:
    terms = rule(cap_fen=9_000)
    found = forecast(terms, FACTS)
    assert found == Forecast(1, 9_000)
    assert after_refund(terms, FACTS, found, (LineNet(1, 1, left_fen),)) == expected


@pytest.mark.parametrize(
    ("fields", "missing", "waits", "refund_open", "left_fen", "sentence"),
    [
        ({}, 1, None, False, 1, "好友退款或这一单退款会减少返还"),
        (
            {"payout_cap_bp": 5000},
            1,
            None,
            False,
            1,
            f"{CAP}；好友退款或这一单退款会减少返还",
        ),
        ({"payout_cap_bp": 5000}, 0, None, False, 1, "好友退款或这一单退款会减少返还"),
        ({}, 1, "本月额度不够", False, 1, "本月额度不够；好友退款或这一单退款会减少返还"),
        ({}, 1, None, True, 1, "这一单有退款正在处理，按退款后剩下的金额估算；好友退款或这一单退款会减少返还"),
        ({}, 1, None, True, 0, "这一单正在退款，退款成功后不再返还，会按规则改选"),
    ],
)
def test_an_estimate_never_stands_without_its_conditions(
    fields: dict[str, Any], missing: int, waits: str | None, refund_open: bool, left_fen: int, sentence: str
) -> None:
    assert condition(rule(**fields), missing, waits, refund_open=refund_open, left_fen=left_fen) == sentence
