"""Builders of entries are pure. For all amounts, every entry balances and credits pay debts first."""

from collections import defaultdict
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from server.ledger import entries
from server.ledger.chart import DEBT, LABELS, SPEND_ONLY, WITHDRAWABLE
from server.ledger.entries import Debt, Entry, Held, Line, RefundSums, Taken, UsedCoupon, ValueCoupon, Wallet

FEN = st.integers(0, 10**12)
DEBTS = st.lists(FEN, max_size=4).map(lambda owed: [Debt(f"rebate:{n}", fen) for n, fen in enumerate(owed)])
WALLETS = st.builds(lambda debts, points: Wallet(0, 0, {}, tuple(debts), point_debts=tuple(points)), DEBTS, DEBTS)
HELD = st.builds(Held, FEN, FEN, FEN)
COUPON, BOUGHT = ValueCoupon(3, 7, "rebate:3"), ValueCoupon(3, 7, "order:T1")
BUILDERS: list[tuple[Callable[..., Entry], tuple[st.SearchStrategy, ...]]] = [
    (lambda a, b, points: entries.order_hold("T1", 7, a, b, points), (FEN,) * 3),
    (lambda held, owner: entries.order_release("T1", 7, held, owner), (HELD, WALLETS)),
    (lambda a, b, points: entries.order_paid("T1", a, b, points), (FEN,) * 3),
    (lambda a: entries.stray_payment("tx", "T1", a), (FEN,)),
    (lambda a, b, held, owner: entries.refund("R1", "T1", 7, RefundSums(a, b, held), owner), (FEN, FEN, HELD, WALLETS)),
    (lambda a: entries.refund_sent("R1", "T1", a), (FEN,)),
    (lambda a: entries.refund_paid_by_hand("R1", "T1", a), (FEN,)),
    (lambda a: entries.rebate_stage(3, 1, 9, 7, a), (FEN,)),
    (lambda a, debts: entries.rebate_release(3, 9, 7, a, SPEND_ONLY, debts), (FEN, DEBTS)),
    (lambda a, b, c, d: entries.rebate_take_back("k", 3, 7, "收回", Taken(a, b, c, d)), (FEN,) * 4),
    (lambda a, b: entries.coupon_issue([(COUPON, a), (ValueCoupon(4, 7, "rebate:3"), b)]), (FEN, FEN)),
    (lambda a: entries.coupon_lower(COUPON, "refund", a), (FEN,)),
    (lambda a: entries.coupon_take_back(COUPON, "reversal", "收回", a), (FEN,)),
    (lambda a: entries.coupon_take_back(BOUGHT, "refund", "收回", a), (FEN,)),
    (lambda a: entries.coupon_withheld(COUPON, "R1", a), (FEN,)),
    (lambda a, b, c, debts: entries.coupon_return(COUPON, "R1", a, b, c, debts), (FEN, FEN, FEN, DEBTS)),
    (lambda a, b, c, debts: entries.coupon_return(BOUGHT, "R1", a, b, c, debts), (FEN, FEN, FEN, DEBTS)),
    (lambda a, b: entries.order_paid("T1", 5, 0, 0, UsedCoupon(3, 7, a, b)), (FEN, FEN)),
    (lambda a: entries.commission_frozen(3, "T1", 7, a), (FEN,)),
    (lambda a, debts: entries.commission_release(3, 7, a, debts), (FEN, DEBTS)),
    (lambda a, b, c, d: entries.commission_take_back(3, "R1", 7, Taken(a, b, c, d)), (FEN,) * 4),
    (lambda a: entries.withdrawal_request("W1", 7, a), (FEN,)),
    (lambda a, b, c: entries.withdrawal_paid("W1", 7, a, b, c), (FEN,) * 3),
    (lambda a, debts: entries.withdrawal_back("W1", 7, a, "已取消", debts), (FEN, DEBTS)),
]
ENTRIES = st.one_of(
    [st.tuples(*given).map(lambda values, build=build: build(*values)) for build, given in BUILDERS]  # type: ignore[misc]
)


@given(ENTRIES)
def test_every_entry_balances(entry: Entry) -> None:
    sums: dict[str, int] = defaultdict(int)
    for line in entry.lines:
        sums[line.currency] += line.amount
    assert not any(sums.values())
    assert len(entry.lines) != 1


@given(ENTRIES)
def test_an_entry_has_one_line_that_moves_something_per_account(entry: Entry) -> None:
    accounts = [(line.member_id, line.account, line.source, line.currency) for line in entry.lines]
    assert len(set(accounts)) == len(accounts)
    assert all(line.amount for line in entry.lines)
    assert all(line.account.of_member == (line.member_id > 0) for line in entry.lines)


@given(ENTRIES)
def test_an_entry_fits_its_columns_and_can_be_read_about(entry: Entry) -> None:
    assert len(entry.key) <= 80
    assert len(entry.why) <= 120
    assert len(entry.link) <= 60
    assert entry.kind in LABELS


@given(st.lists(st.tuples(st.sampled_from([SPEND_ONLY, WITHDRAWABLE]), FEN), max_size=3), DEBTS)
def test_a_credit_pays_debts_first_and_the_oldest_first(parts: list, debts: list[Debt]) -> None:
    lines = entries.credit(7, parts, debts)
    total = sum(fen for _, fen in parts)
    paid = {line.source: line.amount for line in lines if line.account is DEBT}
    left = total
    for debt in debts:
        assert paid.get(debt.source, 0) == min(debt.amount_fen, left)
        left -= paid.get(debt.source, 0)
    assert sum(line.amount for line in lines if line.account is not DEBT) == left
    assert all(line.amount > 0 for line in lines)


def test_a_debt_that_two_credits_pay_is_one_line() -> None:
    lines = entries.credit(7, [(SPEND_ONLY, 30), (WITHDRAWABLE, 50)], [Debt("rebate:1", 40)])
    assert lines == [Line(7, DEBT, 40, "rebate:1"), Line(7, WITHDRAWABLE, 40)]
