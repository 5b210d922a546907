"""Refusals of what the shop has going on; see core/errors.py."""

from server.core.errors import Refusal


class CouponClosed(Refusal):
    """Not the time to claim it: `reason` is `not_started` (then `claim_from` says when) or `ended`."""

    code, status, message = "coupon_closed", 422, "现在不能领取"


class CouponNotForYou(Refusal):
    """The coupon is for others: `reason` is `new` (who never paid for an order), `birthday` (its month) or `level`."""

    code, status, message = "not_for_you", 422, "不符合领取条件"
