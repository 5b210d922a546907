"""What the plain model of the shop is made of: terms, orders, friends, rebates, coupons, refunds, wallets."""

from dataclasses import dataclass
from datetime import datetime

PRICE_FEN = 10_000


@dataclass(frozen=True)
class Terms:
    """The terms that vary between rule versions; a cycle always takes two friends."""

    qualify_at: str
    observe_days: int
    ratio_bp: int
    cap_fen: int | None
    min_paid_fen: int
    pick: str
    payout_cap_bp: int | None
    pay_as: str
    withdrawable: bool

    def amount(self, net_fen: int) -> int:
        whole = net_fen * self.ratio_bp // 10_000
        return whole if self.cap_fen is None else min(whole, self.cap_fen)

    def carried(self, amount_fen: int, friends_net_fen: int) -> int:
        """Return what the orders of friends allow of a rebate."""
        return (
            amount_fen
            if self.payout_cap_bp is None
            else min(amount_fen, friends_net_fen * self.payout_cap_bp // 10_000)
        )


@dataclass(eq=False)
class Coupon:
    """A coupon that a rebate paid. `order` holds or used it, and had `off_fen` less to pay for it."""

    member: int
    worth_fen: int
    expires: datetime
    left_fen: int
    state: str = "unused"
    order: "Order | None" = None
    off_fen: int = 0
    used_fen: int = 0
    """What it took off, less what was taken back for it."""
    taken: bool = False

    def lower(self, to_fen: int) -> int:
        """Leave it no more than this worth; return what it took off above that."""
        if self.state == "unused":
            self.left_fen = min(self.left_fen, to_fen)
            self.worth_fen = min(self.worth_fen, to_fen)
            self.state = "unused" if to_fen else "void"
            return 0
        self.taken = not to_fen
        self.worth_fen = min(self.worth_fen, to_fen)
        return max(0, self.used_fen - to_fen)


@dataclass(eq=False)
class Order:
    """An order with one line of `quantity` pieces. `withdrawable_fen` is a part of `balance_fen`."""

    no: str
    member: int
    quantity: int
    balance_fen: int = 0
    coupon: Coupon | None = None
    coupon_fen: int = 0
    withdrawable_fen: int = 0
    status: str = "pending"
    paid_at: datetime | None = None
    received_at: datetime | None = None
    refunded: int = 0
    terms: Terms | None = None

    @property
    def cash_fen(self) -> int:
        return PRICE_FEN * self.quantity - self.coupon_fen - self.balance_fen

    def net_after(self, refunded: int) -> int:
        return self.cash_fen - self.cash_fen * refunded // self.quantity

    @property
    def net_fen(self) -> int:
        return self.net_after(self.refunded)

    @property
    def paid(self) -> datetime:
        """When it was paid."""
        assert self.paid_at is not None
        return self.paid_at

    @property
    def lives(self) -> bool:
        return self.status in ("paid", "shipped", "received")

    @property
    def rule(self) -> Terms:
        """The terms that were in force when it was paid."""
        assert self.terms is not None
        return self.terms

    def matches(self, refunded: int) -> bool:
        """Whether it counts as a first order once so many pieces are refunded."""
        return refunded < self.quantity and self.net_after(refunded) >= self.rule.min_paid_fen

    @property
    def waits(self) -> bool:
        return self.rule.qualify_at == "received" and self.received_at is None


@dataclass(eq=False)
class Friend:
    """A qualification: a referee's order that counts for the referrer."""

    referee: int
    referrer: int
    order: Order
    state: str
    terms: Terms


@dataclass(eq=False)
class Rebate:
    member: int
    order: Order
    amount_fen: int
    friends: list[Friend]
    terms: Terms
    state: str = "frozen"
    due: datetime | None = None
    coupon: Coupon | None = None

    @property
    def orders(self) -> list[Order]:
        return [self.order, *(friend.order for friend in self.friends)]


@dataclass(eq=False)
class Refund:
    """A refund of some pieces of an order: `requested`, `granting` (a coupon is held), or `ended`."""

    no: str
    order: Order
    pieces: int
    decide_by: datetime
    holds: bool
    state: str = "requested"


@dataclass
class Wallet:
    spend_fen: int = 0
    withdrawable_fen: int = 0
    debt_fen: int = 0
    frozen_fen: int = 0

    @property
    def available_fen(self) -> int:
        return self.spend_fen + self.withdrawable_fen

    def credit(self, spend_fen: int, withdrawable_fen: int = 0) -> None:
        for_debt = min(self.debt_fen, spend_fen)
        self.spend_fen += spend_fen - for_debt
        self.debt_fen -= for_debt
        for_debt = min(self.debt_fen, withdrawable_fen)
        self.withdrawable_fen += withdrawable_fen - for_debt
        self.debt_fen -= for_debt

    def take(self, amount_fen: int) -> tuple[int, int]:
        """Take up to this much; return what is missing, and the withdrawable part of what was taken."""
        spend = min(amount_fen, self.spend_fen)
        withdrawable = min(amount_fen - spend, self.withdrawable_fen)
        self.spend_fen -= spend
        self.withdrawable_fen -= withdrawable
        return amount_fen - spend - withdrawable, withdrawable
