"""Builders of the entries of a refund: granted, then sent."""

from dataclasses import dataclass

from server.ledger.chart import POINT, POINTS_SPENT, REBATE_COST, REFUNDS_DUE, SALES, WECHAT_CASH
from server.ledger.entries.orders import Held
from server.ledger.entries.parts import Entry, Line, Wallet, moved


@dataclass(frozen=True, slots=True)
class RefundSums:
    """What one refund moves."""

    cash_fen: int
    """Through WeChat, already less what is withheld."""
    withheld_fen: int
    held: Held
    """Balance and points that come back."""


def refund(refund_no: str, order_no: str, member_id: int, sums: RefundSums, owner: Wallet) -> Entry:
    """A refund is granted: balance and points come back now, cash is due; withheld cash pays back the own rebate."""
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
    """WeChat confirmed that the cash went back."""
    return Entry(
        f"refund-sent:{refund_no}",
        "refund_sent",
        f"订单 {order_no} 退款到账",
        f"order:{order_no}",
        moved(Line(0, REFUNDS_DUE, -amount_fen), Line(0, WECHAT_CASH, amount_fen)),
    )
