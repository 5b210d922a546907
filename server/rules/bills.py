"""对账: what a line of WeChat's bills says, and where it does not agree with ours. Pure.

A bill is CSV of its own kind: every value starts with a backtick, amounts are yuan with decimals, columns differ by
bill and are read by name; after the lines stand the names and values of a summary.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.core.money import fen


class Bill(StrEnum):
    """Payments, refunds, and every movement of the merchant's basic account."""

    TRADE = "trade"
    REFUND = "refund"
    FUND = "fund"


class Kind(StrEnum):
    """How two sides differ."""

    OURS_ONLY = "ours_only"
    THEIRS_ONLY = "theirs_only"
    AMOUNT = "amount"
    STATE = "state"


class BillBroken(ValueError):  # noqa: N818 - the bill's fault
    """A bill that cannot be read; `line` counts from 1, 0 is the whole file."""

    def __init__(self, bill: Bill, line: int, problem: str) -> None:
        super().__init__(f"{bill} bill, line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Row:
    """One movement as one side has it."""

    number: str
    """WeChat's transaction id, our refund number, or WeChat's number of what moved the account."""
    amount_fen: int
    """Never negative: which way it went is in `state`."""
    state: str
    about: str
    """Our order number, WeChat's transaction id, or whatever WeChat names as the voucher."""


@dataclass(frozen=True, slots=True)
class Line(Row):
    """One line of a bill."""

    line: int
    kind: str = ""
    """Of a movement: WeChat's own word."""
    twin: str = ""
    """Of a refund: WeChat's number of it, by which the account's bill knows it."""
    fee_fen: int = 0
    """Of a refund: what WeChat gave back of its fee, so much less left the account."""


IN, OUT = "收入", "支出"
"""The states of movements, on both sides."""
PAID = "paid"
"""The state of a payment of ours."""

OWN_KINDS = frozenset({"扣除交易手续费", "充值", "提现"})
"""Movements between the merchant and WeChat that no member has a part in: summed up, matched with nothing."""

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
    # A refund's line is written when it is accepted; what became of it later may stand there or not.
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
    """The lines of a bill; none of an empty file. Raises BillBroken at the first wrong one, or when any is missing."""
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
    """A comma inside a text is escaped; in front of a backtick it would else look like the end of its field."""
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
    """The summary says how many lines stand between the header and itself."""
    count = str(number - 2)
    said = dict(zip(names.split(","), values.removeprefix("`").split(",`"), strict=False)).get(_COUNTS[bill])
    if said != count:
        raise BillBroken(bill, number, f"{count} lines, the summary says {said or 'nothing'}")


def difference(bill: Bill, ours: Row | None, theirs: Row | None) -> Kind | None:
    """How the two sides of one number differ, if they do. Raises ValueError when there is no side at all."""
    if ours is None and theirs is None:
        raise ValueError("nothing to compare")
    if theirs is None:
        return Kind.OURS_ONLY
    if ours is None:
        return Kind.THEIRS_ONLY
    if ours.amount_fen != theirs.amount_fen:
        return Kind.AMOUNT
    # The account's bill names vouchers in a way of its own.
    same_thing = bill is Bill.FUND or ours.about == theirs.about
    return None if same_thing and ours.state in _FITTING[bill].get(theirs.state, ()) else Kind.STATE
