"""The whole shop against a simple model of the rule: events in any order, repeated, late, and cut off by crashes.

`MACHINE_EXAMPLES=300 pytest tests/races/test_machine.py` runs more examples.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal

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
from server.jobs.registry import JOBS
from server.ledger import statement
from server.ledger.audit import audit
from server.services.checkout import closing, payments
from server.services.orders import fulfilment, refunds
from server.services.rebates import releases
from tests.races.arena import Arena
from tests.races.model import PRICE_FEN, Model, Order, Rebate, Terms, Wallet
from tests.support.mall import Mall
from tests.support.purse import set_policy
from tests.support.shop import DAY_S, make_sku, publish

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
Crash = Literal["", "undone", "done"]
_WAITING = "done_at IS NULL AND job IN ('close_cycle', 'schedule_release')"
crashes = st.sampled_from(["", "", "", "undone", "done"])
some = st.integers(0, 10**6)


class Killed(Exception):  # noqa: N818 - it stands for the end of a process, not for an error
    """The process was killed at this point."""


@asynccontextmanager
async def crashing(when: Crash) -> AsyncIterator[None]:
    """Kill the process at the first transaction of the block: before its commit (`undone`) or right after (`done`)."""
    real = db.transaction

    @asynccontextmanager
    async def transaction() -> AsyncIterator[db.Connection]:
        async with real() as tx:
            yield tx
            if when == "undone":
                raise Killed
        raise Killed

    if when:
        db.transaction = transaction
    try:
        yield
    finally:
        db.transaction = real


class Shop(RuleBasedStateMachine):
    """Members 0 to 5: 1, 2 and 3 are friends of 0; 4 and 5 are friends of 1."""

    arena: ClassVar[Arena]
    loop: ClassVar[asyncio.AbstractEventLoop]
    model: Model
    people: list[int]
    sku: int

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize(
        qualify_at=st.sampled_from(["paid", "received"]),
        observe_days=st.sampled_from([0, 7]),
        ratio_bp=st.sampled_from([10_000, 3_333]),
        cap_fen=st.sampled_from([None, 15_000]),
        min_paid_fen=st.sampled_from([1, 12_000]),
        pick=st.sampled_from(["oldest", "newest", "highest", "lowest"]),
        firsts=st.lists(st.integers(1, 3), min_size=6, max_size=6),
    )
    def open(self, firsts: list[int], **terms: Any) -> None:
        """Everybody has bought something, so that rebates come up from the start."""
        self.run(self._open(terms))
        for who, quantity in enumerate(firsts):
            self.place(who, quantity, spend=False, paid=True)

    async def _open(self, terms: dict[str, Any]) -> None:
        await publish(self.arena.mall, required=2, **terms)
        await set_policy(self.arena.mall, max_unpaid_orders=1_000, max_unpaid_pieces=1_000)
        await db.fetch("UPDATE outbox SET done_at = due_at WHERE done_at IS NULL RETURNING id")
        self.sku = await make_sku(PRICE_FEN)
        self.people = await self.arena.members(1)
        self.people += await self.arena.members(3, self.people[0])
        self.people += await self.arena.members(2, self.people[1])
        above = [None, 0, 0, 0, 1, 1]
        self.model = Model(Terms(**terms), dict(enumerate(above)), wallets={who: Wallet() for who in range(6)})

    def _pick(self, n: int, *states: str) -> Order | None:
        """Pick an order; every second time one that a rebate depends on, if there is one."""
        fitting = [one for one in self.model.orders if one.status in states]
        hot = [order for one in self.model.live() for order in (one.order, *(friend.order for friend in one.friends))]
        if n % 2:
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

    @rule(
        who=st.integers(0, 5),
        quantity=st.integers(1, 3),
        spend=st.booleans(),
        paid=st.sampled_from([True, True, True, False]),
    )
    def place(self, who: int, quantity: int, *, spend: bool, paid: bool) -> None:
        if spend:
            who = max(self.model.wallets, key=lambda one: self.model.wallets[one].spend_fen)
        used = min(self.model.wallets[who].spend_fen, PRICE_FEN * quantity) if spend else 0
        no = self.run(self.arena.place(self.people[who], self.sku, quantity, use_balance_fen=used))
        order = Order(no, who, quantity, used)
        self.model.place(order)
        if paid:
            self.pay(len(self.model.orders) - 1, "", 1, order)

    @rule(n=some, when=crashes, times=st.integers(1, 3))
    def pay_some(self, n: int, when: Crash, times: int) -> None:
        if order := self._pick(n, "pending", "paid", "closed", "refunded"):
            self.pay(n, when, times, order)

    def pay(self, _n: int, when: Crash, times: int, order: Order) -> None:
        self.run(self._pay(order, when, times))

    async def _pay(self, order: Order, when: Crash, times: int) -> None:
        deps = self.arena.mall.deps
        if not order.cash_fen:
            if order.status == "pending" and await self._attempt(
                when, lambda: payments.settle_without_cash(deps, order.no)
            ):
                await self._paid(order)
            return
        said = await self.arena.notice(order.no, f"4200{order.no}")
        worked = await self._attempt(when, lambda: self.arena.settle(said))
        for _ in range(times - 1):
            await self.arena.settle(said)
        if worked or times > 1:
            await self._paid(order)

    async def _paid(self, order: Order) -> None:
        """A second paid order counts after a look at the first, which the model takes at once."""
        if order.status == "pending":
            self.model.pay(order, await db.fetch_value("SELECT paid_at FROM orders WHERE order_no = $1", order.no))
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

    @rule(n=some, pieces=st.integers(1, 3), when=crashes)
    def refund(self, n: int, pieces: int, when: Crash) -> None:
        if order := self._pick(n, "paid", "shipped", "received"):
            self.run(self._refund(order, min(pieces, order.quantity - order.refunded), when))

    async def _refund(self, order: Order, pieces: int, when: Crash) -> None:
        deps = self.arena.mall.deps
        line = await db.fetch_value(
            "SELECT l.id FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.order_no = $1", order.no
        )
        view = await refunds.open_for(deps, order.no, {line: pieces}, "不要了", "boss")
        if await self._attempt(when, lambda: refunds.approve(deps, view.refund_no, "boss")):
            self.model.refund(order, pieces)
        else:
            await refunds.reject(deps, view.refund_no, "boss")

    @rule(n=some, when=crashes, twice=st.booleans())
    def job(self, n: int, when: Crash, *, twice: bool) -> None:
        """Run any waiting job, in any order; after a crash it is still waiting."""
        self.run(self._job(n, when, twice=twice))

    async def _job(self, n: int, when: Crash, twice: bool) -> None:
        rows = await db.fetch(f"SELECT id, job, args FROM outbox WHERE {_WAITING} ORDER BY id")
        if not rows:
            return
        row = rows[n % len(rows)]
        args = orjson.loads(row["args"])
        deps = self.arena.mall.deps
        if await self._attempt(when, lambda: JOBS[row["job"]](deps, args)):
            await self._job_done(row["job"], args, once=when == "done")
        if not when and not twice:
            async with db.transaction() as tx:
                await outbox.done(tx, row["id"], deps.clock.now())

    async def _job_done(self, job: str, args: dict[str, Any], *, once: bool) -> None:
        if job == "close_cycle":
            self.model.close_cycles(self.people.index(args["member_id"]), once=once)
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
        count: int = await db.fetch_value(f"SELECT count(*) FROM outbox WHERE {_WAITING}")
        return count

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
    def rebates_and_wallets_agree(self) -> None:
        real, wallets = self.run(self._real())
        assert real == {one.order.no: self._shown(one) for one in self.model.live()}
        assert wallets == [
            (one.spend_fen, one.frozen_fen, one.debt_fen) for _, one in sorted(self.model.wallets.items())
        ]

    def _shown(self, one: Rebate) -> tuple[Any, ...]:
        friends = sorted(self.people[friend.referee] for friend in one.friends)
        return self.people[one.member], one.amount_fen, one.state, friends

    async def _real(self) -> tuple[dict[str, tuple[Any, ...]], list[tuple[int, int, int]]]:
        rows = await db.fetch(
            "SELECT r.member_id, r.granted_fen, r.state, o.order_no, (SELECT array_agg(referee_id ORDER BY referee_id)"
            " FROM qualifications WHERE rebate_id = r.id) AS friends FROM rebates r JOIN orders o ON o.id = r.order_id"
            " WHERE r.state <> 'reversed' AND r.member_id = ANY ($1)",
            self.people,
        )
        found = [await statement.balances(who) for who in self.people]
        return (
            {row["order_no"]: (row["member_id"], row["granted_fen"], row["state"], row["friends"]) for row in rows},
            [(one.get("spend_only", 0), one.get("frozen", 0), one.get("debt", 0)) for one in found],
        )

    def teardown(self) -> None:
        report = self.run(audit(self.arena.mall.clock.now()))
        assert [check for check in report.checks if check.wrong] == []


@pytest.mark.slow
async def test_the_shop_agrees_with_the_model(mall: Mall) -> None:
    Shop.arena, Shop.loop = Arena(mall), asyncio.get_running_loop()
    found = settings(
        max_examples=EXAMPLES,
        stateful_step_count=60,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES > 12 else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, Shop, settings=found)
