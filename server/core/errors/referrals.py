"""Refusals of binding a member to a referrer."""

from server.core.refusal import Refusal


class ShareUnknown(Refusal):
    """Binding: the share code does not exist."""

    code, status, message = "share_unknown", 422, "分享不存在"


class ShareDisabled(Refusal):
    """Binding: the share was switched off."""

    code, status, message = "share_disabled", 422, "分享已失效"


class BindSelf(Refusal):
    """Binding: a member cannot bind to their own share."""

    code, status, message = "self", 422, "不能绑定自己"


class AlreadyBound(Refusal):
    """Binding: the member already has a referrer, who is never replaced."""

    code, status, message = "already_bound", 422, "已绑定推荐人"


class ReferrerBlocked(Refusal):
    """Binding: the referrer is blocked or closed."""

    code, status, message = "referrer_blocked", 422, "推荐人账号不可用"


class ReferralLoop(Refusal):
    """Binding: the referrer is below the member."""

    code, status, message = "loop", 422, "不能绑定自己的下级"


class HasPaidOrder(Refusal):
    """Binding: only possible before the first paid order."""

    code, status, message = "has_paid_order", 422, "已有付款订单，不能再绑定推荐人"


class HasDownline(Refusal):
    """Binding: only possible while nobody is bound to the member."""

    code, status, message = "has_downline", 422, "已有下级，不能再绑定推荐人"
