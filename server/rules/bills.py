"""对账: read the lines of WeChat's bills and find where they differ from our books. Pure.

A bill is CSV of a special form. Every value starts with a backtick, amounts are yuan with decimals, and the columns
depend on the bill, so they are read by name. After the lines come the names and the values of a summary.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.core.money import fen


class Bill(StrEnum):
    """The three bills: payments, refunds, and every movement of the merchant's basic account."""

    TRADE = "trade"
    REFUND = "refund"
    FUND = "fund"


class Kind(StrEnum):
    """How the two sides differ."""

    OURS_ONLY = "ours_only"
    THEIRS_ONLY = "theirs_only"
    AMOUNT = "amount"
    STATE = "state"


class BillBroken(ValueError):  # noqa: N818 - the bill's fault
    """A bill that cannot be read. `line` counts from 1; 0 means the whole file."""

    def __init__(self, bill: Bill, line: int, problem: str) -> None:
        super().__init__(f"{bill} bill, line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Row:
    """One movement as one side records it."""

    number: str
    """WeChat's transaction id, our refund number, or WeChat's number of the account movement."""
    amount_fen: int
    """Never negative: `state` gives the direction."""
    state: str
    about: str
    """Our order number, WeChat's transaction id, or the voucher number that WeChat gives."""


@dataclass(frozen=True, slots=True)
class Line(Row):
    """One line of a bill."""

    line: int
    kind: str = ""
    """Only for account movements: WeChat's own word for the kind."""
    twin: str = ""
    """Only for refunds: WeChat's refund number, which the account bill uses."""
    fee_fen: int = 0
    """Only for refunds: the part of its fee that WeChat returned. The account lost that much less."""


IN, OUT = "收入", "支出"
"""The states of account movements, on both sides."""
PAID = "paid"
"""The state of our payments."""

OWN_KINDS = frozenset({"扣除交易手续费", "充值", "提现"})
"""Movements between the merchant and WeChat without any member. They are summed, but matched with nothing of ours."""

_COUNTS = {Bill.TRADE: "总交易单数", Bill.REFUND: "总交易单数", Bill.FUND: "资金流水总笔数"}
_COLUMNS: dict[Bill, dict[str, str]] = {
    Bill.TRADE: {"number": "微信订单号", "amount_fen": "订单金额", "state": "交易状态", "about": "商户订单号"},
    Bill.REFUND: {
        "number": "商户退款单号",
        "amount_fen": "申请退款金额",
        "state": "退款状态",
        "about": "微信订单号",
        "twin": "微信退款单号",
        "fee_fen": "手续费",
    },
    Bill.FUND: {
        "number": "微信支付业务单号",
        "amount_fen": "收支金额(元)",
        "state": "收支类型",
        "about": "业务凭证号",
        "kind": "业务类型",
    },
}
_FITTING: dict[Bill, dict[str, frozenset[str]]] = {
    Bill.TRADE: {"SUCCESS": frozenset({PAID})},
    # WeChat writes a refund's line when it accepts the refund; the line may or may not show what happened later.
    Bill.REFUND: {
        "SUCCESS": frozenset({"succeeded"}),
        "PROCESSING": frozenset({"processing", "abnormal", "succeeded"}),
        "FAIL": frozenset({"abnormal"}),
        "CHANGE": frozenset({"abnormal", "succeeded"}),
    },
    Bill.FUND: {IN: frozenset({IN}), OUT: frozenset({OUT})},
}
_CELLS_END = re.compile(r"(?<!\\),`")


def read(bill: Bill, texts: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a bill; none for an empty file. Raises BillBroken for the first bad line or missing lines."""
    numbered = enumerate((text.rstrip("\r\n") for text in texts), 1)
    _, header = next(numbered, (0, ""))
    if not header:
        return
    names = header.removeprefix("\ufeff").split(",")
    missing = set(_COLUMNS[bill].values()) - set(names)
    if missing:
        raise BillBroken(bill, 1, f"no column {'、'.join(sorted(missing))}")
    for number, text in numbered:
        if not text.startswith("`"):
            _, values = next(numbered, (0, ""))
            _check_count(bill, number, text, values)
            return
        try:
            yield _line(bill, number, _cells(names, text))
        except ValueError as error:
            raise BillBroken(bill, number, str(error)) from error
    raise BillBroken(bill, 0, "no summary at its end")


def _cells(names: list[str], text: str) -> dict[str, str]:
    """Split a line into values. A comma inside a text is escaped, because before a backtick it would end the field."""
    values = text[1:].split(",`")
    if len(values) != len(names):
        values = _CELLS_END.split(text[1:])
    if len(values) != len(names):
        raise ValueError(f"{len(values)} values for {len(names)} columns")
    return dict(zip(names, values, strict=True))


def _line(bill: Bill, number: int, cells: Mapping[str, str]) -> Line:
    found = {field: cells[name] for field, name in _COLUMNS[bill].items()}
    amount_fen, fee_fen = fen(found.pop("amount_fen")), fen(found.pop("fee_fen", "0"))
    if not found["number"]:
        raise ValueError(f"no {_COLUMNS[bill]['number']}")
    if amount_fen < 0:
        raise ValueError("a negative amount")
    return Line(**found, amount_fen=amount_fen, fee_fen=abs(fee_fen), line=number)


def _check_count(bill: Bill, number: int, names: str, values: str) -> None:
    """Check the number of lines between the header and the summary against the summary. Raises BillBroken."""
    count = str(number - 2)
    said = dict(zip(names.split(","), values.removeprefix("`").split(",`"), strict=False)).get(_COUNTS[bill])
    if said != count:
        raise BillBroken(bill, number, f"{count} lines, the summary says {said or 'nothing'}")


def difference(bill: Bill, ours: Row | None, theirs: Row | None) -> Kind | None:
    """Return how the two sides of one number differ, or None. Raises ValueError when both sides are missing."""
    if ours is None and theirs is None:
        raise ValueError("nothing to compare")
    if theirs is None:
        return Kind.OURS_ONLY
    if ours is None:
        return Kind.THEIRS_ONLY
    if ours.amount_fen != theirs.amount_fen:
        return Kind.AMOUNT
    # The account bill has its own names for vouchers, so `about` is not compared.
    same_thing = bill is Bill.FUND or ours.about == theirs.about
    return None if same_thing and ours.state in _FITTING[bill].get(theirs.state, ()) else Kind.STATE
