"""Refusals of filling a shop with generated data."""

from server.core.refusal import Refusal


class NotEmpty(Refusal):
    """A year of shop data can only be generated in an empty database; `table` has rows."""

    code, status, message = "not_empty", 409, "已有会员、订单或账目，只能在空的商城里生成"
