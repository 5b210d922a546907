"""Pure builders of ledger entries, one per business event. Callers pass positive fen; the builders set the signs.

One file per noun; this package exports them all.
"""

from server.ledger.entries.commissions import (
    commission_frozen,
    commission_release,
    commission_source,
    commission_take_back,
)
from server.ledger.entries.coupons import (
    ValueCoupon,
    coupon_issue,
    coupon_lower,
    coupon_return,
    coupon_source,
    coupon_take_back,
    coupon_withheld,
)
from server.ledger.entries.orders import Held, UsedCoupon, order_hold, order_paid, order_release, stray_payment
from server.ledger.entries.parts import Debt, Entry, Line, Taken, Wallet, credit, moved, take_back
from server.ledger.entries.points import (
    point_source,
    points_frozen,
    points_given,
    points_gone,
    points_release,
    points_take_back,
)
from server.ledger.entries.rebates import rebate_release, rebate_source, rebate_stage, rebate_take_back
from server.ledger.entries.refunds import RefundSums, refund, refund_paid_by_hand, refund_sent
from server.ledger.entries.withdrawals import withdrawal_back, withdrawal_paid, withdrawal_request

__all__ = [
    "Debt",
    "Entry",
    "Held",
    "Line",
    "RefundSums",
    "Taken",
    "UsedCoupon",
    "ValueCoupon",
    "Wallet",
    "commission_frozen",
    "commission_release",
    "commission_source",
    "commission_take_back",
    "coupon_issue",
    "coupon_lower",
    "coupon_return",
    "coupon_source",
    "coupon_take_back",
    "coupon_withheld",
    "credit",
    "moved",
    "order_hold",
    "order_paid",
    "order_release",
    "point_source",
    "points_frozen",
    "points_given",
    "points_gone",
    "points_release",
    "points_take_back",
    "rebate_release",
    "rebate_source",
    "rebate_stage",
    "rebate_take_back",
    "refund",
    "refund_paid_by_hand",
    "refund_sent",
    "stray_payment",
    "take_back",
    "withdrawal_back",
    "withdrawal_paid",
    "withdrawal_request",
]
