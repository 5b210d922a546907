"""How much a refund gives back: a line returns exactly its cash, balance and points, piece by piece, never more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from server.core.errors import RefundNotAllowed

LABELS = {
    "requested": "待审核",
    "returning": "待寄回商品",
    "granting": "已同意，处理中",
    "rejected": "未通过",
    "withdrawn": "已撤销",
    "processing": "退款中",
    "succeeded": "已退款",
}
"""The states of a refund, as members see them."""

WAITS_FOR_OWN_ORDER = "已同意，等待占用优惠券的未付款订单关闭"
"""The state `granting`, where the order that holds the coupon is the member's own."""

UNDECIDED = ("requested", "returning")
"""The states of a refund that an operator may still grant or refuse."""

RefundAction: TypeAlias = Literal["withdraw", "send_back"]


def refund_actions(state: str, parcel: str | None) -> list[RefundAction]:
    """Return what the member may do about a refund now; `parcel` is the number of the goods' parcel."""
    actions: list[RefundAction] = []
    if state in UNDECIDED and parcel is None:
        actions.append("withdraw")
    if state == "returning":
        actions.append("send_back")
    return actions


class Remedy(StrEnum):
    """What an operator can do about a refund that WeChat could not make; the values are those in the database."""

    AGAIN = "again"
    CARD = "card"
    HAND = "hand"


REMEDY_LABELS: dict[Remedy, str] = {
    Remedy.AGAIN: "换单号重新退款",
    Remedy.CARD: "退到会员银行卡",
    Remedy.HAND: "已线下退款",
}
_REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "CLOSED": (Remedy.AGAIN, Remedy.HAND),
    "ABNORMAL": (Remedy.CARD, Remedy.HAND),
}


def remedies(ended: str | None) -> tuple[Remedy, ...]:
    """Return what can be done about a refund that WeChat ended as `CLOSED` or `ABNORMAL`; nothing for other words.

    The money of a closed one is the shop's again, so it is asked for under a second number. The money of an abnormal
    one is on its way: WeChat sends it to another account under the number that it has.
    """
    return _REMEDIES.get(ended or "", ())


RETURN_TIME = timedelta(days=7)
"""How long a member has to send the goods back. After that, a refund whose goods are not on their way is refused."""


@dataclass(frozen=True, slots=True)
class LineState:
    """A line of an order and what was granted back of it before. Amounts are fen, for the whole quantity."""

    id: int
    quantity: int
    refunded_quantity: int
    cash_fen: int
    refunded_cash_fen: int
    balance_fen: int
    refunded_balance_fen: int
    withdrawable_fen: int
    refunded_withdrawable_fen: int
    points: int = 0
    refunded_points: int = 0


@dataclass(frozen=True, slots=True)
class LineRefund:
    """What one line gives back now; `withdrawable_fen` is part of `balance_fen`."""

    line_id: int
    quantity: int
    cash_fen: int
    balance_fen: int
    withdrawable_fen: int
    points: int = 0


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """A refund before anything is withheld."""

    lines: tuple[LineRefund, ...]
    whole: bool
    """The whole order at once: nothing was refunded before and nothing is left."""
    empties: bool
    """Nothing of the order is left after this refund."""

    @property
    def cash_fen(self) -> int:
        """Cash for the goods; the caller adds freight."""
        return sum(line.cash_fen for line in self.lines)

    @property
    def balance_fen(self) -> int:
        """Balance for the goods."""
        return sum(line.balance_fen for line in self.lines)

    @property
    def withdrawable_fen(self) -> int:
        """The withdrawable part of the balance."""
        return sum(line.withdrawable_fen for line in self.lines)

    @property
    def points(self) -> int:
        """Points that were spent on the goods."""
        return sum(line.points for line in self.lines)


def plan(lines: Sequence[LineState], wanted: Mapping[int, int] | None) -> RefundPlan:
    """Return what refunding `wanted` pieces gives back (line id → pieces; None: all that is left).

    Raises RefundNotAllowed (`quantity`: an unknown line or more than is left; `nothing`: nothing left or asked for).
    """
    left = {line.id: line.quantity - line.refunded_quantity for line in lines}
    asked = {line_id: pieces for line_id, pieces in left.items() if pieces} if wanted is None else wanted
    if any(not 1 <= pieces <= left.get(line_id, 0) for line_id, pieces in asked.items()):
        raise RefundNotAllowed(reason="quantity")
    parts = tuple(_line(line, asked[line.id]) for line in lines if asked.get(line.id))
    if not parts:
        raise RefundNotAllowed(reason="nothing")
    empties = all(asked.get(line_id, 0) == pieces for line_id, pieces in left.items())
    untouched = all(line.refunded_quantity == 0 for line in lines)
    return RefundPlan(parts, whole=empties and untouched, empties=empties)


def _line(line: LineState, pieces: int) -> LineRefund:
    done = line.refunded_quantity + pieces

    def due(paid: int, refunded: int) -> int:
        return paid * done // line.quantity - refunded

    # The two balances are rounded separately. Rounding their sum could give a piece less balance than withdrawable
    # balance.
    spend_only_fen = due(
        line.balance_fen - line.withdrawable_fen, line.refunded_balance_fen - line.refunded_withdrawable_fen
    )
    withdrawable_fen = due(line.withdrawable_fen, line.refunded_withdrawable_fen)
    return LineRefund(
        line.id,
        pieces,
        due(line.cash_fen, line.refunded_cash_fen),
        spend_only_fen + withdrawable_fen,
        withdrawable_fen,
        due(line.points, line.refunded_points),
    )


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a refund still gives after `total_fen` was withheld, from cash first."""

    total_fen: int
    cash_fen: int
    spend_only_fen: int
    withdrawable_fen: int


def withhold(short_fen: int, cash_fen: int, spend_only_fen: int, withdrawable_fen: int) -> Withheld:
    """Withhold what the wallet could not cover: from cash, then spend-only, then withdrawable; at most everything.

    What even the whole refund does not cover does not become debt.
    """
    of_cash = min(short_fen, cash_fen)
    of_spend_only = min(short_fen - of_cash, spend_only_fen)
    of_withdrawable = min(short_fen - of_cash - of_spend_only, withdrawable_fen)
    return Withheld(
        of_cash + of_spend_only + of_withdrawable,
        cash_fen - of_cash,
        spend_only_fen - of_spend_only,
        withdrawable_fen - of_withdrawable,
    )
