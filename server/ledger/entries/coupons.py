"""Builders of the entries of coupons of value: those that a rebate pays, and those that members buy.

Each has two accounts in CPN: what it can still take off, and what it took off an order less what was taken back for it.
No account falls below zero, so one coupon never costs its member more than it took off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from server.ledger.chart import COUPON, COUPON_USED, COUPON_VALUE, COUPONS_ISSUED, DEBT, REBATE_COST, SALES, SPEND_ONLY
from server.ledger.entries.parts import Debt, Entry, Line, credit, moved


def coupon_source(coupon_id: int) -> str:
    """Return the source name of a coupon's own accounts, and of debt for what it took off."""
    return f"coupon:{coupon_id}"


def coupon_moves(coupon_id: int, member_id: int, left_fen: int, used_fen: int) -> list[Line]:
    """Return the lines that change what a coupon can take off, and what it took off."""
    source = coupon_source(coupon_id)
    return [
        Line(member_id, COUPON, left_fen, source, COUPON_VALUE),
        Line(member_id, COUPON_USED, used_fen, source, COUPON_VALUE),
        Line(0, COUPONS_ISSUED, -left_fen - used_fen, currency=COUPON_VALUE),
    ]


@dataclass(frozen=True, slots=True)
class ValueCoupon:
    """A coupon of value. `link` names what it came with: `rebate:12`, or `order:T26…` for a bought one."""

    id: int
    member_id: int
    link: str

    @property
    def bought(self) -> bool:
        """Whether the member bought it."""
        return self.link.startswith("order:")

    def moves(self, left_fen: int = 0, used_fen: int = 0) -> list[Line]:
        """Return the lines that change what the coupon can take off, and what it took off."""
        return coupon_moves(self.id, self.member_id, left_fen, used_fen)


def coupon_issue(coupons: Sequence[tuple[ValueCoupon, int]]) -> Entry:
    """Build the entry of new coupons of one link, each with its worth; one of a percentage has none before it is used.

    The key is that of the first coupon.
    """
    first = coupons[0][0]
    lines = moved(
        [Line(one.member_id, COUPON, fen, coupon_source(one.id), COUPON_VALUE) for one, fen in coupons],
        Line(0, COUPONS_ISSUED, -sum(fen for _, fen in coupons), currency=COUPON_VALUE),
    )
    return Entry(f"coupon:{first.id}:issue", "coupon_issue", "优惠券发放", first.link, lines)


def coupon_lower(coupon: ValueCoupon, event: str, amount_fen: int) -> Entry:
    """Build the entry that lowers an unused coupon by `amount_fen`. `event` makes the key unique for the coupon."""
    lines = moved(coupon.moves(left_fen=-amount_fen))
    return Entry(f"coupon:{coupon.id}:lower:{event}", "coupon_lower", "优惠券面额收回", coupon.link, lines)


def coupon_take_back(coupon: ValueCoupon, event: str, why: str, debt_fen: int) -> Entry:
    """Build the entry that turns what a used coupon took off into debt."""
    return Entry(
        f"coupon:{coupon.id}:take-back:{event}",
        "bought_coupon_take_back" if coupon.bought else "coupon_take_back",
        why,
        coupon.link,
        moved(
            Line(coupon.member_id, DEBT, -debt_fen, coupon_source(coupon.id)),
            Line(0, SALES if coupon.bought else REBATE_COST, debt_fen),
            coupon.moves(used_fen=-debt_fen),
        ),
    )


def coupon_withheld(coupon: ValueCoupon, refund_no: str, withheld_fen: int) -> Entry:
    """Build the entry for what a refund withheld for a used coupon. The money itself is in the refund's entry."""
    lines = moved(coupon.moves(used_fen=-withheld_fen))
    return Entry(f"coupon:{coupon.id}:withheld:{refund_no}", "coupon_withheld", "退款扣回优惠券", coupon.link, lines)


def coupon_return(
    coupon: ValueCoupon, refund_no: str, left_fen: int, used_fen: int, taken_fen: int, debts: Sequence[Debt]
) -> Entry:
    """Build the entry for a coupon whose order was refunded whole: it can take off `left_fen` again.

    `used_fen` is what it had taken off less what was taken back, `taken_fen` what was taken back. That is credited: the
    coupon's own debt is cancelled first, then other debts, and the rest becomes spend-only balance.
    """
    mine, others = coupon_source(coupon.id), [debt for debt in debts if debt.source != coupon_source(coupon.id)]
    own = [debt for debt in debts if debt.source == mine]
    return Entry(
        f"coupon:{coupon.id}:return:{refund_no}",
        "coupon_return",
        "用券订单已退款，退回扣回的优惠券金额" if taken_fen else "用券订单已退款，优惠券退回",
        coupon.link,
        moved(
            Line(0, SALES if coupon.bought else REBATE_COST, -taken_fen),
            credit(coupon.member_id, [(SPEND_ONLY, taken_fen)], [*own, *others]),
            coupon.moves(left_fen=left_fen, used_fen=-used_fen),
        ),
    )
