"""Which promotions and rewards can be combined, per kind of order: one matrix, in immutable versions.

The price pipeline asks the matrix what may reduce a price. Placing an order stores what the matrix says about rewards.
Members and operators read the reasons in the same words.
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
"""The kinds of order in Chinese."""


class Combination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be combined in orders of one kind."""

    promotion: bool = False
    """The goods have the promotion's price."""
    level_discount: bool = True
    coupon: bool = True
    points: bool = True
    """Points may pay part of the goods. The points that an exchange costs are its price and not meant here."""
    balance: bool = True
    commission: bool = True
    qualifies: bool = True
    """The order may be the first order that counts for the referrer."""
    returnable: bool = True
    """The order may be the one that 推三返一 returns."""


NORMAL = Combination()
"""Orders without a promotion: everything can be combined."""

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
"""The columns in Chinese, in the order of the price pipeline."""

REWARDS: dict[str, str] = {
    "commission": "for_commission",
    "qualifies": "for_qualification",
    "returnable": "for_return",
}
"""The columns that are stored with an order: column of the matrix → column of the order."""


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One combination per kind of order. A promotion's price takes no level discount and no coupon unless allowed."""

    normal: Combination = NORMAL
    group_buy: Combination = Combination(promotion=True, level_discount=False, coupon=False)
    flash_sale: Combination = Combination(promotion=True, level_discount=False, coupon=False, points=False)
    points: Combination = Combination(
        promotion=True, level_discount=False, coupon=False, points=False, qualifies=False, returnable=False
    )

    def of(self, kind: str) -> Combination:
        """Return the combination of an order kind."""
        found: Combination = getattr(self, kind)
        return found


def validate(matrix: Matrix) -> None:
    """Raise StackingInvalid (`kind`, `what`, `problem`) for a matrix that makes no sense."""
    for kind in KINDS:
        one = matrix.of(kind)
        if one.promotion != (kind != "normal"):
            problem = "普通订单没有活动价" if kind == "normal" else "活动订单按活动价出售，不能关闭活动价"
            raise StackingInvalid(kind=kind, what="promotion", problem=problem)
    if matrix.points.points:
        raise StackingInvalid(kind="points", what="points", problem="积分兑换的价格就是积分，不能再用积分抵扣")


def changes(before: Matrix, after: Matrix) -> list[tuple[str, str, bool]]:
    """Return what differs, as (kind, what, now allowed), in the order of the screen."""
    return [
        (kind, what, getattr(after.of(kind), what))
        for kind in KINDS
        for what in LABELS
        if getattr(after.of(kind), what) != getattr(before.of(kind), what)
    ]
