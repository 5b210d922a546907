"""Refusals of a rebate rule or of a member's choice of order."""

from server.core.refusal import Refusal


class NotReturnable(Refusal):
    """The chosen order cannot be returned."""

    code, status, message = "not_returnable", 422, "该订单不能作为返还订单"


class ChoiceNotNeeded(Refusal):
    """The rule in force picks the returned order itself, without a choice."""

    code, status, message = "choice_not_needed", 422, "当前规则不需要选择返还订单"


class RuleInvalid(Refusal):
    """The rebate rule breaks a limit; `field` and `problem` say which."""

    code, status, message = "rule_invalid", 422, "规则不合法"
