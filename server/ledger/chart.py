"""All accounts, and the kinds of entry that members see in their statements."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One account code. Debits increase a debit-normal account; a member's account never falls below zero."""

    code: str
    debit_normal: bool
    of_member: bool


SPEND_ONLY = Account("spend_only", debit_normal=False, of_member=True)
"""Balance that can be spent in the shop."""
WITHDRAWABLE = Account("withdrawable", debit_normal=False, of_member=True)
"""Balance that can be spent or withdrawn."""
FROZEN = Account("frozen", debit_normal=False, of_member=True)
"""Money or points earned but not yet final; one account per source."""
IN_FLIGHT = Account("in_flight", debit_normal=False, of_member=True)
"""Money that the member asked to withdraw and that is not paid out yet."""
DEBT = Account("debt", debit_normal=True, of_member=True)
"""What the member owes when the wallet could not cover an amount taken back; one account per source."""

POINTS = Account("points", debit_normal=False, of_member=True)
"""Points that can be spent. Their currency is POINT; frozen and owed points are in POINT on the accounts above."""

COUPON = Account("coupon", debit_normal=False, of_member=True)
"""What a coupon of value (paid by a rebate, or bought) can still take off; one account per coupon, in CPN. It stays
when the coupon expires."""
COUPON_USED = Account("coupon_used", debit_normal=False, of_member=True)
"""What a coupon of value took off an order, less what was taken back for it; one account per coupon, in CPN."""

WECHAT_CASH = Account("wechat_cash", debit_normal=True, of_member=False)
"""Money received through WeChat Pay, less what was refunded or paid out."""
ORDER_HOLD = Account("order_hold", debit_normal=False, of_member=False)
"""Balance and points held by unpaid orders."""
SALES = Account("sales", debit_normal=False, of_member=False)
"""Revenue of paid orders less refunds, plus coupon discounts that were taken back."""
REFUNDS_DUE = Account("refunds_due", debit_normal=False, of_member=False)
"""Cash refunds that are granted but not yet confirmed by WeChat."""
PAID_BY_HAND = Account("paid_by_hand", debit_normal=False, of_member=False)
"""Cash refunds that WeChat closed and the shop paid outside WeChat Pay."""
POINTS_ISSUED = Account("points_issued", debit_normal=True, of_member=False)
"""Points that the shop gave, less points taken back and points expired."""
POINTS_SPENT = Account("points_spent", debit_normal=False, of_member=False)
"""Points spent on paid orders, less points returned by refunds."""
COUPONS_ISSUED = Account("coupons_issued", debit_normal=True, of_member=False)
"""The other side of both accounts of coupons of value, in CPN."""
REBATE_COST = Account("rebate_cost", debit_normal=True, of_member=False)
"""What 推三返一 has cost the shop so far."""
COMMISSION_COST = Account("commission_cost", debit_normal=True, of_member=False)
"""What commission on orders has cost the shop so far."""
WITHDRAWAL_FEE = Account("withdrawal_fee", debit_normal=False, of_member=False)
"""Fees the shop earned from withdrawals."""
TAX_WITHHELD = Account("tax_withheld", debit_normal=False, of_member=False)
"""Tax withheld from withdrawals and owed to the tax office."""

AVAILABLE = (SPEND_ONLY, WITHDRAWABLE)
"""The accounts that a member can spend from, in the order in which they are spent."""

CNY = "CNY"
POINT = "POINT"
COUPON_VALUE = "CPN"
"""The worth of coupons of value, in fen. It is no money: a coupon pays nothing, it makes an order cheaper."""

NAMES: dict[str, str] = {
    SPEND_ONLY.code: "仅消费余额",
    WITHDRAWABLE.code: "可提现余额",
    FROZEN.code: "冻结",
    IN_FLIGHT.code: "提现中",
    DEBT.code: "待扣",
    POINTS.code: "积分",
    COUPON.code: "优惠券面额",
    COUPON_USED.code: "优惠券已抵扣",
    WECHAT_CASH.code: "微信收款",
    ORDER_HOLD.code: "下单占用",
    SALES.code: "销售",
    REFUNDS_DUE.code: "待退现金",
    PAID_BY_HAND.code: "线下退款",
    POINTS_ISSUED.code: "已发积分",
    POINTS_SPENT.code: "已用积分",
    COUPONS_ISSUED.code: "已发优惠券",
    REBATE_COST.code: "返一成本",
    COMMISSION_COST.code: "佣金成本",
    WITHDRAWAL_FEE.code: "提现手续费",
    TAX_WITHHELD.code: "代扣税款",
}
"""The operators' names for the accounts, by code."""

LABELS: dict[str, str] = {
    "order_hold": "下单使用余额或积分",
    "order_release": "订单关闭，余额和积分退回",
    "order_paid": "订单支付",
    "stray_payment": "重复或超时支付",
    "refund": "订单退款",
    "refund_sent": "退款到账",
    "rebate_stage": "返一入账（冻结中）",
    "rebate_release": "返一解冻到账",
    "rebate_take_back": "返一收回",
    "coupon_take_back": "优惠券收回",
    "bought_coupon_take_back": "退款收回优惠券",
    "coupon_issue": "优惠券发放",
    "coupon_lower": "优惠券面额收回",
    "coupon_withheld": "退款扣回优惠券",
    "coupon_return": "优惠券退回",
    "commission_frozen": "佣金入账（冻结中）",
    "commission_release": "佣金解冻到账",
    "commission_take_back": "佣金收回",
    "points_frozen": "购物积分（冻结中）",
    "points_release": "积分解冻到账",
    "points_take_back": "积分收回",
    "points_check_in": "签到",
    "points_gift": "赠送积分",
    "points_deduct": "扣除积分",
    "points_expired": "积分到期",
    "withdrawal_request": "申请提现",
    "withdrawal_paid": "提现到账",
    "withdrawal_back": "提现退回",
}
"""The members' names for the kinds of entry."""

GROUPS: dict[str, tuple[str, ...]] = {
    "rebate": ("rebate_stage", "rebate_release", "rebate_take_back", "coupon_take_back", "coupon_return"),
    "commission": ("commission_frozen", "commission_release", "commission_take_back"),
    "order": ("order_hold", "order_release", "refund", "bought_coupon_take_back"),
    "withdrawal": ("withdrawal_request", "withdrawal_paid", "withdrawal_back"),
}
"""The groups of entry kinds that members can filter their statement by."""


def kinds_of(name: str) -> tuple[str, ...]:
    """Return the kinds of a group, or the single kind of this name."""
    return GROUPS.get(name, (name,))
