"""What an order earns, as a second, simple implementation: lists in memory, no locks, no jobs, no code of the server.

It says what each member is entitled to. Its steps have an order, because a wallet that was filled first covers more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from tests.races.model_parts import (
    BY_PAYMENT,
    Coupon,
    Earning,
    Friend,
    Order,
    Paid,
    Policy,
    Rebate,
    Refund,
    Stage,
    Terms,
    Wallet,
)

T = TypeVar("T")
COUPON_DAYS = 30
REFUND_DAYS = 7
DECIDE_DAYS = 7
COMMISSION_DAYS = 7


def in_force(versions: Sequence[tuple[datetime, T]], at: datetime) -> T:
    return [version for published, version in versions if published < at][-1]


@dataclass
class Model:
    """The whole shop. Members are numbers; `referrer` maps each member to its referrer."""

    referrer: dict[int, int | None]
    wallets: dict[int, Wallet]
    points: dict[int, Wallet]
    rules: list[tuple[datetime, Terms]] = field(default_factory=list)
    """Each with the time of its publication."""
    policies: list[tuple[datetime, Policy]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    friends: list[Friend] = field(default_factory=list)
    rebates: list[Rebate] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def live(self) -> list[Rebate]:
        return [one for one in self.rebates if not one.over]

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
        order.terms = in_force(self.rules, at)
        if order.coupon is not None:
            order.coupon.state, order.coupon.left_fen, order.coupon.used_fen = "used", 0, order.coupon.off_fen
        referrer, cash_fen = self.referrer[order.member], order.goods.cash_fen
        if referrer is not None and (fen := in_force(self.policies, at).on(cash_fen)):
            order.commission = Earning(fen, cash_fen)
            self._above(order).frozen += fen
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
        if order.status != "shipped":
            return
        if points := order.brings_points:
            order.points = Earning(points, order.net_fen, at + timedelta(days=order.rule.observe_days))
            self.points[order.member].frozen += points
        if order.commission is not None:
            order.commission.due = at + timedelta(days=COMMISSION_DAYS)
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
        while self._advance(member) and not once:
            continue

    def _advance(self, member: int) -> bool:
        """Let the oldest friend join a rebate that waits for one, or close a cycle; with stages it takes one friend."""
        counted = self.counted(member)
        if not counted:
            return False
        for rebate in self.live():
            if rebate.member == member and len(rebate.friends) < rebate.terms.required:
                self._join(rebate, counted[0])
                return True
        terms = counted[0].terms
        friends = counted[: 1 if terms.staged else terms.required]
        order = self._returnable(member, terms)
        if order is None or (len(friends) < terms.required and not terms.staged):
            return False
        whole_fen = terms.returned(order.net_fen)
        if not terms.staged:
            for friend in friends:
                friend.weigh()
            whole_fen = terms.granted(whole_fen, friends, [friend.order.net_fen for friend in friends])
        if not whole_fen:
            return False
        rebate = Rebate(member, order, whole_fen, [], terms)
        self.rebates.append(rebate)
        for friend in friends:
            self._join(rebate, friend)
        return True

    def _returnable(self, member: int, terms: Terms) -> Order | None:
        returned = [one.order for one in self.live()]
        mine = [
            one
            for one in sorted((one for one in self.orders if one.member == member and one.lives), key=BY_PAYMENT)
            if one not in returned and one.net_fen * terms.ratio_bp >= 10_000
        ]
        if not mine:
            return None
        return {
            "oldest": mine[0],
            "newest": mine[-1],
            "highest": max(mine, key=lambda one: one.net_fen),
            "lowest": min(mine, key=lambda one: one.net_fen),
        }[terms.pick]

    def _join(self, rebate: Rebate, friend: Friend) -> None:
        friend.weigh()
        friend.state = "consumed"
        rebate.friends.append(friend)
        nets_fen = [one.order.net_fen for one in rebate.friends]
        granted_fen = rebate.terms.granted(rebate.whole_fen, rebate.friends, nets_fen)
        stage = Stage(max(0, granted_fen - rebate.amount_fen))
        rebate.stages.append(stage)
        if rebate.terms.pay_as == "balance":
            self.wallets[rebate.member].frozen += stage.amount_fen
        self.schedule(rebate)

    def schedule(self, rebate: Rebate) -> None:
        for stage, orders in rebate.in_order():
            if stage.state == "frozen":
                known = [one.received_at for one in orders if one.received_at is not None]
                whole = len(known) == len(orders)
                stage.due = max(known) + timedelta(days=rebate.terms.observe_days) if whole else None

    def release(self, at: datetime) -> None:
        """Release rebates, then commission, then points."""
        held = {one.order for one in self.refunds if one.state != "ended" and one.holds}
        due = [
            (stage.due, stage.born, rebate, stage)
            for rebate in self.live()
            for stage, orders in rebate.in_order()
            if stage.state == "frozen" and stage.due is not None and stage.due <= at and held.isdisjoint(orders)
        ]
        for _, _, rebate, stage in sorted(due, key=lambda one: one[:2]):
            stage.state = "settled"
            self._pay_out(rebate, stage, at)
        for order in self.orders:
            if order not in held:
                self._release_earnings(order, at)

    def _release_earnings(self, order: Order, at: datetime) -> None:
        if order.commission is not None and (fen := order.commission.release(at)):
            above = self._above(order)
            above.frozen -= fen
            above.credit(0, fen)
        if order.points is not None and (points := order.points.release(at)):
            mine = self.points[order.member]
            mine.frozen -= points
            mine.credit(points)

    def _above(self, order: Order) -> Wallet:
        """Return the wallet of the buyer's referrer."""
        referrer = self.referrer[order.member]
        assert referrer is not None
        return self.wallets[referrer]

    def _pay_out(self, rebate: Rebate, stage: Stage, at: datetime) -> None:
        amount_fen, wallet = stage.amount_fen, self.wallets[rebate.member]
        if rebate.terms.pay_as == "balance":
            wallet.frozen -= amount_fen
            withdrawable_fen = amount_fen if rebate.terms.withdrawable else 0
            wallet.credit(amount_fen - withdrawable_fen, withdrawable_fen)
        elif amount_fen:
            stage.coupon = Coupon(rebate.member, amount_fen, at + timedelta(days=COUPON_DAYS), amount_fen)
            self.coupons.append(stage.coupon)

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
            for stage, fen in rebate.beside(left_fen):
                coupon = stage.coupon
                if fen < stage.amount_fen and coupon is not None and coupon.state == "locked":
                    return coupon.order
        return None

    def _falls(self, order: Order, refunded: int) -> Iterator[tuple[Rebate, list[int]]]:
        """Yield what is left of the stages of each rebate once so many pieces of an order are refunded, its own first.

        The friends of a rebate carry less if one of them returns goods, and one who returns too much is lost.
        """
        net_fen = order.net_after(refunded)
        for rebate in sorted(self.live(), key=lambda one: one.order is not order):
            if order in rebate.orders:
                friends = [one for one in rebate.friends if one.order is not order or order.matches(refunded)]
                nets_fen = [net_fen if one.order is order else one.order.net_fen for one in friends]
                own_fen = net_fen if rebate.order is order else rebate.order.net_fen
                yield rebate, rebate.left(min(rebate.whole_fen, rebate.terms.returned(own_fen)), friends, nets_fen)

    def _refund(self, order: Order, pieces: int) -> None:
        falls = list(self._falls(order, order.refunded + pieces))
        shipped, before = order.status != "paid", order.refunded
        order.refunded += pieces
        if order.refunded == order.quantity:
            order.status = "refunded"
            if not before and order.coupon is not None:
                self._give_back(order.coupon)
        if order.commission is not None:
            frozen = order.commission.state == "frozen"
            self._above(order).take_back(order.commission.fall(order.net_fen), frozen=frozen)
        if order.points is not None:
            frozen = order.points.state == "frozen"
            self.points[order.member].take_back(order.points.fall(order.net_fen), frozen=frozen)
        short = list[tuple[Coupon | None, int]]()
        for rebate, left_fen in falls:
            missing = self._fall(rebate, left_fen)
            if rebate.order is order:
                rebate.whole_fen = min(rebate.whole_fen, rebate.terms.returned(order.net_fen))
                short = missing
            else:
                self.wallets[rebate.member].debt += sum(fen for _, fen in missing)
                _taken(missing, sum(fen for _, fen in missing))
            if not left_fen:
                self._free(rebate)
        self._lose_friend(order)
        withheld_fen = self._give(order, before, sum(fen for _, fen in short), shipped=shipped)
        _taken(short, withheld_fen)

    def _fall(self, rebate: Rebate, left_fen: list[int]) -> list[tuple[Coupon | None, int]]:
        """Leave this much of the stages of a rebate; return what each coupon, or the wallet, does not cover."""
        wallet, paid_fen = self.wallets[rebate.member], 0
        missing = list[tuple[Coupon | None, int]]()
        for stage, fen in rebate.beside(left_fen):
            fallen_fen, stage.amount_fen = stage.amount_fen - fen, fen
            if fallen_fen and stage.coupon is not None:
                missing.append((stage.coupon, stage.coupon.lower(fen)))
            elif stage.state == "settled":
                paid_fen += fallen_fen
            elif rebate.terms.pay_as == "balance":
                wallet.frozen -= fallen_fen
        del rebate.stages[len(left_fen) :]
        missing.append((None, wallet.take(paid_fen)[0]))
        return missing

    def _give(self, order: Order, before: int, short_fen: int, *, shipped: bool) -> int:
        """Give a refund, from which `short_fen` is withheld: from cash, then spend-only, then withdrawable balance.

        The last piece of an order that was not shipped brings the freight along. Returns what was withheld.
        """
        done = order.refunded
        back = [fen * done // order.quantity - fen * before // order.quantity for fen in order.goods]
        if done == order.quantity and not shipped:
            back = [fen + freight_fen for fen, freight_fen in zip(back, order.freight, strict=True)]
        left, missing_fen = Paid(*back).less(short_fen)
        order.cash_back_fen += left.cash_fen
        self.wallets[order.member].credit(left.spend_only_fen, left.withdrawable_fen)
        return short_fen - missing_fen

    def _lose_friend(self, order: Order) -> None:
        """Void the qualification of an order that does not match any more; the next order decides."""
        if order.matches(order.refunded):
            return
        for friend in self.friends:
            if friend.order is order and friend.state != "void":
                friend.state = "void"
                for rebate in self.live():
                    if friend in rebate.friends:
                        rebate.friends.remove(friend)
                        self.schedule(rebate)
        self._qualify(order.member)

    def _free(self, rebate: Rebate) -> None:
        """Reverse a rebate; its qualifications count again, under its terms."""
        rebate.over = True
        for friend in rebate.friends:
            friend.state, friend.terms = "counted", rebate.terms

    def _give_back(self, coupon: Coupon) -> None:
        """Return a coupon whose order was refunded whole, and what was taken back for it."""
        taken_fen = coupon.off_fen - coupon.used_fen
        coupon.state, coupon.left_fen = ("void", 0) if coupon.taken else ("unused", coupon.worth_fen)
        coupon.order, coupon.off_fen, coupon.used_fen = None, 0, 0
        self.wallets[coupon.member].credit(taken_fen)


def _taken(missing: Sequence[tuple[Coupon | None, int]], taken_fen: int) -> None:
    """Write down that so much was taken for coupons, the first ones first."""
    for coupon, fen in missing:
        part_fen = min(fen, taken_fen)
        taken_fen -= part_fen
        if coupon is not None:
            coupon.used_fen -= part_fen
