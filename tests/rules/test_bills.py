import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.money import yuan
from server.rules.bills import IN, OUT, PAID, Bill, BillBroken, Kind, Line, Row, difference, read

NAMES = {
    Bill.TRADE: "交易时间,微信订单号,商户订单号,交易状态,商品名称,手续费,订单金额",
    Bill.REFUND: "微信订单号,微信退款单号,商户退款单号,退款状态,商品名称,手续费,申请退款金额",
    Bill.FUND: "记账时间,微信支付业务单号,业务类型,收支类型,收支金额(元),备注,业务凭证号",
}
SUMMARY = {
    Bill.TRADE: "总交易单数,订单总金额",
    Bill.REFUND: "总交易单数,退款总金额",
    Bill.FUND: "资金流水总笔数,收入笔数",
}


def text(bill: Bill, *rows: str, count: int | None = None) -> list[str]:
    said = len(rows) if count is None else count
    return [f"{line}\r\n" for line in (f"\ufeff{NAMES[bill]}", *rows, SUMMARY[bill], f"`{said},`0.00")]


def row(*values: str) -> str:
    return ",".join("`" + value.replace(",", "\\,") for value in values)


TRADE = row("2026-11-22 23:59:59", "42000", "T1", "SUCCESS", "茶", "0.06", "19.90")


def test_a_payment() -> None:
    assert list(read(Bill.TRADE, text(Bill.TRADE, TRADE))) == [Line("42000", 1990, "SUCCESS", "T1", 2)]


def test_a_refund_says_what_came_back_of_the_fee() -> None:
    [line] = read(Bill.REFUND, text(Bill.REFUND, row("42000", "50300", "R1", "PROCESSING", "茶", "-0.06", "9.9")))
    assert line == Line("R1", 990, "PROCESSING", "42000", 2, twin="50300", fee_fen=6)


def test_a_movement() -> None:
    [line] = read(Bill.FUND, text(Bill.FUND, row("2026-11-22 12:00:00", "42000", "交易", IN, "19.90", "", "T1")))
    assert line == Line("42000", 1990, IN, "T1", 2, kind="交易")


def test_a_day_without_movement() -> None:
    assert list(read(Bill.TRADE, [])) == []
    assert list(read(Bill.TRADE, text(Bill.TRADE))) == []


@pytest.mark.parametrize("title", ["茶,杯", "`", "茶`,`杯", "a,`b", "`,`,`"])
def test_what_stands_in_a_title_moves_no_column(title: str) -> None:
    line = row("2026-11-22 12:00:00", "42000", "T1", "SUCCESS", title, "0.06", "19.90")
    assert [one.amount_fen for one in read(Bill.TRADE, text(Bill.TRADE, line))] == [1990]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (text(Bill.TRADE, TRADE, TRADE.replace("19.90", "19.9x")), "trade bill, line 3: no amount in yuan: '19.9x'"),
        (text(Bill.TRADE, TRADE.replace("19.90", "1.234")), "line 2: no amount"),
        (text(Bill.TRADE, TRADE.replace("19.90", "-19.90")), "line 2: a negative amount"),
        (text(Bill.TRADE, TRADE.replace("42000", "")), "line 2: no 微信订单号"),
        (text(Bill.TRADE, TRADE + ",`more"), "line 2: 8 values for 7 columns"),
        (text(Bill.TRADE, TRADE, count=2), "line 3: 1 lines, the summary says 2"),
        (text(Bill.TRADE, TRADE)[:-1], "line 3: 1 lines, the summary says nothing"),
        (text(Bill.TRADE, TRADE)[:-2], "line 0: no summary"),
        (text(Bill.FUND), "line 1: no column 交易状态、商户订单号、微信订单号、订单金额"),
    ],
)
def test_a_bill_that_is_not_right(lines: list[str], problem: str) -> None:
    with pytest.raises(BillBroken, match=re.escape(problem)) as broken:
        list(read(Bill.TRADE, lines))
    assert problem.endswith(broken.value.problem) or broken.value.problem.startswith(problem.split(": ")[1])
    assert f"line {broken.value.line}:" in problem


numbers = st.text(alphabet="0123456789TRW", min_size=1, max_size=20)
titles = st.text(alphabet=st.characters(exclude_characters="\r\n\\", codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(numbers, numbers, titles, st.integers(0, 10**9)), max_size=8))
def test_every_line_is_read_as_it_was_written(rows: list[tuple[str, str, str, int]]) -> None:
    lines = [row("2026-11-22 12:00:00", n, about, "SUCCESS", title, "0.00", yuan(f)) for n, about, title, f in rows]
    read_again = [(one.number, one.about, one.amount_fen) for one in read(Bill.TRADE, text(Bill.TRADE, *lines))]
    assert read_again == [(n, about, f) for n, about, _, f in rows]


sides = st.builds(Row, st.just("1"), st.integers(0, 3), st.sampled_from([PAID, "SUCCESS", IN]), st.sampled_from("ab"))


@given(st.sampled_from(Bill), sides, sides)
def test_the_first_thing_that_differs_is_named(bill: Bill, ours: Row, theirs: Row) -> None:
    assert difference(bill, ours, None) is Kind.OURS_ONLY
    assert difference(bill, None, theirs) is Kind.THEIRS_ONLY
    found = difference(bill, ours, theirs)
    assert (found is Kind.AMOUNT) == (ours.amount_fen != theirs.amount_fen)
    if found is None:
        assert bill is Bill.FUND or ours.about == theirs.about


@pytest.mark.parametrize(
    ("bill", "theirs", "fitting"),
    [
        (Bill.TRADE, "SUCCESS", {PAID}),
        (Bill.TRADE, "REVOKED", set()),
        (Bill.REFUND, "SUCCESS", {"succeeded"}),
        (Bill.REFUND, "PROCESSING", {"processing", "abnormal", "succeeded"}),
        (Bill.REFUND, "FAIL", {"abnormal"}),
        (Bill.REFUND, "CHANGE", {"abnormal", "succeeded"}),
        (Bill.FUND, IN, {IN}),
        (Bill.FUND, OUT, {OUT}),
    ],
)
def test_states_that_fit(bill: Bill, theirs: str, fitting: set[str]) -> None:
    states = {PAID, IN, OUT, "requested", "approved", "rejected", "processing", "abnormal", "succeeded"}
    said = Row("1", 1, theirs, "T1")
    assert {state for state in states if difference(bill, Row("1", 1, state, "T1"), said) is None} == fitting
    other = {difference(bill, Row("1", 1, state, "T2"), said) for state in fitting}
    assert other == ({None} if bill is Bill.FUND else {Kind.STATE} if fitting else set())


def test_two_empty_sides() -> None:
    with pytest.raises(ValueError, match="nothing"):
        difference(Bill.TRADE, None, None)
