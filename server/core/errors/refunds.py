"""Refusals of a refund."""

from server.core.refusal import Refusal


class RefundOpen(Refusal):
    """One refund request of an order at a time."""

    code, status, message = "refund_open", 409, "已有处理中的退款申请"


class RefundNotAllowed(Refusal):
    """The order cannot be refunded by its member now; `reason` is `status`, `window`, `quantity` or `nothing`."""

    code, status, message = "refund_not_allowed", 422, "该订单不支持退款"
