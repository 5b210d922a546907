"""What a verified message from WeChat about a payment means for an order."""

from dataclasses import dataclass
from enum import StrEnum

from server.rules.orders import PAID_STATES, OrderStatus


class Outcome(StrEnum):
    """The judgement. All but `UNPAID` are recorded; payments with one of the last two are refunded automatically."""

    SETTLE = "settled"
    ALREADY = "already"
    UNPAID = "unpaid"
    MISMATCH = "mismatch"
    AFTER_CLOSE = "after_close"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Said:
    """What WeChat reported."""

    appid: str
    mchid: str
    transaction_id: str
    trade_state: str
    amount_fen: int
    currency: str
    openid: str


@dataclass(frozen=True, slots=True)
class Expected:
    """The order as our database has it."""

    appid: str
    mchid: str
    status: OrderStatus
    cash_due_fen: int
    openid: str
    transaction_id: str | None
    """The transaction that settled the order."""
    known_payment: bool
    """Whether this transaction is already recorded, with any outcome."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome, and for a mismatch the field that differs."""

    outcome: Outcome
    mismatch: str | None = None


def judge(said: Said, expected: Expected | None) -> Judgement:
    """Judge a transaction; `expected` is None when we have no order with that number."""
    if said.trade_state not in ("SUCCESS", "REFUND"):
        return Judgement(Outcome.UNPAID)
    if expected is None:
        return Judgement(Outcome.MISMATCH, "order")
    mismatch = _misfit(said, expected)
    if mismatch is not None:
        return Judgement(Outcome.MISMATCH, mismatch)
    if expected.known_payment or said.transaction_id == expected.transaction_id:
        return Judgement(Outcome.ALREADY)
    if expected.status is OrderStatus.PENDING:
        return Judgement(Outcome.SETTLE)
    paid_before = expected.status in PAID_STATES or expected.transaction_id is not None
    return Judgement(Outcome.TWICE if paid_before else Outcome.AFTER_CLOSE)


def _misfit(said: Said, expected: Expected) -> str | None:
    pairs = (
        ("appid", expected.appid, said.appid),
        ("mchid", expected.mchid, said.mchid),
        ("currency", "CNY", said.currency),
        ("amount", expected.cash_due_fen, said.amount_fen),
        ("payer", expected.openid, said.openid),
    )
    return next((name for name, ours, theirs in pairs if ours != theirs), None)
