"""The whole shop against a plain model of what members are entitled to, compared after every step.

Events come in any order, repeated, late, and cut off by crashes. `MACHINE_EXAMPLES=300 MACHINE_STEPS=60 MACHINE_PROVE=1
pytest tests/races/test_machine.py` runs more examples, and proves the books of all members after every step, not only
after some and at the end.
"""

import asyncio
import dataclasses
import os
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from server import db, outbox
from server.gateways.ports import PaymentNotice
from server.jobs.registry import JOBS
from server.ledger.audit import audit
from server.services.checkout import closing, payments
from server.services.orders import fulfilment, refund_deadlines, refunds
from server.services.rebates import releases
from tests.races import entitled
from tests.races.arena import Arena
from tests.races.crashes import Crash, Killed, crashing
from tests.races.model import Model
from tests.races.model_parts import PRICE_FEN, Coupon, Order, Refund, Terms, Wallet
from tests.support.mall import Mall
from tests.support.proof import offenders
from tests.support.purse import set_policy
from tests.support.shop import DAY_S, make_sku, publish

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "6"))
STEPS = int(os.environ.get("MACHINE_STEPS", "60"))
PROVE_EVERY = int(os.environ.get("MACHINE_PROVE", "20"))
_WAITING = """
done_at IS NULL AND (job IN ('schedule_release', 'grant_refund')
  OR job = 'close_cycle' AND (args ->> 'member_id')::bigint = ANY ($1))
"""
_UNDECIDED = "state IN ('requested', 'granting')"
crashes = st.sampled_from(["", "", "", "undone", "done"])
some = st.integers(0, 10**6)
payments_come = st.sampled_from(["paid", "paid", "unheard", "unpaid"])


class Shop(RuleBasedStateMachine):
    """Members 0 to 8: 1, 2, 3 and 4 are friends of 0; 5, 6, 7 and 8 are friends of 1."""

    arena: ClassVar[Arena]
    loop: ClassVar[asyncio.AbstractEventLoop]
    model: Model
    people: list[int]
    sku: int
    said: dict[str, PaymentNotice]
    """What WeChat tells, or will tell, of the payment of an order."""
    steps: int

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(300)

    @initialize(
        terms=entitled.RULES,
        firsts=st.lists(st.integers(1, 3), min_size=9, max_size=9),
        days=st.sampled_from([0, 8, 8]),
    )
    def open(self, terms: Terms, firsts: list[int], days: float) -> None:
        """Everybody has bought something, so that rebates come up from the start."""
        self.said, self.steps = {}, 0
        self.run(self._open())
        self.publish(terms)
        for who, quantity in enumerate(firsts):
            self.place(who, quantity, spend=False, how="paid")
        if days:
            self.good_times(days)

    async def _open(self) -> None:
        await set_policy(self.arena.mall, max_unpaid_orders=1_000, max_unpaid_pieces=1_000, freight_fen=0)
        await db.fetch("UPDATE outbox SET done_at = due_at WHERE done_at IS NULL RETURNING id")
        await db.fetch(
            f"UPDATE refunds SET state = 'rejected', finished_at = decide_by WHERE {_UNDECIDED} RETURNING id"
        )
        self.sku = await make_sku(PRICE_FEN)
        self.people = await self.arena.members(1)
        self.people += await self.arena.members(4, self.people[0])
        self.people += await self.arena.members(4, self.people[1])
        above = [None, 0, 0, 0, 0, 1, 1, 1, 1]
        self.model = Model(dict(enumerate(above)), {who: Wallet() for who in range(9)})

    @rule(terms=entitled.RULES)
    def publish(self, terms: Terms) -> None:
        """Publish a rule; orders paid before keep theirs."""
        self.model.versions.append((self.now(), terms))
        self.run(publish(self.arena.mall, required=2, **dataclasses.asdict(terms)))

    def now(self) -> datetime:
        return self.arena.mall.clock.now()

    def _pick(self, n: int, *states: str) -> Order | None:
        """Pick an order; often one that a rebate depends on, or of a rebate that has become a coupon."""
        fitting = [one for one in self.model.orders if one.status in states]
        if n % 3:
            rebates = [one for one in self.model.live() if n % 3 == 1 or one.coupon is not None]
            hot = [order for one in rebates for order in one.orders]
            fitting = [one for one in fitting if one in hot] or fitting
        return fitting[n % len(fitting)] if fitting else None

    async def _attempt(self, when: Crash, act: Callable[[], Awaitable[Any]]) -> bool:
        """Return whether the act took effect."""
        try:
            async with crashing(when):
                await act()
        except Killed:
            return when == "done"
        return True

    @rule(who=st.integers(0, 8), quantity=st.integers(1, 3), spend=st.booleans(), how=payments_come)
    def place(self, who: int, quantity: int, *, spend: bool, how: str) -> None:
        """Place an order; with `spend` the member who has most balance pays with it."""
        if spend:
            who = max(self.model.wallets, key=lambda one: self.model.wallets[one].available_fen)
        self._place(who, quantity, None, spend=spend, how=how)

    def _usable(self) -> list[Coupon]:
        if not hasattr(self, "model"):
            return []
        return [one for one in self.model.coupons if one.state == "unused" and one.expires > self.now()]

    @precondition(lambda self: self._usable())
    @rule(n=some, quantity=st.integers(1, 3), spend=st.booleans(), how=payments_come)
    def use_coupon(self, n: int, quantity: int, *, spend: bool, how: str) -> None:
        found = self._usable()
        coupon = found[n % len(found)]
        self._place(coupon.member, quantity, coupon, spend=spend, how=how)

    def _place(self, who: int, quantity: int, coupon: Coupon | None, *, spend: bool, how: str) -> None:
        price_fen = PRICE_FEN * quantity
        off_fen = 0 if coupon is None else min(coupon.worth_fen, price_fen)
        used_fen = min(self.model.wallets[who].available_fen, price_fen - off_fen) if spend else 0
        more = {"use_balance_fen": used_fen, "coupon_id": self.run(entitled.coupon_id(self.model, coupon))}
        no = self.run(self.arena.place(self.people[who], self.sku, quantity, **more))
        order = Order(no, who, quantity, used_fen, coupon, off_fen)
        self.model.place(order)
        if how == "paid":
            self.pay("", 1, order)
        elif how == "unheard":
            self.run(self._notice(order))

    async def _notice(self, order: Order) -> PaymentNotice:
        """Let WeChat take the money now if it has not yet; return what it tells, now or later."""
        if order.no not in self.said:
            self.said[order.no] = await self.arena.notice(order.no, f"4200{order.no}")
        return self.said[order.no]

    @rule(n=some)
    def take_unheard(self, n: int) -> None:
        """Let WeChat take the money for an order; its notice comes later, perhaps after those of later payments."""
        if order := self._pick(n, "pending"):
            self.run(self._notice(order))

    @rule(n=some, when=crashes, times=st.integers(1, 3))
    def pay_some(self, n: int, when: Crash, times: int) -> None:
        if order := self._pick(n, "pending", "paid", "closed", "refunded"):
            self.pay(when, times, order)

    def pay(self, when: Crash, times: int, order: Order) -> None:
        self.run(self._pay(order, when, times))

    async def _pay(self, order: Order, when: Crash, times: int) -> None:
        deps = self.arena.mall.deps
        if not order.cash_fen:
            if order.status == "pending" and await self._attempt(
                when, lambda: payments.settle_without_cash(deps, order.no)
            ):
                row = await db.fetch_value("SELECT paid_at FROM orders WHERE order_no = $1", order.no)
                await self._paid(order, row)
            return
        said = await self._notice(order)
        worked = await self._attempt(when, lambda: self.arena.settle(said))
        for _ in range(times - 1):
            await self.arena.settle(said)
        if worked or times > 1:
            assert said.success_time is not None
            await self._paid(order, said.success_time)

    async def _paid(self, order: Order, at: datetime) -> None:
        self.model.pay(order, at)
        await self._look()

    async def _look(self) -> None:
        """Let the shop look which order of a friend is the first, as the model does at once."""
        looks = "UPDATE outbox SET done_at = due_at WHERE job = 'requalify' AND done_at IS NULL RETURNING args"
        for row in await db.fetch(looks):
            await JOBS["requalify"](self.arena.mall.deps, orjson.loads(row["args"]))

    @rule(n=some, when=crashes)
    def close(self, n: int, when: Crash) -> None:
        order = self._pick(n, "pending", "paid", "closed")
        deps = self.arena.mall.deps
        if order and self.run(self._attempt(when, lambda: closing.close(deps, order.no, "timeout"))):
            self.model.close_order(order)

    @rule(n=some, when=crashes)
    def ship_and_receive(self, n: int, when: Crash) -> None:
        if order := self._pick(n, "paid", "shipped"):
            self.run(self._receive(order, when))

    async def _receive(self, order: Order, when: Crash) -> None:
        deps = self.arena.mall.deps
        if order.status == "paid":
            await fulfilment.ship(deps, order.no, "SF", "SF1", "tester")
            order.status = "shipped"
        if await self._attempt(when, lambda: fulfilment.receive(deps, self.people[order.member], order.no)):
            at = await db.fetch_value("SELECT received_at FROM orders WHERE order_no = $1", order.no)
            self.model.receive(order, at)
        await self._look()

    @rule(n=some, pieces=st.integers(1, 3), by_member=st.booleans(), granted=st.booleans(), when=crashes)
    def ask_for_refund(self, n: int, pieces: int, when: Crash, *, by_member: bool, granted: bool) -> None:
        """Open a refund; if `granted`, an operator grants it at once."""
        order = self._pick(n, "paid", "shipped", "received")
        if order is not None and self.model.open_refund_of(order) is None:
            refund = self.run(self._ask(order, min(pieces, order.quantity - order.refunded), by_member=by_member))
            if granted and refund.state == "requested":
                self.run(self._approve(refund, when))

    async def _ask(self, order: Order, pieces: int, *, by_member: bool) -> Refund:
        line = await db.fetch_value(
            "SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.order_no = $1", order.no
        )
        refund = self.model.ask("", order, pieces, self.now())
        if by_member and refund.holds:
            member = self.people[order.member]
            refund.no = (await self.arena.refund(member, order.no, {line: pieces}))["refund_no"]
            if order.status == "paid" and pieces == order.quantity:
                self.model.decide(refund)  # a whole order that was not shipped is refunded at once
                await self._look()
        else:
            opened = await refunds.open_for(self.arena.mall.deps, order.no, {line: pieces}, "不要了", "boss")
            refund.no = opened.refund_no
        return refund

    def _requested(self, n: int) -> Refund | None:
        known = self.model.refunds if hasattr(self, "model") else []
        found = [one for one in known if one.state == "requested"]
        return found[n % len(found)] if found else None

    @precondition(lambda self: self._requested(0))
    @rule(n=some, when=crashes)
    def approve(self, n: int, when: Crash) -> None:
        if refund := self._requested(n):
            self.run(self._approve(refund, when))

    async def _approve(self, refund: Refund, when: Crash) -> None:
        if await self._attempt(when, lambda: refunds.approve(self.arena.mall.deps, refund.no, "boss")):
            self.model.decide(refund)
            await self._look()

    @precondition(lambda self: self._requested(0))
    @rule(n=some, rejected=st.booleans())
    def take_back_request(self, n: int, *, rejected: bool) -> None:
        """Let an operator reject a refund, or its member withdraw it."""
        if refund := self._requested(n):
            self.run(self._take_back(refund, rejected=rejected))
            self.model.end(refund)

    async def _take_back(self, refund: Refund, *, rejected: bool) -> None:
        deps, order = self.arena.mall.deps, refund.order
        if rejected:
            await refunds.reject(deps, refund.no, "boss")
        else:
            await refunds.withdraw(deps, self.people[order.member], order.no, refund.no)

    @precondition(lambda self: self._requested(0))
    @rule()
    def decide_overdue(self) -> None:
        """Let the shop's default grant the refunds that nobody has decided in time."""
        at = self.now()
        self.run(refund_deadlines.decide_overdue(self.arena.mall.deps))
        self.model.decide_overdue(at)
        self.run(self._look())

    @rule(n=some, when=crashes, twice=st.booleans())
    def job(self, n: int, when: Crash, *, twice: bool) -> None:
        """Run any waiting job, in any order; after a crash it is still waiting."""
        self.run(self._job(n, when, twice=twice))

    async def _job(self, n: int, when: Crash, twice: bool) -> None:
        rows = await db.fetch(f"SELECT id, job, args FROM outbox WHERE {_WAITING} ORDER BY id", self.people)
        if not rows:
            return
        row = rows[n % len(rows)]
        args = orjson.loads(row["args"])
        deps = self.arena.mall.deps
        if row["job"] == "close_cycle" and self._looks_first(self.people.index(args["member_id"])):
            when = ""  # which of several friends was looked at before the crash, only the database knows
        if await self._attempt(when, lambda: JOBS[row["job"]](deps, args)):
            await self._job_done(row["job"], args, once=when == "done")
        if not when and not twice:
            async with db.transaction() as tx:
                await outbox.done(tx, row["id"], deps.clock.now())

    def _looks_first(self, member: int) -> bool:
        return any(self.model.moves(friend.referee) for friend in self.model.counted(member))

    async def _job_done(self, job: str, args: dict[str, Any], *, once: bool) -> None:
        if job == "close_cycle":
            self.model.close_cycles(self.people.index(args["member_id"]), once=once)
            return
        if job == "grant_refund":
            no = await db.fetch_value("SELECT refund_no FROM refunds WHERE id = $1", args["refund_id"])
            for refund in self.model.refunds:
                if refund.no == no and refund.state == "granting":
                    self.model.grant(refund, once=once)
            await self._look()
            return
        number = await db.fetch_value(
            "SELECT o.order_no FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.id = $1"
            " AND r.state = 'frozen'",
            args["rebate_id"],
        )
        for rebate in self.model.live():
            if rebate.order.no == number:
                self.model.schedule(rebate)

    @rule()
    def all_jobs(self) -> None:
        for _ in range(self.run(self._waiting())):
            self.run(self._job(0, "", twice=False))

    async def _waiting(self) -> int:
        count: int = await db.fetch_value(f"SELECT count(*) FROM outbox WHERE {_WAITING}", self.people)
        return count

    @rule(hours=st.sampled_from([1, 30]))
    def pass_time(self, hours: int) -> None:
        """Let time pass while the worker sleeps."""
        self.arena.mall.clock.advance(hours * 3_600)

    @rule(days=st.sampled_from([0.0, 1.0, 8.0]))
    def pass_time_and_release(self, days: float) -> None:
        self.arena.mall.clock.advance(days * DAY_S)
        at = self.arena.mall.clock.now()
        self.run(self._release())
        self.model.release(at)

    async def _release(self) -> None:
        while await releases.release_due(self.arena.mall.deps):
            continue

    @rule(days=st.sampled_from([0.0, 8.0]))
    def good_times(self, days: float) -> None:
        """Receive all orders and do all work, so that earnings can be spent."""
        for order in list(self.model.orders):
            if order.status in ("paid", "shipped"):
                self.run(self._receive(order, ""))
        self.all_jobs()
        self.all_jobs()
        self.pass_time_and_release(days)

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def members_have_what_they_are_entitled_to(self) -> None:
        told = {self.people[who]: entitled.to(self.model, who) for who in self.model.wallets}
        assert self.run(entitled.in_the_books(self.people)) == told
        assert self.run(entitled.rebates(self.people)) == entitled.to_rebates(self.model, self.people)
        self.steps += 1
        if self.steps % PROVE_EVERY == 0:
            assert self.run(entitled.offences(self.people, self.now())) == {}

    def teardown(self) -> None:
        report = self.run(audit(self.arena.mall.clock.now()))
        assert offenders(report) == {}


@pytest.mark.timeout(EXAMPLES * 120)
@pytest.mark.slow
async def test_the_shop_agrees_with_the_model(mall: Mall) -> None:
    Shop.arena, Shop.loop = Arena(mall), asyncio.get_running_loop()
    found = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES > 12 else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, Shop, settings=found)
