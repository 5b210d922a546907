"""The subscription messages by our key: the values that come with each, and their Chinese names."""

VALUES: dict[str, dict[str, str]] = {
    "paid": {"order_no": "订单号", "amount": "金额"},
    "shipped": {"order_no": "订单号", "company": "快递公司", "tracking_no": "运单号"},
    "team": {"order_no": "订单号", "state": "状态"},
    "refund": {"order_no": "订单号", "amount": "金额", "state": "状态"},
    "qualified": {"name": "好友", "progress": "进度"},
    "rebate_frozen": {"amount": "金额", "state": "状态"},
    "rebate_settled": {"amount": "金额", "state": "状态"},
    "commission_frozen": {"amount": "金额", "state": "状态"},
    "commission_settled": {"amount": "金额", "state": "状态"},
    "points_expiring": {"points": "积分", "date": "到期日"},
    "level": {"level": "等级", "state": "状态"},
    "coupon_ending": {"name": "优惠券", "expires_at": "到期时间"},
    "withdrawal": {"amount": "金额", "state": "状态"},
}
