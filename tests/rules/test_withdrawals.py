"""提现: the table of states, the sum, the limits, and what WeChat's answers mean."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import RealNameRequired, WithdrawalLimit
from server.gateways.wechat_pay import NAMED_FROM_FEN, NAMELESS_BELOW_FEN
from server.rules import withdrawals as law
from server.rules.shop import ShopPolicy
from server.rules.withdrawals import Quote, Today, WithdrawalState

S = WithdrawalState
AMOUNTS = st.integers(1, 10**9)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_the_table_leads_everywhere_and_out_again() -> None:
    assert set(law.TRANSITIONS) == set(S) == set(law.LABELS)
    assert {S.REQUESTED, S.APPROVED, S.SENT, S.CONFIRMING} == law.LIVE
    assert {S.REJECTED, S.FAILED, S.EXPIRED, S.CANCELLED} == law.GIVES_BACK
    assert law.sources_of(S.REQUESTED) == set()
    assert law.sources_of(S.PAID) == law.AT_WECHAT
    assert all(law.sources_of(state) for state in S if state is not S.REQUESTED)


def test_the_table_has_these_moves_and_no_other() -> None:
    ends = {S.FAILED, S.EXPIRED, S.CANCELLED}
    assert {state: set(moves) for state, moves in law.TRANSITIONS.items() if moves} == {
        S.REQUESTED: {S.APPROVED, S.REJECTED, S.CANCELLED},
        S.APPROVED: {S.SENT, S.CANCELLED},
        S.SENT: {S.CONFIRMING, S.PAID} | ends,
        S.CONFIRMING: {S.PAID} | ends,
    }


def test_once_wechat_was_asked_it_alone_decides() -> None:
    for state in law.AT_WECHAT:
        assert not law.TRANSITIONS[state] & {S.REQUESTED, S.APPROVED, S.REJECTED}


@given(amount=AMOUNTS, fee_bp=st.integers(0, 1000), tax_bp=st.integers(0, 9999))
def test_a_quote_sums_and_favours_the_member(amount: int, fee_bp: int, tax_bp: int) -> None:
    asked = law.quote(amount, fee_bp, lambda taxable_fen: taxable_fen * tax_bp // 10_000)
    assert asked.amount_fen == amount == asked.fee_fen + asked.tax_fen + asked.payout_fen
    assert min(asked.fee_fen, asked.tax_fen, asked.payout_fen) >= 0
    assert asked.fee_fen * 10_000 <= amount * fee_bp < (asked.fee_fen + 1) * 10_000


@given(amount=AMOUNTS, fee_bp=st.integers(0, 1000))
def test_nothing_is_withheld_unless_a_shop_says_so(amount: int, fee_bp: int) -> None:
    assert law.quote(amount, fee_bp).tax_fen == law.no_tax(amount) == 0


@pytest.mark.parametrize(
    ("income", "tax"),
    [
        (0, 0),
        (80_000, 0),
        (80_004, 0),
        (80_005, 1),
        (100_000, 4_000),
        (400_000, 64_000),
        (400_001, 64_000),
        (2_500_000, 400_000),
        (2_500_010, 400_002),
        (6_250_000, 1_300_000),
        (10_000_000, 2_500_000),
    ],
)
def test_what_is_withheld_of_a_months_labour(income: int, tax: int) -> None:
    assert law.labour_tax(income) == tax


LABOUR = ShopPolicy(withdrawal_withholding="labour_remuneration")


@given(income=st.integers(0, 10**8), more=st.integers(0, 10**6))
def test_who_earns_more_keeps_more(income: int, more: int) -> None:
    assert 0 <= law.labour_tax(income + more) - law.labour_tax(income) <= more


@given(amounts=st.lists(st.integers(1_000, 10**7), min_size=1, max_size=6), fee_bp=st.integers(0, 1000))
def test_a_month_in_parts_withholds_as_the_whole(amounts: list[int], fee_bp: int) -> None:
    today = Today(0, 0)
    for amount in amounts:
        asked = law.quote(amount, fee_bp, law.withholding(LABOUR, today))
        assert asked.tax_fen >= 0
        taxable, tax = today.month_taxable_fen + amount - asked.fee_fen, today.month_tax_fen + asked.tax_fen
        today = Today(0, 0, taxable, tax)
    assert today.month_tax_fen == law.labour_tax(today.month_taxable_fen)


def test_tax_that_is_due_never_takes_all() -> None:
    """A shop that begins to withhold tax in the middle of a month, and a member from whom too much was withheld."""
    late = law.withholding(LABOUR, Today(0, 0, 400_000, 0))
    assert (late(20_000), late(100_000), late(5)) == (19_990, 80_000, 0)
    assert law.withholding(LABOUR, Today(0, 0, 0, 5_000))(100_000) == 0
    assert law.withholding(ShopPolicy(), Today(0, 0, 400_000, 0))(10**6) == 0


POLICY = ShopPolicy(withdrawal_min_fen=100, withdrawal_day_count=2, withdrawal_day_fen=1000)


@pytest.mark.parametrize(
    ("asked", "today", "reason"),
    [
        (Quote(99, 0, 0, 99), Today(0, 0), "minimum"),
        (Quote(100, 50, 41, 9), Today(0, 0), "minimum"),
        (Quote(100, 0, 0, 100), Today(2, 0), "day_count"),
        (Quote(501, 0, 0, 501), Today(1, 500), "day_amount"),
    ],
)
def test_limits(asked: Quote, today: Today, reason: str) -> None:
    with pytest.raises(WithdrawalLimit) as refused:
        law.check_limits(asked, today, POLICY)
    assert refused.value.detail["reason"] == reason


def test_the_limits_themselves_are_allowed() -> None:
    law.check_limits(Quote(100, 50, 40, 10), Today(1, 900), POLICY)


@given(amount=AMOUNTS, auto=st.integers(0, 10**9), second=st.integers(0, 10**9))
def test_what_needs_two_never_approves_itself(amount: int, auto: int, second: int) -> None:
    policy = ShopPolicy(withdrawal_auto_below_fen=auto, withdrawal_second_from_fen=second)
    assert not (law.approves_itself(amount, policy) and law.needs_second(amount, policy))
    assert law.approves_itself(amount, policy) == (amount < auto and amount < second)


def test_by_default_an_operator_looks_at_each() -> None:
    assert not law.approves_itself(1, ShopPolicy())


@given(payout=AMOUNTS, name=st.sampled_from([None, "", "王小明"]), threshold=st.integers(30, 200_000))
def test_names_are_sent_where_wechat_takes_them_and_asked_for_where_it_needs_them(
    payout: int, name: str | None, threshold: int
) -> None:
    policy = ShopPolicy(withdrawal_name_from_fen=threshold)
    if payout >= threshold and not name:
        with pytest.raises(RealNameRequired):
            law.name_to_send(payout, name, policy)
        return
    sent = law.name_to_send(payout, name, policy)
    assert sent == (name if name and payout >= NAMELESS_BELOW_FEN else None)
    assert sent or payout < NAMED_FROM_FEN


def test_a_name_goes_along_from_thirty_fen_on() -> None:
    policy = ShopPolicy()
    assert [law.name_to_send(payout, "王小明", policy) for payout in (29, 30)] == [None, "王小明"]


def test_the_shop_may_ask_for_names_earlier_than_wechat_and_never_later() -> None:
    assert law.NAMELESS_BELOW_FEN == NAMELESS_BELOW_FEN
    assert ShopPolicy().withdrawal_name_from_fen == NAMED_FROM_FEN
    for odd in (NAMELESS_BELOW_FEN - 1, NAMED_FROM_FEN + 1):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"withdrawal_name_from_fen": odd}, ShopPolicy)


@pytest.mark.parametrize(
    ("said", "reason", "means"),
    [
        ("ACCEPTED", "", S.SENT),
        ("PROCESSING", "", S.SENT),
        ("WAIT_USER_CONFIRM", "", S.CONFIRMING),
        ("TRANSFERING", "", S.SENT),
        ("CANCELING", "", S.SENT),
        ("SOMETHING_NEW", "", S.SENT),
        ("SUCCESS", "", S.PAID),
        ("FAIL", "NAME_NOT_CORRECT", S.FAILED),
        ("FAIL", "OVERDUE_CLOSE", S.EXPIRED),
        ("FAIL", "MCH_CANCEL", S.CANCELLED),
        ("CANCELLED", "MCH_CANCEL", S.CANCELLED),
    ],
)
def test_what_wechats_states_mean(said: str, reason: str, means: WithdrawalState) -> None:
    assert law.meaning(said, reason) is means


def test_reasons_are_told_in_words() -> None:
    assert law.reason_text("NAME_NOT_CORRECT") == "姓名与微信实名不一致"
    assert "BLOCK" not in law.reason_text("BLOCK_B2C_USERLIMITAMOUNT_BSRULE_MONTH")


def test_wechat_is_asked_less_and_less_often_and_never_given_up() -> None:
    waits = [law.ask_again(NOON, checks) - NOON for checks in range(12)]
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert law.ask_again(NOON, 10**6) - NOON == timedelta(hours=1)
