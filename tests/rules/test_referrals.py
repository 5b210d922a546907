"""Refusals in their order, which share wins, and what a scene means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.rules import referrals
from server.rules.referrals import BindingFacts, Touched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = BindingFacts(member_id=1, referrer_id=2)
ALL_WRONG = BindingFacts(
    member_id=1,
    referrer_id=None,
    share_disabled=True,
    bound=True,
    referrer_active=False,
    below=True,
    has_paid=True,
    has_downline=True,
)
REPAIRS = (
    {"referrer_id": 1},
    {"share_disabled": False},
    {"referrer_id": 2},
    {"bound": False},
    {"referrer_active": True},
    {"below": False},
    {"has_paid": False},
    {"has_downline": False},
)


def test_the_first_failing_check_wins() -> None:
    facts, found = ALL_WRONG, []
    for repair in REPAIRS:
        refusal = referrals.decide_binding(facts)
        assert refusal is not None
        found.append(refusal.code)
        facts = replace(facts, **repair)
    assert found == list(referrals.REFUSALS)
    assert facts == GOOD
    assert referrals.decide_binding(GOOD) is None


def days_ago(days: float, code: str) -> Touched:
    return Touched(code, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("touches", "own", "first", "last"),
    [
        ([], None, None, None),
        ([], "OWN", "OWN", "OWN"),
        ([days_ago(1, "B"), days_ago(3, "A")], None, "A", "B"),
        ([days_ago(1, "B"), days_ago(3, "A")], "OWN", "A", "OWN"),
        ([days_ago(1, "B"), days_ago(30.1, "A")], None, "B", "B"),
        ([days_ago(30, "A")], "OWN", "A", "OWN"),
        ([days_ago(31, "A")], None, None, None),
    ],
)
def test_attribution(touches: list[Touched], own: str | None, first: str | None, last: str | None) -> None:
    assert referrals.attribute(touches, own, "first_touch", 30, NOW) == first
    assert referrals.attribute(touches, own, "last_touch", 30, NOW) == last


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        ("s=K7Q2M9XA", "K7Q2M9XA"),
        ("s%3DK7Q2M9XA", "K7Q2M9XA"),
        ("id=12&s=K7Q2M9XA", "K7Q2M9XA"),
        ("s%3dK7Q2M9XA%26id=12", "K7Q2M9XA"),
        ("1007", None),
        (1007, None),
        (None, None),
        ("ids=K7Q2M9XA", None),
        ("s=", None),
    ],
)
def test_what_a_scene_carries(scene: str | int | None, code: str | None) -> None:
    assert referrals.code_of_scene(scene) == code


def test_three_ancestors() -> None:
    assert referrals.chain_under(4, (3, 2, 1)) == (4, 3, 2)
    assert referrals.chain_under(4, (None, None, None)) == (4, None, None)


def test_the_binding_refusals_stand_in_the_order_of_the_law() -> None:
    assert list(referrals.REFUSALS) == [
        "share_unknown",
        "share_disabled",
        "self",
        "already_bound",
        "referrer_blocked",
        "loop",
        "has_paid_order",
        "has_downline",
    ]
