"""Refusals of a binding."""

from server.core.refusal import Refusal


class ShareUnknown(Refusal):
    """Binding: no such share code."""

    code, status, message = "share_unknown", 422, "分享不存在"


class ShareDisabled(Refusal):
    """Binding: the share was switched off."""

    code, status, message = "share_disabled", 422, "分享已失效"


class BindSelf(Refusal):
    """Binding: one's own share."""

    code, status, message = "self", 422, "不能绑定自己"


class AlreadyBound(Refusal):
    """Binding: a referrer is there already and is never overwritten."""

    code, status, message = "already_bound", 422, "已绑定推荐人"


class ReferrerBlocked(Refusal):
    """Binding: the referrer is blocked or closed."""

    code, status, message = "referrer_blocked", 422, "推荐人账号不可用"


class ReferralLoop(Refusal):
    """Binding: the referrer stands below the member."""

    code, status, message = "loop", 422, "不能绑定自己的下级"


class HasPaidOrder(Refusal):
    """Binding: only before the first paid order."""

    code, status, message = "has_paid_order", 422, "已有付款订单，不能再绑定推荐人"


class HasDownline(Refusal):
    """Binding: only while nobody is bound to the member."""

    code, status, message = "has_downline", 422, "已有下级，不能再绑定推荐人"
