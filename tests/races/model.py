"""The rebate rule as a second, simple implementation: lists in memory, no locks, no jobs, no code of the server.

It says what each member is entitled to. Its steps have an order, because a wallet that was filled first covers more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from tests.races.model_parts import Coupon, Friend, Order, Rebate, Refund, Terms, Wallet

COUPON_DAYS = 30
REFUND_DAYS = 7
DECIDE_DAYS = 7
BY_PAYMENT = attrgetter("paid")


@dataclass
class Model:
    """The whole shop. Members are numbers; `referrer` maps each member to its referrer."""

    referrer: dict[int, int | None]
    wallets: dict[int, Wallet]
    versions: list[tuple[datetime, Terms]] = field(default_factory=list)
    """Each with the time of its publication."""
    orders: list[Order] = field(default_factory=list)
    friends: list[Friend] = field(default_factory=list)
    rebates: list[Rebate] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def live(self) -> list[Rebate]:
        return [one for one in self.rebates if one.state != "reversed"]

    def open_refund_of(self, order: Order) -> Refund | None:
        return next((one for one in self.refunds if one.order is order and one.state != "ended"), None)

    def place(self, order: Order) -> None:
        self.orders.append(order)
        _, order.withdrawable_fen = self.wallets[order.member].take(order.balance_fen)
        if order.coupon is not None:
            order.coupon.state, order.coupon.order, order.coupon.off_fen = "locked", order, order.coupon_fen

    def close_order(self, order: Order) -> None:
        if order.status == "pending":
            order.status = "closed"
            self.wallets[order.member].credit(order.balance_fen - order.withdrawable_fen, order.withdrawable_fen)
            if order.coupon is not None:
                order.coupon.state, order.coupon.order, order.coupon.off_fen = "unused", None, 0

    def pay(self, order: Order, at: datetime) -> None:
        """Take the money at `at`, which may be before payments that are known already."""
        if order.status != "pending":
            return
        order.status, order.paid_at = "paid", at
        order.terms = [terms for published, terms in self.versions if published < at][-1]
        if order.coupon is not None:
            order.coupon.state, order.coupon.left_fen, order.coupon.used_fen = "used", 0, order.coupon.off_fen
        if order.matches(0):
            self._look(order.member)

    def _of(self, member: int, *states: str) -> Friend | None:
        return next((one for one in self.friends if one.referee == member and one.state in states), None)

    def _first(self, member: int) -> Order | None:
        mine = [one for one in self.orders if one.member == member and one.lives and one.matches(one.refunded)]
        return min(mine, key=BY_PAYMENT, default=None)

    def moves(self, member: int) -> Friend | None:
        """Return the qualification of a member that is not consumed, if an order paid earlier takes its place."""
        friend, first = self._of(member, "pending", "counted"), self._first(member)
        earlier = friend is not None and first is not None and not first.waits and first.paid < friend.order.paid
        return friend if earlier else None

    def _look(self, member: int) -> None:
        if friend := self.moves(member):
            friend.state = "void"
        self._qualify(member)

    def _qualify(self, member: int) -> None:
        referrer, first = self.referrer[member], self._first(member)
        if referrer is None or first is None or self._of(member, "pending", "counted", "consumed"):
            return
        self.friends.append(Friend(member, referrer, first, "pending" if first.waits else "counted", first.rule))

    def receive(self, order: Order, at: datetime) -> None:
        if order.status == "shipped":
            order.status, order.received_at = "received", at
            for friend in self.friends:
                if friend.order is order and friend.state == "pending":
                    friend.state = "counted"
            later = self._of(order.member, "pending", "counted")
            if later is not None and later.order.paid > order.paid:
                self._look(order.member)

    def counted(self, member: int) -> list[Friend]:
        found = [one for one in self.friends if one.referrer == member and one.state == "counted"]
        return sorted(found, key=lambda friend: friend.order.paid)

    def close_cycles(self, member: int, *, once: bool) -> None:
        for friend in self.counted(member):
            if self.moves(friend.referee):
                self._look(friend.referee)
        while self._close_cycle(member) and not once:
            continue

    def _close_cycle(self, member: int) -> bool:
        counted = self.counted(member)
        if len(counted) < 2:
            return False
        terms, friends = counted[0].terms, counted[:2]
        returned = [one.order for one in self.live()]
        mine = [
            one
            for one in sorted((one for one in self.orders if one.member == member and one.lives), key=BY_PAYMENT)
            if one not in returned and one.net_fen * terms.ratio_bp >= 10_000
        ]
        if not mine:
            return False
        order = {
            "oldest": mine[0],
            "newest": mine[-1],
            "highest": max(mine, key=lambda one: one.net_fen),
            "lowest": min(mine, key=lambda one: one.net_fen),
        }[terms.pick]
        amount_fen = terms.carried(terms.amount(order.net_fen), sum(friend.order.net_fen for friend in friends))
        if not amount_fen:
            return False
        rebate = Rebate(member, order, amount_fen, friends, terms)
        for friend in friends:
            friend.state = "consumed"
        self.rebates.append(rebate)
        if terms.pay_as == "balance":
            self.wallets[member].frozen_fen += amount_fen
        self.schedule(rebate)
        return True

    def schedule(self, rebate: Rebate) -> None:
        known = [one.received_at for one in rebate.orders if one.received_at is not None]
        whole = len(known) == len(rebate.orders)
        rebate.due = max(known) + timedelta(days=rebate.terms.observe_days) if whole else None

    def release(self, at: datetime) -> None:
        held = [one.order for one in self.refunds if one.state != "ended" and one.holds]
        for rebate in sorted((one for one in self.live() if one.due), key=lambda one: one.due or at):
            free = not any(order in held for order in rebate.orders)
            if rebate.state == "frozen" and rebate.due is not None and rebate.due <= at and free:
                rebate.state = "settled"
                self._pay_out(rebate, at)

    def _pay_out(self, rebate: Rebate, at: datetime) -> None:
        amount_fen, wallet = rebate.amount_fen, self.wallets[rebate.member]
        if rebate.terms.pay_as == "balance":
            wallet.frozen_fen -= amount_fen
            withdrawable_fen = amount_fen if rebate.terms.withdrawable else 0
            wallet.credit(amount_fen - withdrawable_fen, withdrawable_fen)
        elif amount_fen:
            rebate.coupon = Coupon(rebate.member, amount_fen, at + timedelta(days=COUPON_DAYS), amount_fen)
            self.coupons.append(rebate.coupon)

    def ask(self, no: str, order: Order, pieces: int, at: datetime) -> Refund:
        """Open a refund. One that was asked for after the refund window holds nothing."""
        open_until = at + timedelta(1) if order.received_at is None else order.received_at + timedelta(days=REFUND_DAYS)
        refund = Refund(no, order, pieces, at + timedelta(days=DECIDE_DAYS), at < open_until)
        self.refunds.append(refund)
        return refund

    def end(self, refund: Refund) -> None:
        """Withdraw or reject a refund."""
        refund.state = "ended"

    def decide(self, refund: Refund) -> None:
        """Decide to grant a refund: at once, or, if an unpaid order holds a coupon that it takes back, by a job."""
        if self._holder(refund):
            refund.state = "granting"
        else:
            self.grant(refund, once=False)

    def decide_overdue(self, at: datetime) -> None:
        for refund in sorted(self.refunds, key=lambda one: one.decide_by):
            if refund.state == "requested" and refund.decide_by <= at:
                self.decide(refund)

    def grant(self, refund: Refund, *, once: bool) -> None:
        """Close the orders that hold coupons, then grant; with `once` only the first of these steps."""
        while holder := self._holder(refund):
            self.close_order(holder)
            if once:
                return
        refund.state = "ended"
        self._refund(refund.order, refund.pieces)

    def _holder(self, refund: Refund) -> Order | None:
        for rebate, left_fen in self._falls(refund.order, refund.order.refunded + refund.pieces):
            coupon = rebate.coupon
            if left_fen < rebate.amount_fen and coupon is not None and coupon.state == "locked":
                return coupon.order
        return None

    def _falls(self, order: Order, refunded: int) -> Iterator[tuple[Rebate, int]]:
        """Yield what is left of each rebate once so many pieces of an order are refunded, its own rebate first."""
        net_fen = order.net_after(refunded) if refunded < order.quantity else 0
        for rebate in self.live():
            if rebate.order is order:
                yield rebate, min(rebate.amount_fen, net_fen * rebate.terms.ratio_bp // 10_000)
        for rebate in self.live():
            others = [one.order for one in rebate.friends if one.order is not order]
            if len(others) < len(rebate.friends):
                friends_fen = net_fen + sum(one.net_fen for one in others)
                yield rebate, rebate.terms.carried(rebate.amount_fen, friends_fen) if order.matches(refunded) else 0

    def _refund(self, order: Order, pieces: int) -> None:
        falls = list(self._falls(order, order.refunded + pieces))
        before, order.refunded = order.refunded, order.refunded + pieces
        if order.refunded == order.quantity:
            order.status = "refunded"
            if not before and order.coupon is not None:
                self._give_back(order.coupon)
        short_fen, own = 0, None
        for rebate, left_fen in falls:
            missing_fen = self._fall(rebate, left_fen)
            if rebate.order is order:
                short_fen, own = missing_fen, rebate
                if not left_fen:
                    self._free(rebate)
            else:
                self.wallets[rebate.member].debt_fen += missing_fen
                if rebate.coupon is not None:
                    rebate.coupon.used_fen -= missing_fen
        self._lose_friend(order)
        withheld_fen = self._give(order, before, short_fen)
        if own is not None and own.coupon is not None:
            own.coupon.used_fen -= withheld_fen

    def _give(self, order: Order, before: int, short_fen: int) -> int:
        """Give a refund, from which `short_fen` is withheld: from cash, then spend-only, then withdrawable balance."""

        def due(paid_fen: int) -> int:
            return paid_fen * order.refunded // order.quantity - paid_fen * before // order.quantity

        cash, withdrawable = due(order.cash_fen), due(order.withdrawable_fen)
        spend = due(order.balance_fen - order.withdrawable_fen)
        of_spend = min(max(0, short_fen - cash), spend)
        of_withdrawable = min(max(0, short_fen - cash - spend), withdrawable)
        self.wallets[order.member].credit(spend - of_spend, withdrawable - of_withdrawable)
        return min(short_fen, cash + spend + withdrawable)

    def _lose_friend(self, order: Order) -> None:
        """Void the qualification of an order that does not match any more; the next order decides."""
        if order.matches(order.refunded):
            return
        for friend in self.friends:
            if friend.order is order and friend.state != "void":
                friend.state = "void"
                for rebate in self.live():
                    if friend in rebate.friends:
                        self._free(rebate)
        self._qualify(order.member)

    def _free(self, rebate: Rebate) -> None:
        """Reverse a rebate; its other qualifications count again, under its terms."""
        rebate.state = "reversed"
        for friend in rebate.friends:
            if friend.state == "consumed":
                friend.state, friend.terms = "counted", rebate.terms

    def _fall(self, rebate: Rebate, left_fen: int) -> int:
        """Leave this much of a rebate; return what wallet and coupon do not cover."""
        fallen_fen, rebate.amount_fen = rebate.amount_fen - left_fen, left_fen
        if rebate.terms.pay_as == "coupon":
            return rebate.coupon.lower(left_fen) if rebate.coupon is not None and fallen_fen else 0
        wallet = self.wallets[rebate.member]
        if rebate.state == "frozen":
            wallet.frozen_fen -= fallen_fen
            return 0
        missing_fen, _ = wallet.take(fallen_fen)
        return missing_fen

    def _give_back(self, coupon: Coupon) -> None:
        """Return a coupon whose order was refunded whole, and what was taken back for it."""
        taken_fen = coupon.off_fen - coupon.used_fen
        coupon.state, coupon.left_fen = ("void", 0) if coupon.taken else ("unused", coupon.worth_fen)
        coupon.order, coupon.off_fen, coupon.used_fen = None, 0, 0
        self.wallets[coupon.member].credit(taken_fen)
