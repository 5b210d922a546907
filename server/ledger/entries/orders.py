"""Builders of the entries of an order (hold, release, pay) and of payments that belong to no order."""

from dataclasses import dataclass

from server.ledger.chart import (
    ORDER_HOLD,
    POINT,
    POINTS,
    POINTS_SPENT,
    REFUNDS_DUE,
    SALES,
    SPEND_ONLY,
    WECHAT_CASH,
    WITHDRAWABLE,
)
from server.ledger.entries.coupons import coupon_moves
from server.ledger.entries.parts import Entry, Line, Wallet, credit, moved


def order_hold(order_no: str, member_id: int, spend_only_fen: int, withdrawable_fen: int, points: int = 0) -> Entry:
    """Build the entry that holds balance and points for a new order."""
    return Entry(
        f"order-placed:{order_no}",
        "order_hold",
        f"订单 {order_no} 使用{_what(spend_only_fen + withdrawable_fen, points)}",
        f"order:{order_no}",
        moved(
            Line(member_id, SPEND_ONLY, -spend_only_fen),
            Line(member_id, WITHDRAWABLE, -withdrawable_fen),
            Line(0, ORDER_HOLD, spend_only_fen + withdrawable_fen),
            Line(member_id, POINTS, -points, currency=POINT),
            Line(0, ORDER_HOLD, points, currency=POINT),
        ),
    )


def _what(balance_fen: int, points: int) -> str:
    return "余额和积分" if balance_fen and points else "积分" if points else "余额"


@dataclass(frozen=True, slots=True)
class Held:
    """What an order holds, or returns to its member, besides cash."""

    spend_only_fen: int
    withdrawable_fen: int
    points: int = 0

    def back(self, member_id: int, owner: Wallet) -> tuple[list[Line], list[Line]]:
        """Return the lines that give it back, money and points apart; each pays debts of its own currency first."""
        money = credit(
            member_id, [(SPEND_ONLY, self.spend_only_fen), (WITHDRAWABLE, self.withdrawable_fen)], owner.debts
        )
        return money, credit(member_id, [(POINTS, self.points)], owner.point_debts, POINT)


def order_release(order_no: str, member_id: int, held: Held, owner: Wallet) -> Entry:
    """Build the entry that returns the held balance and points when an unpaid order closes."""
    return Entry(
        f"order-closed:{order_no}",
        "order_release",
        f"订单 {order_no} 已关闭",
        f"order:{order_no}",
        moved(
            Line(0, ORDER_HOLD, -(held.spend_only_fen + held.withdrawable_fen)),
            Line(0, ORDER_HOLD, -held.points, currency=POINT),
            *held.back(member_id, owner),
        ),
        reverses=f"order-placed:{order_no}",
    )


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """The coupon of value that an order uses: what it could take off (0 for a percentage), and what it takes off."""

    id: int
    member_id: int
    worth_fen: int
    off_fen: int


def order_paid(
    order_no: str, cash_fen: int, balance_fen: int, points: int = 0, coupon: UsedCoupon | None = None
) -> Entry:
    """Build the entry of a paid order: cash through WeChat, plus the balance, points and coupon that it held."""
    used = [] if coupon is None else coupon_moves(coupon.id, coupon.member_id, -coupon.worth_fen, coupon.off_fen)
    return Entry(
        f"order-paid:{order_no}",
        "order_paid",
        f"订单 {order_no} 支付成功",
        f"order:{order_no}",
        moved(
            Line(0, WECHAT_CASH, -cash_fen),
            Line(0, ORDER_HOLD, -balance_fen),
            Line(0, SALES, cash_fen + balance_fen),
            Line(0, ORDER_HOLD, -points, currency=POINT),
            Line(0, POINTS_SPENT, points, currency=POINT),
            used,
        ),
    )


def stray_payment(transaction_id: str, order_no: str, amount_fen: int) -> Entry:
    """Build the entry for cash that fits no open order: the shop received it and owes a refund of it."""
    return Entry(
        f"payment-stray:{transaction_id}",
        "stray_payment",
        f"订单 {order_no} 的重复或超时支付，原路退回",
        f"order:{order_no}",
        moved(Line(0, WECHAT_CASH, -amount_fen), Line(0, REFUNDS_DUE, amount_fen)),
    )
