"""The rebate rule as a second, simple implementation: lists in memory, no locks, no jobs, no code of the server."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PRICE_FEN = 10_000


@dataclass
class Terms:
    """The terms that vary between runs of the machine; a cycle always takes two friends."""

    qualify_at: str
    observe_days: int
    ratio_bp: int
    cap_fen: int | None
    min_paid_fen: int
    pick: str

    def amount(self, net_fen: int) -> int:
        whole = net_fen * self.ratio_bp // 10_000
        return whole if self.cap_fen is None else min(whole, self.cap_fen)


@dataclass(eq=False)
class Order:
    """An order with one line of `quantity` pieces."""

    no: str
    member: int
    quantity: int
    balance_fen: int
    status: str = "pending"
    paid_at: datetime | None = None
    received_at: datetime | None = None
    refunded: int = 0

    @property
    def cash_fen(self) -> int:
        return PRICE_FEN * self.quantity - self.balance_fen

    @property
    def net_fen(self) -> int:
        return self.cash_fen - self.cash_fen * self.refunded // self.quantity

    @property
    def lives(self) -> bool:
        return self.status in ("paid", "shipped", "received", "completed")


@dataclass(eq=False)
class Friend:
    """A qualification: a referee's order that counts for the referrer."""

    referee: int
    referrer: int
    order: Order
    state: str


@dataclass(eq=False)
class Rebate:
    member: int
    order: Order
    amount_fen: int
    friends: list[Friend]
    state: str = "frozen"
    due: datetime | None = None


@dataclass
class Wallet:
    spend_fen: int = 0
    debt_fen: int = 0
    frozen_fen: int = 0

    def credit(self, amount_fen: int) -> None:
        paid = min(self.debt_fen, amount_fen)
        self.debt_fen -= paid
        self.spend_fen += amount_fen - paid


@dataclass
class Model:
    """The whole shop. Members are numbers; `referrer` maps each member to its referrer."""

    terms: Terms
    referrer: dict[int, int | None]
    orders: list[Order] = field(default_factory=list)
    friends: list[Friend] = field(default_factory=list)
    rebates: list[Rebate] = field(default_factory=list)
    wallets: dict[int, Wallet] = field(default_factory=dict)

    def live(self) -> list[Rebate]:
        return [one for one in self.rebates if one.state != "reversed"]

    def place(self, order: Order) -> None:
        self.orders.append(order)
        self.wallets[order.member].spend_fen -= order.balance_fen

    def close_order(self, order: Order) -> None:
        if order.status == "pending":
            order.status = "closed"
            self.wallets[order.member].credit(order.balance_fen)

    def pay(self, order: Order, at: datetime) -> None:
        if order.status == "pending":
            order.status, order.paid_at = "paid", at
            self._qualify(order.member)

    def _qualify(self, member: int) -> None:
        referrer = self.referrer[member]
        if referrer is None or any(one.referee == member and one.state != "void" for one in self.friends):
            return
        for order in sorted((one for one in self.orders if one.member == member and one.lives), key=_paid):
            if order.net_fen >= self.terms.min_paid_fen:
                waits = self.terms.qualify_at == "received" and order.received_at is None
                self.friends.append(Friend(member, referrer, order, "pending" if waits else "counted"))
                return

    def receive(self, order: Order, at: datetime) -> None:
        if order.status == "shipped":
            order.status, order.received_at = "received", at
            for friend in self.friends:
                if friend.order is order and friend.state == "pending":
                    friend.state = "counted"

    def close_cycles(self, member: int, *, once: bool) -> None:
        while self._close_cycle(member) and not once:
            continue

    def _close_cycle(self, member: int) -> bool:
        counted = [one for one in self.friends if one.referrer == member and one.state == "counted"]
        counted.sort(key=lambda friend: _paid(friend.order))
        returned = [one.order for one in self.live()]
        mine = [
            one
            for one in sorted((one for one in self.orders if one.member == member and one.lives), key=_paid)
            if one not in returned and one.net_fen * self.terms.ratio_bp >= 10_000
        ]
        if len(counted) < 2 or not mine:
            return False
        order = {
            "oldest": mine[0],
            "newest": mine[-1],
            "highest": max(mine, key=lambda one: one.net_fen),
            "lowest": min(mine, key=lambda one: one.net_fen),
        }[self.terms.pick]
        rebate = Rebate(member, order, self.terms.amount(order.net_fen), counted[:2])
        for friend in rebate.friends:
            friend.state = "consumed"
        self.rebates.append(rebate)
        self.wallets[member].frozen_fen += rebate.amount_fen
        self.schedule(rebate)
        return True

    def schedule(self, rebate: Rebate) -> None:
        moments = [one.received_at for one in (rebate.order, *(friend.order for friend in rebate.friends))]
        known = [one for one in moments if one is not None]
        rebate.due = max(known) + timedelta(days=self.terms.observe_days) if len(known) == len(moments) else None

    def release(self, at: datetime) -> None:
        for rebate in sorted((one for one in self.live() if one.due), key=lambda one: one.due or at):
            if rebate.state == "frozen" and rebate.due is not None and rebate.due <= at:
                rebate.state = "settled"
                self.wallets[rebate.member].frozen_fen -= rebate.amount_fen
                self.wallets[rebate.member].credit(rebate.amount_fen)

    def refund(self, order: Order, pieces: int) -> None:
        before, order.refunded = order.refunded, order.refunded + pieces
        if order.refunded == order.quantity:
            order.status = "refunded"
        short = sum(self._shrink(one, order.net_fen) for one in self.live() if one.order is order)
        for friend in self.friends:
            gone = not order.lives or order.net_fen < self.terms.min_paid_fen
            if friend.order is order and friend.state != "void" and gone:
                self._lose(friend)
                self._qualify(friend.referee)
        cash = order.cash_fen * order.refunded // order.quantity - order.cash_fen * before // order.quantity
        balance = order.balance_fen * order.refunded // order.quantity - order.balance_fen * before // order.quantity
        kept = min(max(0, short - cash), balance)
        self.wallets[order.member].credit(balance - kept)

    def _shrink(self, rebate: Rebate, net_fen: int) -> int:
        """Reduce a rebate to what its order still carries; return the fen that the wallet could not cover."""
        left = min(rebate.amount_fen, net_fen * self.terms.ratio_bp // 10_000) if rebate.order.lives else 0
        short = self._take(rebate, rebate.amount_fen - left)
        rebate.amount_fen = left
        if not left:
            self._free(rebate)
        return short

    def _lose(self, friend: Friend) -> None:
        was, friend.state = friend.state, "void"
        for rebate in self.live():
            if was == "consumed" and friend in rebate.friends:
                self.wallets[rebate.member].debt_fen += self._take(rebate, rebate.amount_fen)
                self._free(rebate)

    def _free(self, rebate: Rebate) -> None:
        rebate.state = "reversed"
        for friend in rebate.friends:
            if friend.state == "consumed":
                friend.state = "counted"

    def _take(self, rebate: Rebate, amount_fen: int) -> int:
        wallet = self.wallets[rebate.member]
        if rebate.state == "frozen":
            wallet.frozen_fen -= amount_fen
            return 0
        taken = min(amount_fen, wallet.spend_fen)
        wallet.spend_fen -= taken
        return amount_fen - taken


def _paid(order: Order) -> datetime:
    assert order.paid_at is not None
    return order.paid_at
