"""The shop and the plain model side by side: each step is done to both, then members must have what the model says."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from server import db, outbox
from server.core.clock import Clock
from server.gateways.ports import PaymentNotice
from server.jobs.registry import JOBS
from server.services.checkout import closing, payments
from server.services.commissions import earnings
from server.services.orders import fulfilment, refund_deadlines, refunds
from server.services.points import movements
from server.services.rebates import releases
from tests.races import entitled
from tests.races.arena import Arena
from tests.races.crashes import Crash, Killed, crashing
from tests.races.model import Model
from tests.races.model_parts import (
    FREIGHT_FEN,
    POINTS_PER_FEN,
    POINTS_PER_YUAN,
    PRICE_FEN,
    Coupon,
    Order,
    Policy,
    Refund,
    Terms,
    Wallet,
)
from tests.support.purse import set_policy
from tests.support.shop import make_sku, publish, publish_commission

MEMBERS = 9
_ABOVE = dict(enumerate([None, 0, 0, 0, 0, 1, 1, 1, 1]))
_SHOP = {
    "max_unpaid_orders": 1_000,
    "max_unpaid_pieces": 1_000,
    "freight_fen": FREIGHT_FEN,
    "free_from_fen": 10**9,
    "points_per_yuan": POINTS_PER_YUAN,
    "points_per_fen": POINTS_PER_FEN,
}
_UNDECIDED = "state IN ('requested', 'granting')"
_WAITING = """
done_at IS NULL AND (job IN ('schedule_release', 'grant_refund')
  OR job = 'close_cycle' AND (args ->> 'member_id')::bigint = ANY ($1))
"""
_AT_ONCE = """
UPDATE outbox SET done_at = due_at WHERE job IN ('requalify', 'decide_commission') AND done_at IS NULL
  RETURNING job, args
"""


class Both:
    """Members 0 to 8: 1, 2, 3 and 4 are friends of 0; 5, 6, 7 and 8 are friends of 1.

    A step that is said to crash is cut off at its first transaction; then it took effect, or not.
    """

    def __init__(self, arena: Arena) -> None:
        self.arena, self.deps = arena, arena.mall.deps
        self.model = Model(_ABOVE, {who: Wallet() for who in _ABOVE}, {who: Wallet() for who in _ABOVE})
        self.said: dict[str, PaymentNotice] = {}
        """What WeChat tells, or will tell, of the payment of an order."""

    @property
    def clock(self) -> Clock:
        return self.deps.clock

    async def open(self, terms: Terms, policy: Policy, firsts: Sequence[int]) -> None:
        """Open a shop where so many pieces were bought by each member, so that rebates come up from the start."""
        await set_policy(self.arena.mall, **_SHOP)
        await db.fetch("UPDATE outbox SET done_at = due_at WHERE done_at IS NULL RETURNING id")
        await db.fetch(
            f"UPDATE refunds SET state = 'rejected', finished_at = decide_by WHERE {_UNDECIDED} RETURNING id"
        )
        self.sku = await make_sku(PRICE_FEN)
        self.people = await self.arena.members(1)
        self.people += await self.arena.members(4, self.people[0])
        self.people += await self.arena.members(4, self.people[1])
        await self.publish(terms, policy)
        for who, quantity in enumerate(firsts):
            if quantity:
                await self.pay(await self.place(who, quantity))

    async def publish(self, terms: Terms, policy: Policy) -> None:
        """Publish a rule and commission policies; orders paid before keep theirs."""
        self.model.rules.append((self.clock.now(), terms))
        await publish(self.arena.mall, required=terms.required, **dataclasses.asdict(terms))
        self.model.policies.append((self.clock.now(), policy))
        ratio = {"kind": "ratio", "ratio_bp": policy.ratio_bp}
        await publish_commission(self.arena.mall, policies=[ratio], commission_cap_bp=policy.cap_bp)

    async def check(self) -> None:
        """Check that members have what they are entitled to."""
        told = {self.people[who]: entitled.to(self.model, who) for who in self.model.wallets}
        assert await entitled.in_the_books(self.people) == told
        assert await entitled.rebates(self.people) == entitled.to_rebates(self.model, self.people)
        assert await entitled.cash_back(self.people) == entitled.to_cash_back(self.model)

    async def prove(self) -> None:
        """Check that the audit finds nothing about members."""
        assert await entitled.offences(self.people, self.clock.now()) == {}

    async def _attempt(self, when: Crash, act: Callable[[], Awaitable[Any]]) -> bool:
        """Return whether the act took effect."""
        try:
            async with crashing(when):
                await act()
        except Killed:
            return when == "done"
        return True

    async def place(self, who: int, quantity: int, coupon: Coupon | None = None, *, spend: bool = False) -> Order:
        """Place an order; with `spend` all balance of the member is used."""
        off_fen = 0 if coupon is None else min(coupon.worth_fen, PRICE_FEN * quantity)
        price_fen = PRICE_FEN * quantity - off_fen + FREIGHT_FEN
        used_fen = min(self.model.wallets[who].available, price_fen) if spend else 0
        coupon_id = await entitled.coupon_id(self.model, coupon)
        no = await self.arena.place(self.people[who], self.sku, quantity, coupon_id=coupon_id, use_balance_fen=used_fen)
        order = Order(no, who, quantity, used_fen, coupon, off_fen)
        self.model.place(order)
        return order

    async def take_money(self, order: Order) -> PaymentNotice:
        """Let WeChat take the money now if it has not yet; return what it tells, now or later."""
        if order.no not in self.said:
            self.said[order.no] = await self.arena.notice(order.no, f"4200{order.no}")
        return self.said[order.no]

    async def pay(self, order: Order, when: Crash = "", times: int = 1) -> None:
        """Pay an order; WeChat may tell it several times, also of one that is paid or closed already."""
        if not order.due_fen:
            act = lambda: payments.settle_without_cash(self.deps, order.no)  # noqa: E731 - read where it is used
            if order.status == "pending" and await self._attempt(when, act):
                at = await db.fetch_value("SELECT paid_at FROM orders WHERE order_no = $1", order.no)
                self.model.pay(order, at)
                await self._follow()
            return
        said = await self.take_money(order)
        worked = await self._attempt(when, lambda: self.arena.settle(said))
        for _ in range(times - 1):
            await self.arena.settle(said)
        if worked or times > 1:
            assert said.success_time is not None
            self.model.pay(order, said.success_time)
            await self._follow()

    async def _follow(self) -> None:
        """Do the jobs that the model does at once: the look which order of a friend is the first, and commission."""
        for row in await db.fetch(_AT_ONCE):
            await JOBS[row["job"]](self.deps, orjson.loads(row["args"]))

    async def close(self, order: Order, when: Crash = "") -> None:
        if await self._attempt(when, lambda: closing.close(self.deps, order.no, "timeout")):
            self.model.close_order(order)

    async def receive(self, order: Order, when: Crash = "") -> None:
        """Ship an order if it was not yet, and receive it."""
        if order.status == "paid":
            await fulfilment.ship(self.deps, order.no, "SF", "SF1", "tester")
            order.status = "shipped"
        if await self._attempt(when, lambda: fulfilment.receive(self.deps, self.people[order.member], order.no)):
            at = await db.fetch_value("SELECT received_at FROM orders WHERE order_no = $1", order.no)
            self.model.receive(order, at)
        await self._follow()

    async def receive_all(self) -> None:
        for order in self.model.orders:
            if order.status in ("paid", "shipped"):
                await self.receive(order)

    async def ask(self, order: Order, pieces: int, *, by_member: bool = False) -> Refund:
        """Ask for a refund, as the member or as an operator."""
        line = await db.fetch_value(
            "SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.order_no = $1", order.no
        )
        refund = self.model.ask("", order, pieces, self.clock.now())
        if by_member and refund.holds:
            member = self.people[order.member]
            refund.no = (await self.arena.refund(member, order.no, {line: pieces}))["refund_no"]
            if order.status == "paid" and pieces == order.quantity:
                self.model.decide(refund)  # a whole order that was not shipped is refunded at once
                await self._follow()
        else:
            opened = await refunds.open_for(self.deps, order.no, {line: pieces}, "不要了", "boss")
            refund.no = opened.refund_no
        return refund

    async def approve(self, refund: Refund, when: Crash = "") -> None:
        if await self._attempt(when, lambda: refunds.approve(self.deps, refund.no, "boss")):
            self.model.decide(refund)
            await self._follow()

    async def take_back_request(self, refund: Refund, *, rejected: bool) -> None:
        """Let an operator reject a refund, or its member withdraw it."""
        order = refund.order
        if rejected:
            await refunds.reject(self.deps, refund.no, "boss")
        else:
            await refunds.withdraw(self.deps, self.people[order.member], order.no, refund.no)
        self.model.end(refund)

    async def decide_overdue(self) -> None:
        """Let the shop's default grant the refunds that nobody has decided in time."""
        at = self.clock.now()
        await refund_deadlines.decide_overdue(self.deps)
        self.model.decide_overdue(at)
        await self._follow()

    async def job(self, n: int, when: Crash = "", *, twice: bool = False) -> None:
        """Run one of the waiting jobs; after a crash, or if it is to run `twice`, it is still waiting."""
        rows = await db.fetch(f"SELECT id, job, args FROM outbox WHERE {_WAITING} ORDER BY id", self.people)
        if not rows:
            return
        row = rows[n % len(rows)]
        args = orjson.loads(row["args"])
        if row["job"] == "close_cycle" and self._looks_first(self.people.index(args["member_id"])):
            when = ""  # how far it came before the crash, only the database knows
        if await self._attempt(when, lambda: JOBS[row["job"]](self.deps, args)):
            await self._job_done(row["job"], args, once=when == "done")
        if not when and not twice:
            async with db.transaction() as tx:
                await outbox.done(tx, row["id"], self.clock.now())

    def _looks_first(self, member: int) -> bool:
        """Whether closing a cycle first moves qualifications, or asks again for commission where there is none."""
        return any(
            self.model.moves(friend.referee) or friend.order.commission is None for friend in self.model.counted(member)
        )

    async def _job_done(self, job: str, args: dict[str, Any], *, once: bool) -> None:
        if job == "close_cycle":
            self.model.close_cycles(self.people.index(args["member_id"]), once=once)
            return
        if job == "grant_refund":
            no = await db.fetch_value("SELECT refund_no FROM refunds WHERE id = $1", args["refund_id"])
            for refund in self.model.refunds:
                if refund.no == no and refund.state == "granting":
                    self.model.grant(refund, once=once)
            await self._follow()
            return
        number = await db.fetch_value(
            "SELECT o.order_no FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.id = $1"
            " AND r.state <> 'reversed'",
            args["rebate_id"],
        )
        for rebate in self.model.live():
            if rebate.order.no == number:
                self.model.schedule(rebate)

    async def all_jobs(self) -> None:
        for _ in range(await db.fetch_value(f"SELECT count(*) FROM outbox WHERE {_WAITING}", self.people)):
            await self.job(0)

    def pass_time(self, seconds: float) -> None:
        """Let time pass while the worker sleeps."""
        self.arena.mall.clock.advance(seconds)

    async def release(self) -> None:
        """Release what has become due."""
        at = self.clock.now()
        for release_due in (releases.release_due, earnings.release_due, movements.release_due):
            while await release_due(self.deps):
                continue
        self.model.release(at)
