"""Which promotions and rewards go together, per kind of order: one matrix, in immutable versions.

The price pipeline asks it what may come off, placing writes what it says of rewards onto the order, and members and
operators read why from the same words.
"""

from typing import get_args

import msgspec

from server.core.errors import StackingInvalid
from server.rules.orders import OrderKind

KINDS: tuple[OrderKind, ...] = get_args(OrderKind)

KIND_NAMES: dict[str, str] = {
    "normal": "普通订单",
    "group_buy": "拼团订单",
    "flash_sale": "秒杀订单",
    "points": "积分兑换",
}
"""The kinds of order as people call them."""


class Combination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes together in orders of one kind."""

    promotion: bool = False
    """The goods cost what the promotion says."""
    level_discount: bool = True
    coupon: bool = True
    points: bool = True
    """Points pay a part of the goods; what an exchange costs in points is its price and no part of this."""
    balance: bool = True
    commission: bool = True
    qualifies: bool = True
    """It may be the first order that counts for the referrer."""
    returnable: bool = True
    """It may be the order that 推三返一 returns."""


NORMAL = Combination()
"""Orders without a promotion: everything goes together."""

LABELS: dict[str, str] = {
    "promotion": "活动价",
    "level_discount": "等级折扣",
    "coupon": "优惠券",
    "points": "积分抵扣",
    "balance": "余额支付",
    "commission": "分润",
    "qualifies": "计入推荐人的有效推荐",
    "returnable": "可被返还",
}
"""The columns as people read them, in the order of the price pipeline."""

REWARDS: dict[str, str] = {
    "commission": "for_commission",
    "qualifies": "for_qualification",
    "returnable": "for_return",
}
"""The columns that an order keeps, by where it keeps them."""


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One combination per kind of order. A promotion's price takes no level discount and no coupon unless allowed."""

    normal: Combination = NORMAL
    group_buy: Combination = Combination(promotion=True, level_discount=False, coupon=False)
    flash_sale: Combination = Combination(promotion=True, level_discount=False, coupon=False, points=False)
    points: Combination = Combination(
        promotion=True, level_discount=False, coupon=False, points=False, qualifies=False, returnable=False
    )

    def of(self, kind: str) -> Combination:
        """The combination of an order kind."""
        found: Combination = getattr(self, kind)
        return found


def validate(matrix: Matrix) -> None:
    """Raise StackingInvalid (`kind`, `what`, `problem`) for a matrix that cannot be meant."""
    for kind in KINDS:
        one = matrix.of(kind)
        if one.promotion != (kind != "normal"):
            problem = "普通订单没有活动价" if kind == "normal" else "活动订单按活动价出售，不能关闭活动价"
            raise StackingInvalid(kind=kind, what="promotion", problem=problem)
    if matrix.points.points:
        raise StackingInvalid(kind="points", what="points", problem="积分兑换的价格就是积分，不能再用积分抵扣")


def changes(before: Matrix, after: Matrix) -> list[tuple[str, str, bool]]:
    """What differs, as (kind, what, now allowed), in the order of the screen."""
    return [
        (kind, what, getattr(after.of(kind), what))
        for kind in KINDS
        for what in LABELS
        if getattr(after.of(kind), what) != getattr(before.of(kind), what)
    ]
