"""Refusals of a refund."""

from server.core.refusal import Refusal


class RefundOpen(Refusal):
    """The order already has an open refund request; only one is allowed at a time."""

    code, status, message = "refund_open", 409, "已有处理中的退款申请"


class ReissueRefused(Refusal):
    """WeChat refused to send the refund to another account; `problem` says why, for operators."""

    code, status, message = "reissue_refused", 422, "微信没有接受，请核对银行卡信息"


class RefundNotAllowed(Refusal):
    """The member cannot get a refund of the order now; `reason` is `status`, `window`, `quantity` or `nothing`."""

    code, status, message = "refund_not_allowed", 422, "该订单不支持退款"
