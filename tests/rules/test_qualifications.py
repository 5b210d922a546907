import pytest

from server.rules.qualifications import Standing, after_waiting, waits
from server.rules.rebates import RuleTerms


@pytest.mark.parametrize(
    ("qualify_at", "teaming", "received", "expected"),
    [
        ("paid", False, False, False),
        ("paid", False, True, False),
        ("paid", True, False, True),
        ("received", False, False, True),
        ("received", False, True, False),
        ("received", True, False, True),
        ("received", True, True, True),
    ],
)
def test_an_order_waits_for_its_team_and_for_receipt_where_the_rule_says_so(
    qualify_at: str, teaming: bool, received: bool, expected: bool
) -> None:
    terms = RuleTerms(qualify_at=qualify_at)  # type: ignore[arg-type]
    assert waits(terms, teaming=teaming, received=received) is expected


def test_what_waits_no_more_counts_unless_the_referrer_is_blocked() -> None:
    assert after_waiting(referrer_active=True) == Standing("counted", None)
    assert after_waiting(referrer_active=False) == Standing("held", "referrer_blocked")
