"""Builders of the entries of a commission: granted as frozen, released, taken back."""

from collections.abc import Sequence

from server.ledger.chart import COMMISSION_COST, FROZEN, WITHDRAWABLE
from server.ledger.entries.parts import Debt, Entry, Line, Taken, credit, moved, take_back


def commission_source(commission_id: int) -> str:
    """Return the source name of frozen money and debt from one commission."""
    return f"commission:{commission_id}"


def commission_frozen(commission_id: int, order_no: str, member_id: int, amount_fen: int) -> Entry:
    """Build the entry that grants a commission on a friend's order as frozen money."""
    source = commission_source(commission_id)
    return Entry(
        f"{source}:frozen",
        "commission_frozen",
        f"好友订单 {order_no} 的佣金",
        source,
        moved(Line(0, COMMISSION_COST, -amount_fen), Line(member_id, FROZEN, amount_fen, source)),
    )


def commission_release(commission_id: int, member_id: int, amount_fen: int, debts: Sequence[Debt]) -> Entry:
    """Build the entry that releases a frozen commission to the withdrawable balance; debts are paid first."""
    source = commission_source(commission_id)
    return Entry(
        f"{source}:release",
        "commission_release",
        "观察期结束，佣金到账",
        source,
        moved(Line(member_id, FROZEN, -amount_fen, source), credit(member_id, [(WITHDRAWABLE, amount_fen)], debts)),
    )


def commission_take_back(commission_id: int, refund_no: str, member_id: int, taken: Taken) -> Entry:
    """Build the entry that takes commission back after a refund: frozen, spend-only, withdrawable, then debt."""
    source = commission_source(commission_id)
    return take_back(
        "commission_take_back",
        f"{source}:refund:{refund_no}",
        source,
        member_id,
        "好友订单退款，佣金收回",
        taken,
        COMMISSION_COST,
    )
