"""The whole table of what a message from WeChat about a payment can mean."""

from dataclasses import replace
from typing import Any

import pytest

from server.rules.orders import OrderStatus
from server.rules.payments import Expected, Judgement, Outcome, Said, judge

S = OrderStatus
SAID = Said("wx1", "1900000001", "4200000001", "SUCCESS", 100, "CNY", "openid-1")
PENDING = Expected("wx1", "1900000001", S.PENDING, 100, "openid-1", None, known_payment=False)

MISFITS: dict[str, dict[str, Any]] = {
    "appid": {"appid": "wx2"},
    "mchid": {"mchid": "1900000002"},
    "currency": {"currency": "USD"},
    "amount": {"amount_fen": 99},
    "payer": {"openid": "openid-2"},
}


def order(status: OrderStatus, settled_by: str | None, *, known: bool) -> Expected:
    return replace(PENDING, status=status, transaction_id=settled_by, known_payment=known)


@pytest.mark.parametrize("trade_state", ["NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "success"])
@pytest.mark.parametrize("expected", [None, PENDING, order(S.CLOSED, None, known=True)])
def test_what_is_not_paid_changes_nothing(trade_state: str, expected: Expected | None) -> None:
    assert judge(replace(SAID, trade_state=trade_state), expected) == Judgement(Outcome.UNPAID)


@pytest.mark.parametrize("trade_state", ["SUCCESS", "REFUND"])
def test_paid_and_perhaps_refunded_since_is_paid(trade_state: str) -> None:
    assert judge(replace(SAID, trade_state=trade_state), PENDING) == Judgement(Outcome.SETTLE)


def test_a_number_that_is_not_ours() -> None:
    assert judge(SAID, None) == Judgement(Outcome.MISMATCH, "order")


@pytest.mark.parametrize("field", MISFITS)
@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("settled_by", [None, SAID.transaction_id, "4200000002"])
@pytest.mark.parametrize("known", [True, False])
def test_what_does_not_fit_never_touches_an_order(
    field: str, status: OrderStatus, settled_by: str | None, known: bool
) -> None:
    said = replace(SAID, **MISFITS[field])
    assert judge(said, order(status, settled_by, known=known)) == Judgement(Outcome.MISMATCH, field)


def test_the_first_misfit_is_named() -> None:
    said = SAID
    for field in reversed(MISFITS):
        said = replace(said, **MISFITS[field])
        if field != "amount":
            continue
        assert judge(said, PENDING).mismatch == "amount"
    assert judge(said, PENDING).mismatch == "appid"


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("settled_by", [None, SAID.transaction_id, "4200000002"])
@pytest.mark.parametrize("known", [True, False])
def test_what_fits(status: OrderStatus, settled_by: str | None, known: bool) -> None:
    if known or settled_by == SAID.transaction_id:
        outcome = Outcome.ALREADY
    elif status is S.PENDING:
        outcome = Outcome.SETTLE
    elif status in {S.CLOSED, S.REFUNDED} and settled_by is None:
        outcome = Outcome.AFTER_CLOSE
    else:
        outcome = Outcome.TWICE
    assert judge(SAID, order(status, settled_by, known=known)) == Judgement(outcome)


def test_only_a_pending_order_is_ever_settled() -> None:
    settled = {
        (status, settled_by, known)
        for status in S
        for settled_by in (None, SAID.transaction_id, "4200000002")
        for known in (True, False)
        if judge(SAID, order(status, settled_by, known=known)).outcome is Outcome.SETTLE
    }
    assert {status for status, _, _ in settled} == {S.PENDING}
    assert (S.PENDING, None, False) in settled
