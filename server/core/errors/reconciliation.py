"""Refusals of a reconciliation."""

from server.core.refusal import Refusal


class BillNotReady(Refusal):
    """WeChat has no bill of the `day` yet: it makes a day's bills the next morning, from about ten."""

    code, status, message = "bill_not_ready", 409, "微信账单尚未生成，请在次日上午 10 点以后再试"
