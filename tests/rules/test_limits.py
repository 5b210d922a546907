import pytest

from server.rules.approvals import DECIDES
from server.rules.limits import CLI, Kind, OperatorLimits, limit_of, price_step_bp
from server.rules.operators import PERMISSIONS, Role
from server.rules.shop import ShopPolicy

SET = [kind for kind in Kind if kind not in (Kind.SETTINGS, Kind.WITHDRAWAL)]


@pytest.mark.parametrize("kind", SET)
def test_every_role_that_may_act_has_a_limit_unless_the_shop_lifts_it(kind: Kind) -> None:
    for role in PERMISSIONS[DECIDES[kind]]:
        assert limit_of(OperatorLimits(), kind, role) is not None, role
    assert limit_of(OperatorLimits(), kind, CLI) is None


def test_who_has_no_limit_of_a_kind_does_nothing_alone() -> None:
    assert limit_of(ShopPolicy(), Kind.POINTS, Role.FINANCE) == 0
    assert limit_of(ShopPolicy(), Kind.SETTINGS, Role.OWNER) == 0


def test_a_limit_is_that_of_the_kind_and_role() -> None:
    shop = ShopPolicy(limit_service_points=7, limit_cli_refund_fen=8, limit_operations_price_bp=9, limit_owner_rules=1)
    assert limit_of(shop, Kind.POINTS, Role.SERVICE) == 7
    assert limit_of(shop, Kind.REFUND, CLI) == 8
    assert limit_of(shop, Kind.PRICE, Role.OPERATIONS) == 9
    assert limit_of(shop, Kind.RULE, Role.OWNER) == 1


@pytest.mark.parametrize(
    ("before", "after", "bp"), [(100, 150, 5_000), (100, 50, 5_000), (3, 2, 3_334), (100, 100, 0), (1, 100, 990_000)]
)
def test_a_price_is_measured_by_the_one_before_rounded_up(before: int, after: int, bp: int) -> None:
    assert price_step_bp(before, after) == bp
