"""The shop's own numbers: periods, freight, attribution. Stored as one row, read with defaults for what it lacks."""

from typing import Annotated, Literal

import msgspec

_DAYS = msgspec.Meta(ge=1, le=365)
_AMOUNT = msgspec.Meta(ge=0, le=10**9)


class ShopPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may set for the whole shop."""

    order_minutes: Annotated[int, msgspec.Meta(ge=2, le=7 * 24 * 60)] = 15
    """How long an unpaid order holds its stock."""
    receive_days: Annotated[int, _DAYS] = 10
    """Days after shipping until an order counts as received by itself."""
    refund_days: Annotated[int, _DAYS] = 7
    """Days after receipt during which a member may ask for a refund; then the order is completed."""
    freight_fen: Annotated[int, _AMOUNT] = 800
    free_from_fen: Annotated[int, _AMOUNT] = 9900
    """Goods worth this much or more, after discounts, travel free."""
    attribution: Literal["first_touch", "last_touch"] = "first_touch"
    attribution_days: Annotated[int, _DAYS] = 30
