"""Refusals of a reconciliation."""

from server.core.refusal import Refusal


class BillNotReady(Refusal):
    """WeChat has no bill of `day` yet. It makes the bills of a day the next morning, from about ten o'clock."""

    code, status, message = "bill_not_ready", 409, "微信账单尚未生成，请在次日上午 10 点以后再试"
