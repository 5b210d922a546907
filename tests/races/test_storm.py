"""All acts at once on one family of members: no deadlock, no error except refusals, and clean books at the end.

`STORM_S=60 pytest tests/races/test_storm.py` runs longer; `SEED` repeats the choice of acts (not their timing).
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server import db
from server.services.rebates import blocking
from tests.races import proofs
from tests.races.acts import Acts
from tests.races.arena import Arena
from tests.support.chance import SEED
from tests.support.mall import Mall
from tests.support.purse import earn, set_policy
from tests.support.shop import make_sku, make_virtual_sku, publish, publish_commission

STORM_S = float(os.environ.get("STORM_S", "6"))
ACTORS = 10
COMMISSION = {"policies": [{"kind": "ratio", "ratio_bp": 1_000, "level": level} for level in (1, 2)], "depth": 2}
RULES: dict[str, dict[str, Any]] = {
    "plain": {},
    "staged with budget": {"stages_bp": [3000, 3000, 4000], "budget_fen": 300_000, "observe_days": 1},
    "coupon on receipt": {"pay_as": "coupon", "qualify_at": "received", "observe_days": 0},
}


async def deadlocks() -> int:
    """Return the number of deadlocks that this database has ever seen."""
    count: int = await db.fetch_value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return count


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(RULES))
async def test_a_storm(mall: Mall, rule: str) -> None:
    arena = Arena(mall)
    await publish(mall, **RULES[rule])
    await publish_commission(mall, **COMMISSION)
    await set_policy(mall, withdrawal_auto_below_fen=2_000, withdrawal_second_from_fen=4_000)
    await mall.control("knobs", drop={"op": "transfer_notify"})
    people = await arena.members(1, met=True)
    for referrer in range(4):
        people += await arena.members(3 if referrer < 3 else 2, people[referrer], met=True)
    for member in people:
        await earn(mall, member, 10_000)
    cards = await make_virtual_sku(mall, [f"CARD-{n}" for n in range(100)], 3_000)
    storm = Acts(arena, people, [cards, *[await make_sku(3_000, 200) for _ in range(2)]], SEED)

    async def block() -> None:
        """Block a member for a moment."""
        member = storm.chance.choice(people)
        await blocking.block(mall.deps, member, "x", "boss")
        await asyncio.sleep(0.05)
        await blocking.unblock(mall.deps, member, "x", "boss")

    acts: dict[Callable[[], Awaitable[None]], int] = {
        storm.join: 6, storm.place: 30, storm.pay: 8, storm.cancel: 3, storm.ship: 14, storm.receive: 14,
        storm.refund: 5, storm.decide: 5, storm.pay_back: 4, storm.close_cycle: 6, storm.sweep: 1, storm.tick: 6,
        storm.roll_up: 6, block: 2, storm.correct: 2, storm.review: 1, storm.work: 14, storm.pass_time: 2,
        storm.ask_for_money: 6, storm.judge: 6, storm.call_off: 2, storm.confirm: 4, storm.hear: 3, storm.spoil: 2,
    }  # fmt: skip
    began, locked = time.monotonic(), await deadlocks()

    async def actor() -> None:
        """Act until time is up; on a slow machine go on, within limits, until there is enough to check."""
        while time.monotonic() < began + STORM_S or (
            time.monotonic() < began + 10 * STORM_S and not await db.fetch_value("SELECT count(*) FROM rebates")
        ):
            await storm.act(acts)

    await asyncio.gather(*(actor() for _ in range(ACTORS)))
    await storm.calm_down()
    assert await deadlocks() == locked
    assert await db.fetch_value("SELECT count(*) FROM rebates"), (SEED, storm.done, storm.refused)
    assert storm.refused.total() < storm.done.total()
    await proofs.check(mall)
