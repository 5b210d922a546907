"""The shop's own numbers: periods, freight, attribution. Stored as one row, read with defaults for what it lacks."""

from typing import Literal

import msgspec


class ShopPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may set for the whole shop."""

    order_minutes: int = 15
    """How long an unpaid order holds its stock."""
    receive_days: int = 10
    """Days after shipping until an order counts as received by itself."""
    refund_days: int = 7
    """Days after receipt during which a member may ask for a refund; then the order is completed."""
    freight_fen: int = 800
    free_from_fen: int = 9900
    """Goods worth this much or more, after discounts, travel free."""
    attribution: Literal["first_touch", "last_touch"] = "first_touch"
    attribution_days: int = 30
