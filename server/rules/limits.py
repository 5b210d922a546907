"""How much an operator may do alone on one day, by the kind of act and by role. More needs a second operator."""

from enum import StrEnum
from typing import Annotated

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
    SETTINGS = "settings_change"
    REFUND = "refund_approve"
    WITHDRAWAL = "withdrawal_approve"


_COUNT = msgspec.Meta(ge=0, le=10**9)
_AMOUNT = msgspec.Meta(ge=0, le=10**11)
_PART = msgspec.Meta(ge=0, le=10**6)


class OperatorLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all operators of a role together may do alone on one day in Shanghai. None: no limit, 0: nothing.

    Points and growth are counted whether they are given or taken. A price is measured for each SKU: the sum of the
    day's changes, each as a part of the price before it.
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
    approval_days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    """Days after which an act that nobody approved is given up."""


_FIELDS: dict[Kind, str] = {
    Kind.POINTS: "limit_{}_points",
    Kind.GROWTH: "limit_{}_growth",
    Kind.PRICE: "limit_{}_price_bp",
    Kind.RULE: "limit_{}_rules",
    Kind.COMMISSION: "limit_{}_commissions",
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
