"""Random acts one after the other, under random policies: no order of events loses or creates a fen.

A walk that fails prints its seed: `SEED=7 WALKS=1 pytest tests/races/test_walk.py` repeats it. `WALKS=200
WALK_STEPS=400 WALK_PROVE=1` runs longer and proves all books after each step, not only after each tenth.
"""

import os
from collections import deque
from collections.abc import Awaitable, Callable

import pytest

from server import db
from server.ledger.audit import audit
from tests.races import proofs
from tests.races.acts import Acts
from tests.races.arena import Arena
from tests.races.policies import commission_terms, rebate_terms, shop_terms
from tests.support.chance import SEED
from tests.support.mall import Mall
from tests.support.proof import offenders
from tests.support.purse import earn, set_policy
from tests.support.shop import make_sku, make_virtual_sku, publish, publish_commission

WALKS = int(os.environ.get("WALKS", "6"))
STEPS = int(os.environ.get("WALK_STEPS", "150"))
PROVE_EVERY = int(os.environ.get("WALK_PROVE", "10"))
GIVEN_FEN = 3_000
"""The amount that each member can withdraw at the start."""


class Walk(Acts):
    """A storm with one actor, which also changes the shop's policies."""

    products: list[int]
    given: dict[int, int]
    seen_rebate = 0

    async def new_rule(self) -> None:
        await publish(self.arena.mall, **rebate_terms(self.chance))

    async def new_commission(self) -> None:
        await publish_commission(self.arena.mall, **commission_terms(self.chance, self.products))

    async def new_policy(self) -> None:
        await set_policy(self.arena.mall, **shop_terms(self.chance))

    async def prepare(self) -> None:
        """Make members on three levels, each with a little money, and a first set of policies."""
        rows = await db.fetch("SELECT product_id FROM skus WHERE id = ANY ($1)", self.skus)
        self.products = [row["product_id"] for row in rows]
        self.given = dict.fromkeys(self.people, GIVEN_FEN)
        for member in self.people:
            await earn(self.arena.mall, member, GIVEN_FEN)
        await self.arena.mall.control("knobs", drop={"op": "transfer_notify"})
        for first in (self.new_rule, self.new_commission, self.new_policy):
            await first()

    async def proved(self) -> None:
        found = offenders(await audit(self.deps.clock.now()))
        assert found == {}
        await proofs.nothing_lost_or_made(self.given)

    def acts(self) -> dict[Callable[[], Awaitable[None]], int]:
        return {
            self.join: 4, self.place: 24, self.pay: 8, self.cancel: 3, self.ship: 12, self.receive: 12,
            self.refund: 8, self.decide: 8, self.pay_back: 4, self.close_cycle: 4, self.sweep: 1, self.tick: 8,
            self.roll_up: 2, self.block: 2, self.correct: 2, self.review: 1, self.work: 20, self.pass_time: 6,
            self.ask_for_money: 8, self.judge: 8, self.call_off: 3, self.confirm: 6, self.hear: 5, self.spoil: 4,
            self.new_rule: 1, self.new_commission: 1, self.new_policy: 1, self.pay_unheard: 6, self.hear_of_payment: 5,
        }  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(120 + 2 * STEPS // PROVE_EVERY)
@pytest.mark.parametrize("number", range(WALKS))
async def test_a_walk(mall: Mall, number: int) -> None:
    seed, trail = SEED + number, deque[str](maxlen=40)
    try:
        await _walk(mall, seed, trail)
    except BaseException as error:
        error.add_note(f"SEED={seed} WALKS=1 WALK_STEPS={STEPS}, after {len(trail)}: {', '.join(trail)}")
        raise


async def _walk(mall: Mall, seed: int, trail: deque[str]) -> None:
    arena = Arena(mall)
    people = await arena.members(1, met=True)
    for referrer in range(3):
        people += await arena.members(3, people[referrer], met=True)
    skus = [await make_sku(price, 1_000) for price in (1_999, 3_001, 5_000)]
    walk = Walk(arena, people, [*skus, await make_virtual_sku(mall, [f"C{n}" for n in range(60)], 2_500)], seed)
    await walk.prepare()
    acts = walk.acts()
    for step in range(1, STEPS + 1):
        trail.append(await walk.act(acts))
        await proofs.caps_kept(walk.seen_rebate)
        walk.seen_rebate = await db.fetch_value("SELECT COALESCE(max(id), 0) FROM rebates")
        if step % PROVE_EVERY == 0:
            await walk.proved()
    trail.append("calm down")
    await walk.calm_down()
    await proofs.check(mall)
    await proofs.nothing_lost_or_made(walk.given)
    alarms = await db.fetch("SELECT kind, subject, detail FROM alarms WHERE kind = ANY ($1)", list(_NEVER))
    assert [dict(row) for row in alarms] == []


_NEVER = ("withdrawal_contradiction", "withdrawal_mismatch", "withdrawal_lost", "refund_mismatch")
