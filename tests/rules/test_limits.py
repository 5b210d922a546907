from datetime import UTC, datetime
from typing import Any

import pytest

from server.rules.approvals import DECIDES
from server.rules.limits import CLI, Kind, OperatorLimits, discount_bp, limit_of, price_step_bp, widens
from server.rules.operators import PERMISSIONS, Role
from server.rules.shop import ALONE, ShopPolicy

PANEL_ONLY = (Kind.LEVELS, Kind.STACKING, Kind.COUPON_ISSUE)
"""Kinds without a verb of the command line."""
SET = [kind for kind in Kind if kind not in (Kind.SETTINGS, Kind.WITHDRAWAL)]


@pytest.mark.parametrize("kind", SET)
def test_every_role_that_may_act_has_a_limit_unless_the_shop_lifts_it(kind: Kind) -> None:
    for role in PERMISSIONS[DECIDES[kind]]:
        assert limit_of(OperatorLimits(), kind, role) is not None, role
    assert limit_of(OperatorLimits(), kind, CLI) == (0 if kind in PANEL_ONLY else None)


def test_who_has_no_limit_of_a_kind_does_nothing_alone() -> None:
    assert limit_of(ShopPolicy(), Kind.POINTS, Role.FINANCE) == 0
    assert limit_of(ShopPolicy(), Kind.SETTINGS, Role.OWNER) == 0


def test_a_limit_is_that_of_the_kind_and_role() -> None:
    shop = ShopPolicy(limit_service_points=7, limit_cli_refund_fen=8, limit_operations_price_bp=9, limit_owner_rules=1)
    assert limit_of(shop, Kind.POINTS, Role.SERVICE) == 7
    assert limit_of(shop, Kind.REFUND, CLI) == 8
    assert limit_of(shop, Kind.PRICE, Role.OPERATIONS) == limit_of(shop, Kind.ACTIVITY, Role.OPERATIONS) == 9
    assert limit_of(shop, Kind.RULE, Role.OWNER) == 1


@pytest.mark.parametrize(
    ("before", "after", "bp"), [(100, 150, 5_000), (100, 50, 5_000), (3, 2, 3_334), (100, 100, 0), (1, 100, 990_000)]
)
def test_a_price_is_measured_by_the_one_before_rounded_up(before: int, after: int, bp: int) -> None:
    assert price_step_bp(before, after) == bp


@pytest.mark.parametrize(("listed", "price", "bp"), [(100, 1, 9_900), (3, 2, 3_334), (100, 100, 0), (100, 150, 0)])
def test_an_activity_is_measured_by_how_far_its_price_is_below_that_of_the_sku(
    listed: int, price: int, bp: int
) -> None:
    assert discount_bp(listed, price) == bp


EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
LESS: list[tuple[str, Any, Any]] = [
    ("amount_fen", 500, 400),
    ("total", None, 9),
    ("stock", 5, 0),
    ("ends_at", LATE, EARLY),
    ("valid_days", None, 9),
    ("threshold_fen", 0, 100),
    ("price_fen", 100, 101),
    ("starts_at", EARLY, LATE),
    ("claim_from", None, LATE),
    ("active", True, False),
]
"""A field, and a change of it that gives less."""


@pytest.mark.parametrize(("name", "more", "less"), LESS)
def test_a_change_that_gives_less_widens_nothing_and_the_other_way_round_it_does(
    name: str, more: Any, less: Any
) -> None:
    assert not widens({name: more}, {name: less})
    assert widens({name: less}, {name: more})
    assert widens({name: more, "size": 3}, {name: less, "size": 2}), "of several fields one is enough"


def test_names_widen_nothing_and_what_has_no_order_always_does() -> None:
    assert not widens({}, {})
    assert not widens({"name": "旧", "title": "旧"}, {"name": "新", "title": "新"})
    for before, after in ((None, [1]), ([1], None), ([1, 2], [1])):
        assert widens({"products": before}, {"products": after})


def test_what_may_be_set_alone_are_settings_and_no_limits() -> None:
    assert set(ShopPolicy.__struct_fields__) > ALONE
    assert ALONE.isdisjoint(OperatorLimits.__struct_fields__)
    assert not [name for name in ALONE if name.startswith(("withdrawal_", "points_", "refund_", "freight", "growth_"))]
