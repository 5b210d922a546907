"""Refusals of a withdrawal."""

from server.core.refusal import Refusal


class WithdrawalLimit(Refusal):
    """A withdrawal breaks the limit `limit`; `reason` is `minimum`, `day_count` or `day_amount`."""

    code, status, message = "withdrawal_limit", 422, "超出提现限额"


class RealNameRequired(Refusal):
    """A payout of `from_fen` or more needs the real name of the member's WeChat account."""

    code, status, message = "real_name_required", 422, "请填写微信实名姓名"
