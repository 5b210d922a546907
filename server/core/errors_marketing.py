"""Refusals of what the shop has going on; see core/errors.py."""

from server.core.errors import Refusal


class LevelRequired(Refusal):
    """A product is for members of a level (its name) or above."""

    code, status, message = "level_required", 422, "会员等级不够，暂时不能购买"

    def __init__(self, product_id: int, level: str) -> None:
        super().__init__(product_id=product_id, level=level)
        self.message = f"{level}及以上会员专享"


class CouponClosed(Refusal):
    """Not the time to claim it: `reason` is `not_started` (then `claim_from` says when) or `ended`."""

    code, status, message = "coupon_closed", 422, "现在不能领取"


class CouponNotForYou(Refusal):
    """The coupon is for others: `reason` is `new` (who never paid for an order), `birthday` (its month) or `level`."""

    code, status, message = "not_for_you", 422, "不符合领取条件"
