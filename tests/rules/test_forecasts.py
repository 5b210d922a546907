"""A forecast is the same decision, made before its time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from server.rules.forecasts import Forecast, forecast
from server.rules.rebates import Candidate, Close, CycleFacts, LineNet, Qualified, RuleTerms, decide, parse_terms
from tests.support.waived import FREE

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def rule(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(FREE | fields))


def order(number: int, cash_fen: int, days: float) -> Candidate:
    return Candidate(number, f"T{number}", "normal", NOW - timedelta(days=days), (LineNet(1, 1, cash_fen),))


def friends(*nets_fen: int) -> tuple[Qualified, ...]:
    return tuple(Qualified(number, 100 + number, net, NOW) for number, net in enumerate(nets_fen, start=11))


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
    assert forecast(rule(member_month_cap_fen=10_000, budget_fen=10_000), facts) == Forecast(1, 10_000)


def test_what_cannot_come_back() -> None:
    assert forecast(rule(), replace(FACTS, candidates=())) is None
    assert forecast(rule(max_cycles=2), replace(FACTS, live_cycles=2)) is None
    assert forecast(rule(budget_fen=1), FACTS) is None


def test_a_staged_rule_foretells_the_whole() -> None:
    assert forecast(rule(stages_bp=[3000, 3000, 4000]), FACTS) == Forecast(1, 10_000)
