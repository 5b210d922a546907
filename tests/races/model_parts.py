"""What the plain model of the shop is made of: terms, orders, friends, rebates, coupons, refunds, wallets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import NamedTuple

PRICE_FEN = 10_000
FREIGHT_FEN = 800
POINTS_PER_YUAN = 7
POINTS_PER_FEN = 3
"""How many points are worth one fen."""
BY_PAYMENT = attrgetter("paid")
_stages = count()


@dataclass(frozen=True)
class Terms:
    """The terms that vary between versions of the rebate rule. A cycle takes one friend for each stage."""

    qualify_at: str = "paid"
    observe_days: int = 7
    ratio_bp: int = 10_000
    cap_fen: int | None = None
    min_paid_fen: int = 1
    pick: str = "oldest"
    payout_cap_bp: int | None = None
    pay_as: str = "balance"
    withdrawable: bool = False
    stages_bp: tuple[int, ...] = (0, 10_000)

    @property
    def required(self) -> int:
        return len(self.stages_bp)

    @property
    def staged(self) -> bool:
        return any(self.stages_bp[:-1])

    def returned(self, net_fen: int) -> int:
        """Return what is returned of an order before its friends are looked at."""
        whole_fen = net_fen * self.ratio_bp // 10_000
        return whole_fen if self.cap_fen is None else min(whole_fen, self.cap_fen)

    def granted(self, whole_fen: int, friends: "Sequence[Friend]", nets_fen: Sequence[int]) -> int:
        """Return what these friends bring of the whole, if their orders have this net cash."""
        stages_fen = [whole_fen * stage_bp // 10_000 for stage_bp in self.stages_bp[: len(friends)]]
        amount_fen = whole_fen if len(friends) == self.required else sum(stages_fen)
        if self.payout_cap_bp is None:
            return amount_fen
        given_fen = sum(friend.gives(net_fen) for friend, net_fen in zip(friends, nets_fen, strict=True))
        return min(amount_fen, max(0, sum(nets_fen) * self.payout_cap_bp // 10_000 - given_fen))


@dataclass(frozen=True)
class Policy:
    """A version of the commission policies: a part of what a friend pays for goods, and the cap of that part."""

    ratio_bp: int = 1_000
    cap_bp: int = 3_000

    def on(self, cash_fen: int) -> int:
        return cash_fen * min(self.ratio_bp, self.cap_bp) // 10_000


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
class Earning:
    """Commission or points that an order of this net cash brought: frozen, then settled, and less after refunds."""

    amount: int
    base_fen: int
    due: datetime | None = None
    state: str = "frozen"
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.amount

    def fall(self, net_fen: int) -> int:
        """Shrink with the order; return what is taken back."""
        before, self.left = self.left, self.amount * net_fen // self.base_fen
        return before - self.left

    def release(self, at: datetime) -> int:
        """Settle if it is due; return what becomes free."""
        if self.state != "frozen" or self.due is None or self.due > at:
            return 0
        self.state = "settled"
        return self.left


class Paid(NamedTuple):
    """What was paid for goods or freight, and how."""

    cash_fen: int
    spend_only_fen: int
    withdrawable_fen: int

    def less(self, fen: int) -> "tuple[Paid, int]":
        """Take so much off, the cash first; return what is left, and what was too much."""
        left = []
        for paid_fen in self:
            off_fen = min(paid_fen, fen)
            left.append(paid_fen - off_fen)
            fen -= off_fen
        return Paid(*left), fen


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
    cash_back_fen: int = 0
    terms: Terms | None = None
    commission: Earning | None = None
    points: Earning | None = None

    @property
    def due_fen(self) -> int:
        """What WeChat takes."""
        return PRICE_FEN * self.quantity + FREIGHT_FEN - self.coupon_fen - self.balance_fen

    @property
    def freight(self) -> Paid:
        """Cash pays freight first; balance pays for it last, and the withdrawable part last of all."""
        cash_fen = min(FREIGHT_FEN, self.due_fen)
        balance_fen = FREIGHT_FEN - cash_fen
        withdrawable_fen = max(0, self.withdrawable_fen - (self.balance_fen - balance_fen))
        return Paid(cash_fen, balance_fen - withdrawable_fen, withdrawable_fen)

    @property
    def goods(self) -> Paid:
        spend_only_fen = self.balance_fen - self.withdrawable_fen
        paid = (self.due_fen, spend_only_fen, self.withdrawable_fen)
        return Paid(*(whole - part for whole, part in zip(paid, self.freight, strict=True)))

    def net_after(self, refunded: int) -> int:
        cash_fen = self.goods.cash_fen
        return cash_fen - cash_fen * refunded // self.quantity

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

    @property
    def brings_points(self) -> int:
        """The points that it brought, or will bring when it is received."""
        if self.received_at is None:
            return self.net_fen * POINTS_PER_YUAN // 100
        return self.points.left if self.points else 0

    def matches(self, refunded: int) -> bool:
        """Whether it counts as a first order once so many pieces are refunded."""
        return refunded < self.quantity and self.net_after(refunded) >= self.rule.min_paid_fen

    @property
    def waits(self) -> bool:
        return self.rule.qualify_at == "received" and self.received_at is None


@dataclass(eq=False)
class Friend:
    """A qualification: a referee's order that counts for the referrer. `terms` are those of a cycle that it opens."""

    referee: int
    referrer: int
    order: Order
    state: str
    terms: Terms
    base_fen: int = 0
    commission_fen: int = 0
    points: int = 0

    def weigh(self) -> None:
        """Fix what the order gives beside the rebate that it joins."""
        self.base_fen, self.points = self.order.net_fen, self.order.brings_points
        self.commission_fen = self.order.commission.left if self.order.commission else 0

    def gives(self, net_fen: int) -> int:
        """Return the fen that it gives beside the rebate once its order has this net cash."""
        points = self.points * net_fen // self.base_fen
        return self.commission_fen * net_fen // self.base_fen + points // POINTS_PER_FEN


@dataclass(eq=False)
class Stage:
    """The part of a rebate that one friend brought."""

    amount_fen: int
    due: datetime | None = None
    state: str = "frozen"
    coupon: Coupon | None = None
    born: int = field(default_factory=lambda: next(_stages))


@dataclass(eq=False)
class Rebate:
    """One order comes back. Without stages the last friend brings everything."""

    member: int
    order: Order
    whole_fen: int
    friends: list[Friend]
    terms: Terms
    stages: list[Stage] = field(default_factory=list)
    over: bool = False
    """It was reversed."""

    @property
    def amount_fen(self) -> int:
        return sum(stage.amount_fen for stage in self.stages)

    @property
    def state(self) -> str:
        settled = [stage.state for stage in self.stages].count("settled")
        return "settled" if settled == self.terms.required else "frozen"

    def orders_of(self, stages: int) -> list[Order]:
        """Return the orders that the first stages depend on: the returned one, and those of the first friends."""
        return [self.order, *sorted((friend.order for friend in self.friends), key=BY_PAYMENT)[:stages]]

    @property
    def orders(self) -> list[Order]:
        return self.orders_of(len(self.friends))

    def in_order(self) -> Iterator[tuple[Stage, list[Order]]]:
        """Yield each stage with the orders that it depends on."""
        for position, stage in enumerate(self.stages, 1):
            yield stage, self.orders_of(position)

    def left(self, whole_fen: int, friends: Sequence[Friend], nets_fen: Sequence[int]) -> list[int]:
        """Return what is left of its stages with these friends. No stage is left if it is reversed.

        A friend that is lost takes the last stage along. Nothing rises; what falls, falls from the last stage on.
        """
        lost = len(friends) < len(self.friends)
        if not whole_fen or (lost and not self.terms.staged):
            return []
        left_fen = [stage.amount_fen for stage in self.stages[: len(friends)]]
        too_much_fen = max(0, sum(left_fen) - self.terms.granted(whole_fen, friends, nets_fen))
        for n in reversed(range(len(left_fen))):
            off_fen = min(left_fen[n], too_much_fen)
            left_fen[n] -= off_fen
            too_much_fen -= off_fen
        return left_fen

    def beside(self, left_fen: list[int]) -> list[tuple[Stage, int]]:
        """Return each stage and what is left of it: nothing of those that are lost."""
        return list(zip(self.stages, left_fen + [0] * (len(self.stages) - len(left_fen)), strict=True))


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
    """What a member has, in fen. Another one holds the member's points: they are spend-only."""

    spend_only: int = 0
    withdrawable: int = 0
    frozen: int = 0
    debt: int = 0

    @property
    def available(self) -> int:
        return self.spend_only + self.withdrawable

    def credit(self, spend_only: int, withdrawable: int = 0) -> None:
        """Give this; debt is paid first."""
        for_debt = min(self.debt, spend_only)
        self.spend_only += spend_only - for_debt
        self.debt -= for_debt
        for_debt = min(self.debt, withdrawable)
        self.withdrawable += withdrawable - for_debt
        self.debt -= for_debt

    def take(self, amount: int) -> tuple[int, int]:
        """Take up to this much; return what is missing, and the withdrawable part of what was taken."""
        spend_only = min(amount, self.spend_only)
        withdrawable = min(amount - spend_only, self.withdrawable)
        self.spend_only -= spend_only
        self.withdrawable -= withdrawable
        return amount - spend_only - withdrawable, withdrawable

    def take_back(self, amount: int, *, frozen: bool) -> None:
        """Take back what was given, from frozen money or from the rest; what is missing becomes debt."""
        if frozen:
            self.frozen -= amount
        else:
            missing, _ = self.take(amount)
            self.debt += missing
