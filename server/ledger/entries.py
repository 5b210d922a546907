"""Builders of ledger entries: pure, one per business event. Amounts are positive fen; the sign is made here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from server.ledger.chart import (
    CNY,
    DEBT,
    FROZEN,
    ORDER_HOLD,
    POINT,
    POINTS,
    POINTS_SPENT,
    REBATE_COST,
    REFUNDS_DUE,
    SALES,
    SPEND_ONLY,
    WECHAT_CASH,
    WITHDRAWABLE,
    Account,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One side: positive is credit, negative is debit. `member_id` 0 is the shop."""

    member_id: int
    account: Account
    amount: int
    source: str = ""
    currency: str = CNY


@dataclass(frozen=True, slots=True)
class Entry:
    """A business event under its idempotency key."""

    key: str
    kind: str
    why: str
    link: str
    lines: tuple[Line, ...]
    reverses: str | None = None
    """Key of the entry this one corrects."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a member owes from one source."""

    source: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Wallet:
    """A member's money, read under the member's lock. `debts` are oldest first."""

    spend_only_fen: int
    withdrawable_fen: int
    frozen_fen: dict[str, int]
    debts: tuple[Debt, ...]
    points: int = 0
    frozen_points: Mapping[str, int] = field(default_factory=dict)
    point_debts: tuple[Debt, ...] = ()
    """Owed points, as `Debt.amount_fen`."""


def moved(*lines: Line | Iterable[Line]) -> tuple[Line, ...]:
    """The lines of an entry; those that move nothing are left out."""
    flat = [line for part in lines for line in ([part] if isinstance(part, Line) else part)]
    return tuple(line for line in flat if line.amount)


def credit(
    member_id: int, parts: Sequence[tuple[Account, int]], debts: Sequence[Debt], currency: str = CNY
) -> list[Line]:
    """Money or points that come to a member: they pay debts first, oldest first; the rest reaches its accounts."""
    lines: list[Line] = []
    left = {debt.source: debt.amount_fen for debt in debts}
    for account, amount_fen in parts:
        rest = amount_fen
        for source, owed in left.items():
            paid = min(owed, rest)
            left[source] -= paid
            rest -= paid
            lines.append(Line(member_id, DEBT, paid, source, currency))
        lines.append(Line(member_id, account, rest, currency=currency))
    return _merged(lines)


def _merged(lines: Sequence[Line]) -> list[Line]:
    """One line per account: two credits that both pay the same debt become one."""
    sums: dict[tuple[Account, str], Line] = {}
    for line in lines:
        key = line.account, line.source
        sums[key] = replace(line, amount=line.amount + sums[key].amount) if key in sums else line
    return [line for line in sums.values() if line.amount]


def order_hold(order_no: str, member_id: int, spend_only_fen: int, withdrawable_fen: int, points: int = 0) -> Entry:
    """Balance and points are tied up by a new order."""
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
    """What an order holds, or gives back to its member besides cash."""

    spend_only_fen: int
    withdrawable_fen: int
    points: int = 0

    def back(self, member_id: int, owner: Wallet) -> tuple[list[Line], list[Line]]:
        """The lines of its coming back: money and points, each paying its own debts first."""
        money = credit(
            member_id, [(SPEND_ONLY, self.spend_only_fen), (WITHDRAWABLE, self.withdrawable_fen)], owner.debts
        )
        return money, credit(member_id, [(POINTS, self.points)], owner.point_debts, POINT)


def order_release(order_no: str, member_id: int, held: Held, owner: Wallet) -> Entry:
    """An unpaid order closed: its balance and points come back."""
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


def order_paid(order_no: str, cash_fen: int, balance_fen: int, points: int = 0) -> Entry:
    """An order is paid, by cash through WeChat and by the balance and points it held."""
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
        ),
    )


def stray_payment(transaction_id: str, order_no: str, amount_fen: int) -> Entry:
    """Cash that belongs to no open order: received, and due to go back."""
    return Entry(
        f"payment-stray:{transaction_id}",
        "stray_payment",
        f"订单 {order_no} 的重复或超时支付，原路退回",
        f"order:{order_no}",
        moved(Line(0, WECHAT_CASH, -amount_fen), Line(0, REFUNDS_DUE, amount_fen)),
    )


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


def rebate_source(rebate_id: int) -> str:
    """The source of frozen money and debt that come from a rebate."""
    return f"rebate:{rebate_id}"


def rebate_stage(rebate_id: int, position: int, stage_id: int, member_id: int, amount_fen: int) -> Entry:
    """A stage of a rebate is granted, frozen."""
    return Entry(
        f"rebate:{rebate_id}:stage:{position}:{stage_id}",
        "rebate_stage",
        f"推荐满员返还，第 {position} 位好友",
        rebate_source(rebate_id),
        moved(
            Line(0, REBATE_COST, -amount_fen),
            Line(member_id, FROZEN, amount_fen, rebate_source(rebate_id)),
        ),
    )


def rebate_release(
    rebate_id: int, stage_id: int, member_id: int, amount_fen: int, destination: Account, debts: Sequence[Debt]
) -> Entry:
    """Frozen rebate money becomes the member's own."""
    return Entry(
        f"rebate:{rebate_id}:release:{stage_id}",
        "rebate_release",
        "观察期结束，返还到账",
        rebate_source(rebate_id),
        moved(
            Line(member_id, FROZEN, -amount_fen, rebate_source(rebate_id)),
            credit(member_id, [(destination, amount_fen)], debts),
        ),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What a taking-back finds where; the debt is what nothing covered."""

    frozen_fen: int
    spend_only_fen: int
    withdrawable_fen: int
    debt_fen: int


def take_back(kind: str, key: str, source: str, member_id: int, why: str, taken: Taken, cost: Account) -> Entry:
    """What a source gave is taken back: frozen, then spend-only, then withdrawable, then debt, to the shop's `cost`."""
    total = taken.frozen_fen + taken.spend_only_fen + taken.withdrawable_fen + taken.debt_fen
    return Entry(
        key,
        kind,
        why,
        source,
        moved(
            Line(member_id, FROZEN, -taken.frozen_fen, source),
            Line(member_id, SPEND_ONLY, -taken.spend_only_fen),
            Line(member_id, WITHDRAWABLE, -taken.withdrawable_fen),
            Line(member_id, DEBT, -taken.debt_fen, source),
            Line(0, cost, total),
        ),
    )


def rebate_take_back(key: str, rebate_id: int, member_id: int, why: str, taken: Taken) -> Entry:
    """Rebate money is taken back: frozen, then spend-only, then withdrawable, then debt."""
    return take_back("rebate_take_back", key, rebate_source(rebate_id), member_id, why, taken, REBATE_COST)


def bought_coupon_take_back(coupon_id: int, order_no: str, member_id: int, debt_fen: int) -> Entry:
    """The discount of a coupon that was used before the order that bought it was refunded becomes debt."""
    source = f"order:{order_no}"
    return Entry(
        f"coupon:{coupon_id}:take-back",
        "bought_coupon_take_back",
        "退款收回已使用的优惠券",
        source,
        moved(Line(member_id, DEBT, -debt_fen, source), Line(0, SALES, debt_fen)),
    )


def coupon_take_back(key: str, rebate_id: int, member_id: int, why: str, debt_fen: int) -> Entry:
    """The discount of a rebate's coupon that was used before the rebate was reversed becomes debt."""
    source = rebate_source(rebate_id)
    return Entry(
        key,
        "coupon_take_back",
        why,
        source,
        moved(Line(member_id, DEBT, -debt_fen, source), Line(0, REBATE_COST, debt_fen)),
    )
