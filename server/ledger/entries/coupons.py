"""Builders of the entries that take the value of a used coupon back."""

from server.ledger.chart import DEBT, REBATE_COST, SALES
from server.ledger.entries.parts import Entry, Line, moved
from server.ledger.entries.rebates import rebate_source


def bought_coupon_take_back(coupon_id: int, order_no: str, member_id: int, debt_fen: int) -> Entry:
    """Turn a bought coupon's discount into debt: the coupon was used, then the order that bought it was refunded."""
    source = f"order:{order_no}"
    return Entry(
        f"coupon:{coupon_id}:take-back",
        "bought_coupon_take_back",
        "退款收回已使用的优惠券",
        source,
        moved(Line(member_id, DEBT, -debt_fen, source), Line(0, SALES, debt_fen)),
    )


def coupon_take_back(key: str, rebate_id: int, member_id: int, why: str, debt_fen: int) -> Entry:
    """Turn the discount of a rebate's coupon into debt: the coupon was used, then the rebate was reversed."""
    source = rebate_source(rebate_id)
    return Entry(
        key,
        "coupon_take_back",
        why,
        source,
        moved(Line(member_id, DEBT, -debt_fen, source), Line(0, REBATE_COST, debt_fen)),
    )
