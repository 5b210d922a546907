"""提现: the states of a withdrawal, its costs and limits, and what WeChat's answers mean for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.core.errors import RealNameRequired, WithdrawalLimit
from server.core.money import share, yuan
from server.rules.shop import WITHDRAWAL_LEAST_FEN, ShopPolicy


class WithdrawalState(StrEnum):
    """The state of a withdrawal, with the same words in API and database."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    CONFIRMING = "confirming"
    PAID = "paid"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


S = WithdrawalState

TRANSITIONS: dict[WithdrawalState, frozenset[WithdrawalState]] = {
    S.REQUESTED: frozenset({S.APPROVED, S.REJECTED, S.CANCELLED}),
    S.APPROVED: frozenset({S.SENT, S.CANCELLED}),
    S.SENT: frozenset({S.CONFIRMING, S.PAID, S.FAILED, S.EXPIRED, S.CANCELLED}),
    S.CONFIRMING: frozenset({S.PAID, S.FAILED, S.EXPIRED, S.CANCELLED}),
    S.PAID: frozenset(),
    S.REJECTED: frozenset(),
    S.FAILED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""All allowed transitions. From `sent` on, only WeChat's answers decide how a withdrawal ends."""

LABELS: dict[WithdrawalState, str] = {
    S.REQUESTED: "待审核",
    S.APPROVED: "待转账",
    S.SENT: "转账中",
    S.CONFIRMING: "待确认收款",
    S.PAID: "已到账",
    S.REJECTED: "未通过",
    S.FAILED: "转账失败",
    S.EXPIRED: "超时未确认",
    S.CANCELLED: "已取消",
}

LIVE = frozenset(state for state, moves in TRANSITIONS.items() if moves)
"""The states in which the money is in flight."""
AT_WECHAT = frozenset({S.SENT, S.CONFIRMING})
"""The states in which WeChat was asked and has not given a final answer."""
GIVES_BACK = frozenset(S) - LIVE - {S.PAID}
"""The final states in which the money is returned."""


def sources_of(after: WithdrawalState) -> frozenset[WithdrawalState]:
    """Return the states from which `after` can be reached."""
    return frozenset(before for before, moves in TRANSITIONS.items() if after in moves)


Withholding = Callable[[int], int]
"""Taxable fen (the amount less the fee) → tax to withhold: at least 0, and less than what is left to pay."""


def no_tax(_taxable_fen: int) -> int:
    """Withhold nothing: the default. Whether and how much a shop must withhold is for its accountant to say."""
    return 0


_SMALL_FEN, _FLAT_FROM_FEN = 80_000, 400_000
"""Monthly income up to 800 yuan is free of tax. Up to 4 000 yuan, 800 yuan are deducted; above that, a fifth."""
_KEPT_BP = 8_000
_TAX_STEPS = ((0, 2_000, 0), (2_000_000, 3_000, 200_000), (5_000_000, 4_000, 700_000))
"""Each step: the taxable fen above which it applies, its rate, and the quick deduction that makes the steps
continuous."""


def labour_tax(income_fen: int) -> int:
    """Return the tax on a month's income, rounded down: 劳务报酬所得个人所得税预扣预缴 (STA notice 2018 No. 61)."""
    taxable_fen = income_fen - _SMALL_FEN if income_fen <= _FLAT_FROM_FEN else share(income_fen, _KEPT_BP)
    return max(
        (share(taxable_fen, rate_bp) - off for above, rate_bp, off in _TAX_STEPS if taxable_fen > above), default=0
    )


def withholding(policy: ShopPolicy, today: "Today") -> Withholding:
    """Return the shop's way of withholding, for a member who withdrew `today`'s sums before.

    The tax is what is due on all of the month's withdrawals, less what was already withheld. It never leaves so little
    that WeChat could not pay.
    """
    if policy.withdrawal_withholding == "none":
        return no_tax

    def labour(taxable_fen: int) -> int:
        due_fen = labour_tax(today.month_taxable_fen + taxable_fen) - today.month_tax_fen
        return max(0, min(due_fen, taxable_fen - WITHDRAWAL_LEAST_FEN))

    return labour


@dataclass(frozen=True, slots=True)
class Quote:
    """How a withdrawal is divided: amount = fee + tax + payout."""

    amount_fen: int
    fee_fen: int
    tax_fen: int
    payout_fen: int


def quote(amount_fen: int, fee_bp: int, withholding: Withholding = no_tax) -> Quote:
    """Divide an amount into fee (rounded down, in the member's favour), tax on what the fee leaves, and payout."""
    fee_fen = share(amount_fen, fee_bp)
    tax_fen = withholding(amount_fen - fee_fen)
    return Quote(amount_fen, fee_fen, tax_fen, amount_fen - fee_fen - tax_fen)


@dataclass(frozen=True, slots=True)
class Today:
    """What a member asked for since midnight in Shanghai, and since the month began there."""

    count: int
    """All withdrawals, however they ended, because even a failed one may be an attempt to guess a real name."""
    amount_fen: int
    """Only withdrawals that are in flight or paid; the sums of the month count the same ones."""
    month_taxable_fen: int = 0
    """After fees."""
    month_tax_fen: int = 0


def check_limits(asked: Quote, today: Today, policy: ShopPolicy) -> None:
    """Raise WithdrawalLimit (`reason`: `minimum`, `day_count`, `day_amount`, with the `limit`) unless allowed."""
    if asked.amount_fen < policy.withdrawal_min_fen:
        raise WithdrawalLimit(reason="minimum", limit=policy.withdrawal_min_fen)
    if asked.payout_fen < WITHDRAWAL_LEAST_FEN:
        raise WithdrawalLimit(reason="minimum", limit=WITHDRAWAL_LEAST_FEN)
    if today.count >= policy.withdrawal_day_count:
        raise WithdrawalLimit(reason="day_count", limit=policy.withdrawal_day_count)
    if today.amount_fen + asked.amount_fen > policy.withdrawal_day_fen:
        raise WithdrawalLimit(reason="day_amount", limit=policy.withdrawal_day_fen)


def most_now(withdrawable_fen: int, today: Today, policy: ShopPolicy) -> int:
    """Return the largest amount that can be withdrawn now; 0 when nothing can be.

    A larger amount never pays out less, so when the largest one is refused after fee and tax, every other one is too.
    """
    most = max(0, min(withdrawable_fen, policy.withdrawal_day_fen - today.amount_fen))
    try:
        check_limits(quote(most, policy.withdrawal_fee_bp, withholding(policy, today)), today, policy)
    except WithdrawalLimit:
        return 0
    return most


def limit_text(reason: str, limit: int) -> str:
    """Return the text of a WithdrawalLimit for the member."""
    if reason == "day_count":
        return f"每天最多提现 {limit} 次，明天再来吧"
    return f"最少提现 {yuan(limit)} 元" if reason == "minimum" else f"每天最多提现 {yuan(limit)} 元"


NAMELESS_BELOW_FEN = 30
"""WeChat accepts no name for less than 0.3 yuan."""


def needs_name(payout_fen: int, policy: ShopPolicy) -> bool:
    """Whether a payout must carry the member's real name."""
    return payout_fen >= policy.withdrawal_name_from_fen


def name_to_send(payout_fen: int, real_name: str | None, policy: ShopPolicy) -> str | None:
    """Return the name to send to WeChat with a transfer. Raises RealNameRequired when a required name is missing."""
    if needs_name(payout_fen, policy) and not real_name:
        raise RealNameRequired(from_fen=policy.withdrawal_name_from_fen)
    return real_name or None if payout_fen >= NAMELESS_BELOW_FEN else None


def approves_itself(amount_fen: int, policy: ShopPolicy) -> bool:
    """Whether the withdrawal is approved without an operator."""
    return amount_fen < min(policy.withdrawal_auto_below_fen, policy.withdrawal_second_from_fen)


def needs_second(amount_fen: int, policy: ShopPolicy) -> bool:
    """Whether two operators must approve the withdrawal."""
    return amount_fen >= policy.withdrawal_second_from_fen


_ENDS = {
    ("FAIL", "OVERDUE_CLOSE"): S.EXPIRED,
    ("FAIL", "MCH_CANCEL"): S.CANCELLED,
}
_STATES = {"WAIT_USER_CONFIRM": S.CONFIRMING, "SUCCESS": S.PAID, "FAIL": S.FAILED, "CANCELLED": S.CANCELLED}


def meaning(wechat_state: str, fail_reason: str) -> WithdrawalState:
    """Return our state for WeChat's. A state that WeChat may add later counts as still in flight."""
    return _ENDS.get((wechat_state, fail_reason)) or _STATES.get(wechat_state, S.SENT)


SHOPS_TROUBLE = frozenset({"NOT_ENOUGH", "NO_AUTH", "SIGN_ERROR", "MCH_NOT_EXISTS", "APPID_MCHID_NOT_MATCH"})
"""Refusals that operators can fix: the transfer is retried under the same number until it succeeds."""

_REASONS = {
    "NAME_NOT_CORRECT": "姓名与微信实名不一致",
    "REAL_NAME_CHECK_FAIL": "微信账号未完成实名认证",
    "ACCOUNT_FROZEN": "微信账户被冻结",
    "PAYEE_ACCOUNT_ABNORMAL": "微信收款账户异常",
    "TRANSFER_QUOTA_EXCEED": "超过微信转账限额",
    "DAY_RECEIVED_QUOTA_EXCEED": "超过微信当日收款限额",
    "DAY_RECEIVED_COUNT_EXCEED": "超过微信当日收款次数",
    "OVERDUE_CLOSE": "24 小时内未确认收款",
    "MCH_CANCEL": "已撤销",
}


def reason_text(fail_reason: str) -> str:
    """Return why a withdrawal failed, for the member."""
    return _REASONS.get(fail_reason, "微信未能完成转账，请稍后再试或联系客服")


QUERYABLE = timedelta(days=29)
"""WeChat forgets transfers after 30 days. From then on, its answer "not found" proves nothing."""
_ASK_AGAIN_FIRST, _ASK_AGAIN_LAST = timedelta(minutes=1), timedelta(hours=1)


def ask_again(at: datetime, checks: int) -> datetime:
    """Return when to ask WeChat next, after `checks` checks: 1, 2, 4 … minutes later, at most an hour.

    One minute is longer than any call to WeChat lasts, so the next check sees the result of an earlier call.
    """
    return at + min(_ASK_AGAIN_LAST, _ASK_AGAIN_FIRST * (1 << min(checks, 6)))
