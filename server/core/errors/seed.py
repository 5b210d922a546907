"""Refusals of filling a shop that is not empty."""

from server.core.refusal import Refusal


class NotEmpty(Refusal):
    """A whole year of a shop is made only where there is nothing yet; `table` has rows."""

    code, status, message = "not_empty", 409, "已有会员、订单或账目，只能在空的商城里生成"
