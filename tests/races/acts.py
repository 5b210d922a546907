"""Acts of members, operators and WeChat on a shop, at any time; each act picks its target by chance.

One actor with a seed makes a walk that can be repeated; many actors at once make a storm.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import asyncpg
import httpx

from server import db, outbox
from server.core.errors import Refusal, StateConflict
from server.gateways.ports import OutcomeUnknown, PaymentNotice, RefundNotice, TransferNotice, WeChatError
from server.jobs import ticks
from server.jobs.registry import JOBS
from server.ledger import statement
from server.rules.withdrawals import LIVE
from server.services.checkout import closing
from server.services.commissions import earnings
from server.services.orders import fulfilment, refund_transfers, refunds
from server.services.rebates import blocking, cycles, qualifications, releases
from server.services.referrals import bindings
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals import transfers
from tests.races.arena import Arena, keyed
from tests.support.shop import DAY_S

OPERATORS = ("boss", "vice")
_NOT_OURS = ("send_refund", "upload_shipping", "send_notice")
"""Jobs that need WeChat, which does not know these members."""
_SPOILS: list[dict[str, Any]] = [
    {knob: {"count": 1, "op": operation}}
    for knob in ("fail_500_after_commit", "bad_signature_after_commit", "timeout_after_commit", "rate_limited")
    for operation in ("transfer", "transfer_query", "transfer_cancel")
] + [
    {"not_enough": {"count": 1, "op": "transfer"}},
    {"transfer_fail_reason": "ACCOUNT_FROZEN"},
    {"transfer_fail_reason": None},
    {"transfer_delay_s": 60},
    {"transfer_delay_s": 0},
]


class Nothing(Exception):  # noqa: N818 - an answer of an act, not an error
    """There is nothing the act could be done to."""


class Acts:
    """Acts that any actor may do at any time; each picks its targets by chance."""

    def __init__(self, arena: Arena, people: list[int], skus: list[int], seed: int) -> None:
        self.arena, self.deps, self.people, self.skus = arena, arena.mall.deps, people, skus
        self.chance = random.Random(seed)
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.said: list[TransferNotice] = []
        """All notifications of transfers so far: WeChat may repeat any of them, weeks later."""
        self.unheard: list[PaymentNotice] = []
        """Payments that WeChat took and nobody knows of."""
        self._calls, self._no_call = 0, asyncio.Condition()

    @contextlib.asynccontextmanager
    async def _calling(self) -> AsyncIterator[None]:
        """Allow calls to WeChat in the block. The clock does not jump then: a real call takes less than a minute."""
        async with self._no_call:
            self._calls += 1
        try:
            yield
        finally:
            async with self._no_call:
                self._calls -= 1
                self._no_call.notify_all()

    async def place(self) -> None:
        member = self.chance.choice(self.people)
        coupon = await db.fetch_value(
            "SELECT id FROM coupons WHERE member_id = $1 AND state = 'unused' LIMIT 1", member
        )
        wallet = await statement.balances(member)
        spend_only = wallet.get("spend_only", 0)
        use = self.chance.choice([0, spend_only, spend_only + wallet.get("withdrawable", 0)])
        quantity = self.chance.randint(1, 3)
        order_no = await self.arena.place(
            member, self.chance.choice(self.skus), quantity, coupon_id=coupon, use_balance_fen=use
        )
        if self.chance.random() < 0.7:
            await self._settle(order_no)

    async def join(self) -> None:
        """Add a new friend of a random member."""
        if len(self.people) > 60:
            raise Nothing
        self.people += await self.arena.members(1, self.chance.choice(self.people[:8]), met=True)

    async def _settle(self, order_no: str) -> None:
        said = await self.arena.notice(order_no)
        if said.amount_fen:
            await asyncio.gather(*(self.arena.settle(said) for _ in range(self.chance.randint(1, 3))))

    async def _order(self, *states: str) -> Any:
        rows = await db.fetch("SELECT * FROM orders WHERE status = ANY ($1) ORDER BY id DESC LIMIT 20", list(states))
        if not rows:
            raise Nothing
        return self.chance.choice(rows)

    async def pay(self) -> None:
        await self._settle((await self._order("pending", "closed"))["order_no"])

    async def pay_unheard(self) -> None:
        """Let WeChat take the money for an order; its notice comes later."""
        order = await self._order("pending")
        if not order["cash_due_fen"]:
            raise Nothing
        self.unheard.append(await self.arena.notice(order["order_no"]))

    async def hear_of_payment(self) -> None:
        """Let one of the late notices come: other orders may have been paid and settled meanwhile."""
        if not self.unheard:
            raise Nothing
        await self.arena.settle(self.unheard.pop(self.chance.randrange(len(self.unheard))))

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
            raise Nothing
        act = self.chance.choice([refunds.approve, refunds.approve, refunds.reject])
        await act(self.deps, self.chance.choice(rows)["refund_no"], "boss")

    async def pay_back(self) -> None:
        """Send WeChat's results of refunds: most succeed, and some come twice."""
        rows = await db.fetch(
            "SELECT * FROM refunds WHERE state IN ('approved', 'processing', 'abnormal') AND cash_fen > 0"
            " ORDER BY id LIMIT 3"
        )
        for row in rows:
            await self._pay_back(row, self.chance.choice(["SUCCESS", "SUCCESS", "SUCCESS", "PROCESSING", "ABNORMAL"]))

    async def _pay_back(self, row: Any, status: str) -> None:
        said = RefundNotice("", row["refund_no"], f"5{row['id']}", "", "", status, row["cash_fen"], None)
        await asyncio.gather(*(refund_transfers.apply(self.deps, said) for _ in range(2)))

    async def close_cycle(self) -> None:
        await cycles.close_cycle(self.deps, self.chance.choice(self.people))

    async def sweep(self) -> None:
        await cycles.sweep(self.deps)

    async def tick(self) -> None:
        tick: Callable[[Any], Awaitable[Any]] = self.chance.choice(
            [
                closing.close_expired,
                fulfilment.receive_overdue,
                fulfilment.complete_overdue,
                releases.release_due,
                earnings.release_due,
                transfers.ask_due,
            ]
        )
        async with self._calling():
            await tick(self.deps)

    async def roll_up(self) -> None:
        await ticks.roll_up_ledger(self.deps)

    async def block(self) -> None:
        """Block or unblock a random member."""
        member = self.chance.choice(self.people)
        state = await db.fetch_value("SELECT state FROM members WHERE id = $1", member)
        await (blocking.unblock if state == "blocked" else blocking.block)(self.deps, member, "x", "boss")

    async def correct(self) -> None:
        """An operator moves a member, with all members below, to another referrer."""
        member, referrer = self.chance.sample(self.people, 2)
        await bindings.correct_binding(self.deps, member, referrer, "x", "boss")

    async def review(self) -> None:
        row = await db.fetch_row(
            "SELECT id FROM qualifications WHERE state <> 'void' ORDER BY id DESC OFFSET $1 LIMIT 1",
            self.chance.randrange(6),
        )
        if row is None or self.chance.random() < 0.7:
            raise Nothing
        await qualifications.review(self.deps, row["id"], self.chance.choice(["pass", "void"]), "boss")

    async def work(self) -> None:
        async with db.transaction() as tx:
            rows = await outbox.claim(tx, self.deps.clock.now(), 20)
        for row in rows:
            with contextlib.suppress(OutcomeUnknown):  # the worker tries it again later
                async with self._calling():
                    if row.job not in _NOT_OURS:
                        await JOBS[row.job](self.deps, row.args)
                async with db.transaction() as tx:
                    await outbox.done(tx, row.id, self.deps.clock.now())

    async def ask_for_money(self) -> None:
        """Ask to withdraw everything, a part, or an amount that the policy forbids."""
        member = self.chance.choice(
            [row["member_id"] for row in await db.fetch(_CAN_WITHDRAW, self.people)] or self.people
        )
        has = (await statement.balances(member)).get("withdrawable", 0)
        amount_fen = self.chance.choice([has, has // 2, self.chance.randint(1, max(1, has)), has + 1])
        name = self.chance.choice([None, "张三"])
        await withdrawal_requests.request(self.deps, member, max(1, amount_fen), name, keyed())

    async def _withdrawal(self, *states: str) -> Any:
        rows = await db.fetch("SELECT * FROM withdrawals WHERE state = ANY ($1) ORDER BY id DESC LIMIT 8", list(states))
        if not rows:
            raise Nothing
        return self.chance.choice(rows)

    async def judge(self) -> None:
        row, operator = await self._withdrawal("requested"), self.chance.choice(OPERATORS)
        if self.chance.random() < 0.8:
            await withdrawal_requests.approve(self.deps, row["withdrawal_no"], operator)
        else:
            await withdrawal_requests.reject(self.deps, row["withdrawal_no"], operator, "资料不符")

    async def call_off(self) -> None:
        row = await self._withdrawal(*LIVE, "paid")
        if self.chance.random() < 0.5:
            await withdrawal_requests.cancel(self.deps, row["member_id"], row["withdrawal_no"])
        else:
            await withdrawal_requests.cancel_for(self.deps, row["withdrawal_no"], self.chance.choice(OPERATORS))

    async def confirm(self) -> None:
        """Confirm a transfer in WeChat as its member, if WeChat still offers it."""
        row = await self._withdrawal("sent", "confirming")
        with contextlib.suppress(httpx.HTTPStatusError):
            await self.arena.mall.control("transfer_confirm", out_bill_no=row["withdrawal_no"])

    async def hear(self) -> None:
        """Deliver WeChat's present state of a transfer, or an old notification again."""
        with contextlib.suppress(Nothing, OutcomeUnknown, WeChatError):
            row = await self._withdrawal("sent", "confirming")
            said = await self.deps.pay.query_transfer(row["withdrawal_no"])
            if said is not None:
                self.said.append(said)
        if not self.said:
            raise Nothing
        said = self.chance.choice([self.said[-1], self.chance.choice(self.said)])
        await asyncio.gather(*(transfers.apply(self.deps, said) for _ in range(2)))

    async def spoil(self) -> None:
        """Let the next call to WeChat fail, before or after WeChat has acted."""
        await self.arena.mall.control("knobs", timeout_hold_s=0.01, **self.chance.choice(_SPOILS))

    async def pass_time(self) -> None:
        async with self._no_call:
            await self._no_call.wait_for(lambda: not self._calls)
            self.arena.mall.clock.advance(self.chance.choice([10, 90, 600, DAY_S, 8 * DAY_S]))

    async def act(self, acts: Mapping[Callable[[], Awaitable[None]], int]) -> str:
        """Do one act by chance and weight; return the outcome. Refusals are valid outcomes, other errors failures."""
        (one,) = self.chance.choices(list(acts), list(acts.values()))
        try:
            await one()
        except Nothing:
            return f"{one.__name__}: nothing"
        except Refusal as refusal:
            told = f"{one.__name__}: {refusal.code} {type(refusal.__cause__).__name__}"
            self.refused[told] += 1
            if isinstance(refusal.__cause__, asyncpg.DeadlockDetectedError):
                raise refusal.__cause__ from None
            return told
        self.done[one.__name__] += 1
        return one.__name__

    async def calm_down(self) -> None:
        """Unblock all, do all work, and let WeChat finish every refund and transfer.

        Each open withdrawal is rejected, confirmed, or left to expire.
        """
        await self.arena.mall.control("knobs", reset=True, drop={"op": "transfer_notify"})
        for member in self.people:
            with contextlib.suppress(StateConflict):  # the member is not blocked
                await blocking.unblock(self.deps, member, "x", "boss")
        for _ in range(_PATIENCE):
            if not await db.fetch(_OPEN):
                break
            with contextlib.suppress(Nothing, Refusal):
                await self.judge()
            await self._work_all()
            if self.chance.random() < 0.8:
                with contextlib.suppress(Nothing):
                    await self.confirm()
            self.arena.mall.clock.advance(self.chance.choice([120, DAY_S]))
            while await transfers.ask_due(self.deps):
                continue
        endless = [dict(row) for row in await db.fetch(_OPEN)]
        assert not endless, endless
        for row in await db.fetch("SELECT * FROM refunds WHERE state IN ('approved', 'processing', 'abnormal')"):
            await self._pay_back(row, "SUCCESS")
        await self._work_all()
        await self.roll_up()

    async def _work_all(self) -> None:
        while await db.fetch_value("SELECT count(*) FROM outbox WHERE done_at IS NULL"):
            await db.fetch("UPDATE outbox SET due_at = created_at WHERE done_at IS NULL RETURNING id")
            await self.work()


_CAN_WITHDRAW = """
SELECT member_id FROM ledger_accounts WHERE member_id = ANY ($1) AND code = 'withdrawable' AND balance >= 100
  ORDER BY member_id
"""
_PATIENCE = 200
"""Rounds of a day or some minutes; every transfer ends within them."""
_OPEN = """
SELECT * FROM withdrawals w WHERE state IN ('requested', 'approved', 'sent', 'confirming')
  AND NOT EXISTS (SELECT FROM alarms WHERE kind = 'withdrawal_lost' AND subject = 'withdrawal:' || w.withdrawal_no)
"""
"""Withdrawals that can still end by themselves. WeChat has forgotten the others, because a month passed before it was
asked; operators decide about them."""
