"""How much an operator may do alone on one day, by the kind of act and by role. More needs a second operator."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from server.core.money import WHOLE_BP

CLI = "cli"
"""The name of the command line among roles and operators."""


class Kind(StrEnum):
    """A kind of act that can need a second operator; the values are those in the database."""

    POINTS = "points_grant"
    GROWTH = "growth_grant"
    PRICE = "price_change"
    RULE = "rule_publish"
    COMMISSION = "commission_publish"
    LEVELS = "levels_publish"
    STACKING = "stacking_publish"
    COUPON = "coupon_publish"
    COUPON_ISSUE = "coupon_issue"
    ACTIVITY = "activity_change"
    SETTINGS = "settings_change"
    REFUND = "refund_approve"
    WITHDRAWAL = "withdrawal_approve"


_COUNT = msgspec.Meta(ge=0, le=10**9)
_AMOUNT = msgspec.Meta(ge=0, le=10**11)
_PART = msgspec.Meta(ge=0, le=10**6)


NEWCOMER = timedelta(days=7)
"""How long an account that somebody has made or changed is no second pair of eyes for the acts of that person."""


class OperatorLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all operators of a role together may do alone on one day in Shanghai. None: no limit, 0: nothing.

    Points and growth are counted whether they are given or taken. A price is measured for each SKU: the sum of the
    day's changes, each as a part of the price before it, and the deepest discount of the activities that were made or
    widened on that day.
    """

    limit_owner_points: Annotated[int, _COUNT] | None = 50_000
    limit_service_points: Annotated[int, _COUNT] | None = 10_000
    limit_cli_points: Annotated[int, _COUNT] | None = None
    limit_owner_growth: Annotated[int, _COUNT] | None = 10_000
    limit_service_growth: Annotated[int, _COUNT] | None = 2_000
    limit_cli_growth: Annotated[int, _COUNT] | None = None
    limit_owner_refund_fen: Annotated[int, _AMOUNT] | None = 5_000_000
    limit_finance_refund_fen: Annotated[int, _AMOUNT] | None = 2_000_000
    limit_service_refund_fen: Annotated[int, _AMOUNT] | None = 200_000
    limit_cli_refund_fen: Annotated[int, _AMOUNT] | None = None
    limit_owner_price_bp: Annotated[int, _PART] | None = 5_000
    limit_operations_price_bp: Annotated[int, _PART] | None = 3_000
    limit_cli_price_bp: Annotated[int, _PART] | None = None
    limit_owner_rules: Annotated[int, _COUNT] | None = 0
    limit_cli_rules: Annotated[int, _COUNT] | None = None
    limit_owner_commissions: Annotated[int, _COUNT] | None = 0
    limit_cli_commissions: Annotated[int, _COUNT] | None = None
    limit_owner_levels: Annotated[int, _COUNT] | None = 0
    limit_owner_stackings: Annotated[int, _COUNT] | None = 0
    limit_operations_stackings: Annotated[int, _COUNT] | None = 0
    limit_owner_coupons: Annotated[int, _COUNT] | None = 0
    limit_operations_coupons: Annotated[int, _COUNT] | None = 0
    limit_cli_coupons: Annotated[int, _COUNT] | None = None
    limit_owner_issues: Annotated[int, _COUNT] | None = 1_000
    limit_operations_issues: Annotated[int, _COUNT] | None = 100
    approval_days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    """Days after which an act that nobody approved is given up."""


_FIELDS: dict[Kind, str] = {
    Kind.POINTS: "limit_{}_points",
    Kind.GROWTH: "limit_{}_growth",
    Kind.PRICE: "limit_{}_price_bp",
    Kind.RULE: "limit_{}_rules",
    Kind.COMMISSION: "limit_{}_commissions",
    Kind.LEVELS: "limit_{}_levels",
    Kind.STACKING: "limit_{}_stackings",
    Kind.COUPON: "limit_{}_coupons",
    Kind.COUPON_ISSUE: "limit_{}_issues",
    Kind.ACTIVITY: "limit_{}_price_bp",
    Kind.REFUND: "limit_{}_refund_fen",
}


def limit_of(limits: OperatorLimits, kind: Kind, role: str) -> int | None:
    """Return what a role may do alone on one day; None: no limit.

    It is 0 for a kind without settings, such as a change of the limits themselves, and for a role that has none.
    """
    found: int | None = getattr(limits, _FIELDS[kind].format(role), 0) if kind in _FIELDS else 0
    return found


def price_step_bp(before_fen: int, after_fen: int) -> int:
    """Return how much a price changes, as a part of the price before, rounded up. The old price is at least 1 fen."""
    return -(-abs(after_fen - before_fen) * WHOLE_BP // before_fen)


COUNTED_AS: Mapping[Kind, Kind] = {Kind.ACTIVITY: Kind.PRICE}
"""Kinds that share the count of another one: a price lowered for the SKU and again in an activity adds up."""
PEAKS = frozenset({Kind.ACTIVITY})
"""Kinds of which the greatest of a day counts, not the sum: nobody gets two activities' discounts on one piece."""


def discount_bp(list_price_fen: int, price_fen: int) -> int:
    """Return how far an activity's price is below the SKU's own, as a part of it, rounded up; 0 if it is not below."""
    return price_step_bp(list_price_fen, price_fen) if price_fen < list_price_fen else 0


_IDLE = frozenset({"name", "title"})
_AT_MOST = frozenset(
    {
        *("amount_fen", "off_bp", "most_fen", "total", "per_member", "stock", "stock_limit", "valid_days"),
        *("window_hours", "ends_at", "claim_until"),
    }
)
"""Fields that give less when they are lower; None gives most."""
_AT_LEAST = frozenset({"threshold_fen", "points", "price_fen", "starts_at", "claim_from"})
"""Fields that give less when they are higher; None gives most."""
_SWITCHES = frozenset({"active", "listed", "birthday_gift", "virtual_fill"})
"""Fields that give less when they are off."""


def widens(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether a change of a coupon template or an activity can give away more. Both have just what changes."""
    return any(_wider(name, before[name], value) for name, value in after.items() if name not in _IDLE)


def _wider(name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 - numbers, times, lists
    if name in _SWITCHES:
        return after is True
    if name in _AT_MOST:
        return after is None or (before is not None and after > before)
    if name in _AT_LEAST:
        return after is None or (before is not None and after < before)
    return True
