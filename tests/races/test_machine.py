"""The whole shop against a plain model of what members are entitled to, compared after every step.

Events come in any order, repeated, late, and cut off by crashes. `MACHINE_EXAMPLES=300 MACHINE_STEPS=60 MACHINE_PROVE=1
pytest tests/races/test_machine.py` runs more examples, and proves the books of all members after every step, not only
after some and at the end. `SEED=…` draws the same steps again. What chance rarely reaches is in `test_known_walks.py`.
"""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, ClassVar

import hypothesis
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

from server.ledger.audit import audit
from tests.races import entitled
from tests.races.arena import Arena
from tests.races.both import MEMBERS, Both
from tests.races.crashes import Crash
from tests.races.model_parts import Coupon, Order, Policy, Refund, Terms
from tests.support.chance import SEED
from tests.support.mall import Mall
from tests.support.proof import offenders
from tests.support.shop import DAY_S

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "6"))
STEPS = int(os.environ.get("MACHINE_STEPS", "60"))
PROVE_EVERY = int(os.environ.get("MACHINE_PROVE", "20"))
crashes = st.sampled_from(["", "", "", "undone", "done"])
some = st.integers(0, 10**6)
payments_come = st.sampled_from(["paid", "paid", "unheard", "unpaid"])


class Shop(RuleBasedStateMachine):
    """Each rule picks what a step of `Both` is done to."""

    arena: ClassVar[Arena]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.both, self.steps = Both(self.arena), 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(300)

    @initialize(
        terms=entitled.RULES,
        policy=entitled.POLICIES,
        firsts=st.lists(st.integers(1, 3), min_size=MEMBERS, max_size=MEMBERS),
        days=st.sampled_from([0, 8, 8]),
    )
    def open(self, terms: Terms, policy: Policy, firsts: list[int], days: float) -> None:
        """Everybody has bought something."""
        self.run(self.both.open(terms, policy, firsts))
        if days:
            self.good_times(days)

    @rule(terms=entitled.RULES, policy=entitled.POLICIES)
    def publish(self, terms: Terms, policy: Policy) -> None:
        self.run(self.both.publish(terms, policy))

    def _pick(self, n: int, *states: str) -> Order | None:
        """Pick an order; often one that a rebate depends on, or of a rebate that has become a coupon."""
        fitting = [one for one in self.both.model.orders if one.status in states]
        if n % 3:
            rebates = [one for one in self.both.model.live() if n % 3 == 1 or any(stage.coupon for stage in one.stages)]
            hot = [order for one in rebates for order in one.orders]
            fitting = [one for one in fitting if one in hot] or fitting
        return fitting[n % len(fitting)] if fitting else None

    @rule(who=st.integers(0, MEMBERS - 1), quantity=st.integers(1, 3), spend=st.booleans(), how=payments_come)
    def place(self, who: int, quantity: int, *, spend: bool, how: str) -> None:
        """Place an order; with `spend` the member who has most balance pays with it."""
        if spend:
            who = max(self.both.model.wallets, key=lambda one: self.both.model.wallets[one].available)
        self._place(who, quantity, None, spend=spend, how=how)

    def _usable(self) -> list[Coupon]:
        at = self.both.clock.now()
        return [one for one in self.both.model.coupons if one.state == "unused" and one.expires > at]

    @precondition(lambda self: self._usable())
    @rule(n=some, quantity=st.integers(1, 3), spend=st.booleans(), how=payments_come)
    def use_coupon(self, n: int, quantity: int, *, spend: bool, how: str) -> None:
        found = self._usable()
        coupon = found[n % len(found)]
        self._place(coupon.member, quantity, coupon, spend=spend, how=how)

    def _place(self, who: int, quantity: int, coupon: Coupon | None, *, spend: bool, how: str) -> None:
        order = self.run(self.both.place(who, quantity, coupon, spend=spend))
        if how == "paid":
            self.run(self.both.pay(order))
        elif how == "unheard":
            self.run(self.both.take_money(order))

    @rule(n=some)
    def take_unheard(self, n: int) -> None:
        """Let WeChat take the money for an order; its notice comes later, perhaps after those of later payments."""
        if order := self._pick(n, "pending"):
            self.run(self.both.take_money(order))

    @rule(n=some, when=crashes, times=st.integers(1, 3))
    def pay_some(self, n: int, when: Crash, times: int) -> None:
        if order := self._pick(n, "pending", "paid", "closed", "refunded"):
            self.run(self.both.pay(order, when, times))

    @rule(n=some, when=crashes)
    def close(self, n: int, when: Crash) -> None:
        if order := self._pick(n, "pending", "paid", "closed"):
            self.run(self.both.close(order, when))

    @rule(n=some, when=crashes)
    def ship_and_receive(self, n: int, when: Crash) -> None:
        if order := self._pick(n, "paid", "shipped"):
            self.run(self.both.receive(order, when))

    @rule(n=some, pieces=st.integers(1, 3), by_member=st.booleans(), granted=st.booleans(), when=crashes)
    def ask_for_refund(self, n: int, pieces: int, when: Crash, *, by_member: bool, granted: bool) -> None:
        """Open a refund; if `granted`, an operator grants it at once."""
        order = self._pick(n, "paid", "shipped", "received")
        if order is not None and self.both.model.open_refund_of(order) is None:
            pieces = min(pieces, order.quantity - order.refunded)
            refund = self.run(self.both.ask(order, pieces, by_member=by_member))
            if granted and refund.state == "requested":
                self.run(self.both.approve(refund, when))

    @rule(n=some, when=crashes)
    def return_a_piece(self, n: int, when: Crash) -> None:
        """Refund one of several pieces that a rebate depends on."""
        hot = [order for one in self.both.model.live() for order in one.orders if order.refunded + 1 < order.quantity]
        fitting = [one for one in hot if self.both.model.open_refund_of(one) is None]
        if fitting:
            self.run(self.both.approve(self.run(self.both.ask(fitting[n % len(fitting)], 1)), when))

    def _requested(self, n: int) -> Refund | None:
        found = [one for one in self.both.model.refunds if one.state == "requested"]
        return found[n % len(found)] if found else None

    @precondition(lambda self: self._requested(0))
    @rule(n=some, when=crashes)
    def approve(self, n: int, when: Crash) -> None:
        if refund := self._requested(n):
            self.run(self.both.approve(refund, when))

    @precondition(lambda self: self._requested(0))
    @rule(n=some, rejected=st.booleans())
    def take_back_request(self, n: int, *, rejected: bool) -> None:
        if refund := self._requested(n):
            self.run(self.both.take_back_request(refund, rejected=rejected))

    @precondition(lambda self: self._requested(0))
    @rule()
    def decide_overdue(self) -> None:
        self.run(self.both.decide_overdue())

    @rule(n=some, when=crashes, twice=st.booleans())
    def job(self, n: int, when: Crash, *, twice: bool) -> None:
        """Run any waiting job, in any order."""
        self.run(self.both.job(n, when, twice=twice))

    @rule()
    def all_jobs(self) -> None:
        self.run(self.both.all_jobs())

    @rule(hours=st.sampled_from([1, 30]))
    def pass_time(self, hours: int) -> None:
        self.both.pass_time(hours * 3_600)

    @rule(days=st.sampled_from([0.0, 1.0, 8.0]))
    def pass_time_and_release(self, days: float) -> None:
        self.both.pass_time(days * DAY_S)
        self.run(self.both.release())

    @rule(days=st.sampled_from([0.0, 8.0]))
    def good_times(self, days: float) -> None:
        """Receive all orders and do all work, so that earnings can be spent."""
        self.run(self.both.receive_all())
        self.all_jobs()
        self.all_jobs()
        self.pass_time_and_release(days)

    @precondition(lambda self: self.both.model.rules)
    @invariant()
    def members_have_what_they_are_entitled_to(self) -> None:
        self.run(self.both.check())
        self.steps += 1
        if self.steps % PROVE_EVERY == 0:
            self.run(self.both.prove())

    def teardown(self) -> None:
        report = self.run(audit(self.both.clock.now()))
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
    await asyncio.to_thread(run_state_machine_as_test, hypothesis.seed(SEED)(Shop), settings=found)
