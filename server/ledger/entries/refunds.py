"""Builders of the entries of a refund: granted, then sent."""

from dataclasses import dataclass

from server.ledger.chart import PAID_BY_HAND, POINT, POINTS_SPENT, REBATE_COST, REFUNDS_DUE, SALES, WECHAT_CASH
from server.ledger.entries.orders import Held
from server.ledger.entries.parts import Entry, Line, Wallet, moved


@dataclass(frozen=True, slots=True)
class RefundSums:
    """The amounts that one refund moves."""

    cash_fen: int
    """Cash to refund through WeChat, after the withheld amount was subtracted."""
    withheld_fen: int
    held: Held
    """Balance and points to return."""


def refund(refund_no: str, order_no: str, member_id: int, sums: RefundSums, owner: Wallet) -> Entry:
    """Build the entry of a granted refund: balance and points return at once, cash becomes due.

    Withheld cash repays the rebate that was given for this order.
    """
    balance_fen = sums.held.spend_only_fen + sums.held.withdrawable_fen
    return Entry(
        f"refund:{refund_no}",
        "refund",
        f"订单 {order_no} 退款",
        f"order:{order_no}",
        moved(
            Line(0, SALES, -(sums.cash_fen + sums.withheld_fen + balance_fen)),
            Line(0, REFUNDS_DUE, sums.cash_fen),
            Line(0, REBATE_COST, sums.withheld_fen),
            Line(0, POINTS_SPENT, -sums.held.points, currency=POINT),
            *sums.held.back(member_id, owner),
        ),
        reverses=f"order-paid:{order_no}",
    )


def refund_sent(refund_no: str, order_no: str, amount_fen: int) -> Entry:
    """Build the entry for a cash refund that WeChat confirmed."""
    return Entry(
        f"refund-sent:{refund_no}",
        "refund_sent",
        f"订单 {order_no} 退款到账",
        f"order:{order_no}",
        moved(Line(0, REFUNDS_DUE, -amount_fen), Line(0, WECHAT_CASH, amount_fen)),
    )


def refund_paid_by_hand(refund_no: str, order_no: str, amount_fen: int) -> Entry:
    """Build the entry for a cash refund that WeChat closed and the shop paid outside WeChat.

    Its key is that of `refund_sent`: one refund is paid once, whatever way it goes.
    """
    return Entry(
        f"refund-sent:{refund_no}",
        "refund_sent",
        f"订单 {order_no} 退款已线下支付",
        f"order:{order_no}",
        moved(Line(0, REFUNDS_DUE, -amount_fen), Line(0, PAID_BY_HAND, amount_fen)),
    )
