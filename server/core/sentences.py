"""Sentences for people where one refusal has several reasons."""

PROMOTIONS = {
    "not_started": "活动还没有开始",
    "over": "活动已结束",
    "sold_out": "已抢光",
    "limit": "已达到每人限购数量",
    "price_changed": "活动价已变化，请刷新后再试",
    "items": "活动商品需要单独下单",
}
"""Why a promotion does not take an order, by `reason`."""
