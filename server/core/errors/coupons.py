"""Refusals of a coupon."""

from server.core.refusal import Refusal


class CouponUnusable(Refusal):
    """The coupon does not fit the order.

    `reason` is `state`, `expired`, `not_started`, `scope`, `threshold`, or `worth`: it lost a part of its worth since
    the order was priced.
    """

    code, status, message = "coupon_unusable", 422, "优惠券不可用"


class CouponSoldOut(Refusal):
    """All coupons of the template are taken."""

    code, status, message = "coupon_sold_out", 422, "优惠券已领完"


class CouponLimit(Refusal):
    """The member has already claimed the allowed number."""

    code, status, message = "coupon_limit", 422, "已达到领取上限"


class CouponClosed(Refusal):
    """The coupon cannot be claimed at this time; `reason` is `not_started` (with `claim_from`) or `ended`."""

    code, status, message = "coupon_closed", 422, "现在不能领取"


class CouponNotForYou(Refusal):
    """The coupon is for others; `reason` is `new` (who never paid for an order), `birthday` (month) or `level`."""

    code, status, message = "not_for_you", 422, "不符合领取条件"
