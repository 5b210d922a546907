"""Everything at once on one family of members: no deadlock, no error that is not a refusal, and clean books after it.

`STORM_S=60 pytest tests/races/test_storm.py` storms longer; `STORM_SEED` repeats a choice of acts (not their timing).
"""

import asyncio
import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from server import db, outbox
from server.core.errors import Refusal, StateConflict
from server.gateways.ports import RefundNotice
from server.jobs import ticks
from server.jobs.registry import JOBS
from server.ledger import statement
from server.services import (
    bindings,
    closing,
    cycles,
    fulfilment,
    members,
    qualifications,
    refund_transfers,
    refunds,
    releases,
)
from tests.races import proofs
from tests.races.arena import Arena, keyed
from tests.support.mall import Mall
from tests.support.shop import DAY_S, make_sku, make_virtual_sku, publish

STORM_S = float(os.environ.get("STORM_S", "6"))
SEED = int(os.environ.get("STORM_SEED", "0")) or random.SystemRandom().randrange(10**6)
ACTORS = 10
RULES: dict[str, dict[str, Any]] = {
    "plain": {},
    "staged with budget": {"stages_bp": [3000, 3000, 4000], "budget_fen": 300_000, "observe_days": 1},
    "coupon on receipt": {"pay_as": "coupon", "qualify_at": "received", "observe_days": 0},
}


class Storm:
    """Acts that any actor may do at any time; each picks its victims by chance."""

    def __init__(self, arena: Arena, people: list[int], skus: list[int]) -> None:
        self.arena, self.deps, self.people, self.skus = arena, arena.mall.deps, people, skus
        self.chance = random.Random(SEED)
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    async def place(self) -> None:
        member = self.chance.choice(self.people)
        coupon = await db.fetch_value(
            "SELECT id FROM coupons WHERE member_id = $1 AND state = 'unused' LIMIT 1", member
        )
        wallet = await statement.balances(member)
        use = self.chance.choice([0, wallet.get("spend_only", 0)])
        quantity = self.chance.randint(1, 3)
        order_no = await self.arena.place(
            member, self.chance.choice(self.skus), quantity, coupon_id=coupon, use_balance_fen=use
        )
        if self.chance.random() < 0.7:
            await self._settle(order_no)

    async def join(self) -> None:
        """A new friend of somebody."""
        if len(self.people) > 60:
            raise _Nothing
        self.people += await self.arena.members(1, self.chance.choice(self.people[:8]))

    async def _settle(self, order_no: str) -> None:
        said = await self.arena.notice(order_no)
        if said.amount_fen:
            await asyncio.gather(*(self.arena.settle(said) for _ in range(self.chance.randint(1, 3))))

    async def _order(self, *states: str) -> Any:
        rows = await db.fetch("SELECT * FROM orders WHERE status = ANY ($1) ORDER BY id DESC LIMIT 20", list(states))
        if not rows:
            raise _Nothing
        return self.chance.choice(rows)

    async def pay(self) -> None:
        await self._settle((await self._order("pending", "closed"))["order_no"])

    async def cancel(self) -> None:
        order = await self._order("pending")
        await closing.cancel(self.deps, order["member_id"], order["order_no"])

    async def ship(self) -> None:
        await fulfilment.ship(self.deps, (await self._order("paid"))["order_no"], "SF", "SF1", "tester")

    async def receive(self) -> None:
        order = await self._order("shipped", "received")
        await fulfilment.receive(self.deps, order["member_id"], order["order_no"])

    async def refund(self) -> None:
        order = await self._order("paid", "shipped", "received", "completed")
        lines = await db.fetch(
            "SELECT id, quantity - refunded_quantity AS n FROM order_lines WHERE order_id = $1", order["id"]
        )
        some = {line["id"]: self.chance.randint(1, line["n"]) for line in lines if line["n"]}
        wanted = some if some and self.chance.random() < 0.5 else None
        await refunds.request(self.deps, order["member_id"], order["order_no"], wanted, "不要了", keyed())

    async def decide(self) -> None:
        rows = await db.fetch("SELECT refund_no FROM refunds WHERE state = 'requested' LIMIT 5")
        if not rows:
            raise _Nothing
        act = self.chance.choice([refunds.approve, refunds.approve, refunds.reject])
        await act(self.deps, self.chance.choice(rows)["refund_no"], "boss")

    async def transfer(self) -> None:
        """WeChat pays refunds back; its word comes twice."""
        rows = await db.fetch("SELECT * FROM refunds WHERE state = 'approved' AND cash_fen > 0 LIMIT 3")
        for row in rows:
            said = RefundNotice("", row["refund_no"], f"5{row['id']}", "", "", "SUCCESS", row["cash_fen"], None)
            await asyncio.gather(*(refund_transfers.apply(self.deps, said) for _ in range(2)))

    async def close_cycle(self) -> None:
        await cycles.close_cycle(self.deps, self.chance.choice(self.people))

    async def sweep(self) -> None:
        await cycles.sweep(self.deps)

    async def tick(self) -> None:
        await self.chance.choice(
            [closing.close_expired, fulfilment.receive_overdue, fulfilment.complete_overdue, releases.release_due]
        )(self.deps)

    async def roll_up(self) -> None:
        await ticks.roll_up_ledger(self.deps)

    async def block(self) -> None:
        member = self.chance.choice(self.people)
        await members.block(self.deps, member, "x", "boss")
        await asyncio.sleep(0.05)
        await members.unblock(self.deps, member, "x", "boss")

    async def correct(self) -> None:
        """An operator moves somebody with all that stands below."""
        member, referrer = self.chance.sample(self.people, 2)
        await bindings.correct_binding(self.deps, member, referrer, "x", "boss")

    async def review(self) -> None:
        row = await db.fetch_row(
            "SELECT id FROM qualifications WHERE state <> 'void' ORDER BY id DESC OFFSET $1 LIMIT 1",
            self.chance.randrange(6),
        )
        if row is None or self.chance.random() < 0.7:
            raise _Nothing
        await qualifications.review(self.deps, row["id"], self.chance.choice(["pass", "void"]), "boss")

    async def work(self) -> None:
        async with db.transaction() as tx:
            rows = await outbox.claim(tx, self.deps.clock.now(), 20)
        for row in rows:
            if row.job not in ("send_refund", "upload_shipping", "send_notice"):
                await JOBS[row.job](self.deps, row.args)
            async with db.transaction() as tx:
                await outbox.done(tx, row.id, self.deps.clock.now())

    async def pass_time(self) -> None:
        self.arena.mall.clock.advance(self.chance.choice([10, 600, DAY_S]))

    async def act(self) -> None:
        """One act by chance; a refusal is an answer, anything else a failure."""
        acts: dict[Callable[[], Awaitable[None]], int] = {
            self.join: 6, self.place: 30, self.pay: 8, self.cancel: 3, self.ship: 14, self.receive: 14, self.refund: 5,
            self.decide: 5, self.transfer: 4, self.close_cycle: 6, self.sweep: 1, self.tick: 6, self.roll_up: 6,
            self.block: 2, self.correct: 2, self.review: 1, self.work: 14, self.pass_time: 2,
        }  # fmt: skip
        (one,) = self.chance.choices(list(acts), list(acts.values()))
        try:
            await one()
        except _Nothing:
            return
        except Refusal as refusal:
            self.refused[f"{one.__name__}: {refusal.code} {type(refusal.__cause__).__name__}"] += 1
            if isinstance(refusal.__cause__, asyncpg.DeadlockDetectedError):
                raise refusal.__cause__ from None
        else:
            self.done[one.__name__] += 1

    async def calm_down(self) -> None:
        """Everybody is unblocked, all work is done, WeChat has paid back what is due."""
        for member in self.people:
            with contextlib.suppress(StateConflict):  # it is not blocked
                await members.unblock(self.deps, member, "x", "boss")
        while await db.fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL"):
            await db.fetch("UPDATE outbox SET due_at = created_at WHERE done_at IS NULL RETURNING id")
            await self.work()
        await self.transfer()
        await self.roll_up()


class _Nothing(Exception):  # noqa: N818 - nothing to act on
    """No victim."""


async def deadlocks() -> int:
    count: int = await db.fetch_value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return count


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(RULES))
async def test_a_storm(mall: Mall, rule: str) -> None:
    arena = Arena(mall)
    await publish(mall, **RULES[rule])
    people = await arena.members(1)
    for referrer in range(4):
        people += await arena.members(3 if referrer < 3 else 2, people[referrer])
    cards = await make_virtual_sku(mall, [f"CARD-{n}" for n in range(100)], 3_000)
    storm = Storm(arena, people, [cards, *[await make_sku(3_000, 200) for _ in range(2)]])
    ends = time.monotonic() + STORM_S

    async def actor() -> None:
        while time.monotonic() < ends:
            await storm.act()

    await asyncio.gather(*(actor() for _ in range(ACTORS)))
    await storm.calm_down()
    assert await deadlocks() == 0
    assert await db.fetch_value("SELECT count(*) FROM rebates"), (SEED, storm.done, storm.refused)
    assert storm.refused.total() < storm.done.total()
    await proofs.check(mall)
