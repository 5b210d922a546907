"""Refusals of promotions."""

from typing import Any

from server.core.refusal import Refusal

PROMOTIONS = {
    "not_started": "活动还没有开始",
    "over": "活动已结束",
    "sold_out": "已抢光",
    "limit": "已达到每人限购数量",
    "price_changed": "活动价已变化，请刷新后再试",
    "items": "活动商品需要单独下单",
}
"""The sentences by `reason`: why a promotion refuses an order."""


class PromotionUnknown(Refusal):
    """The promotion named in the order does not exist or does not apply."""

    code, status, message = "promotion_unknown", 422, "活动不存在或不适用"


class PromotionRefused(Refusal):
    """The promotion refuses this order; `reason` is a word of the kind of promotion."""

    code, status, message = "promotion_refused", 422, "暂时不能参加该活动"

    def __init__(self, **detail: Any) -> None:  # noqa: ANN401 - as of every refusal
        super().__init__(**detail)
        self.message = PROMOTIONS.get(detail.get("reason", ""), self.message)


class NotCombinable(Refusal):
    """Orders of this `kind` cannot be combined with `what` (`coupon`, `points` or `balance`)."""

    code, status, message = "not_combinable", 422, "该活动不能与所选优惠同时使用"


class StackingInvalid(Refusal):
    """The matrix of combinations makes no sense; `kind`, `what` and `problem` say why."""

    code, status, message = "stacking_invalid", 422, "叠加规则有误"


class PromotionQueued(Refusal):
    """All pieces are taken, but not all are paid for. Some may become free, so try again."""

    code, status, message = "promotion_queued", 429, "太火爆了，正在排队，请稍后再试"
    retry_after_s = 2
