"""Short walks beside the plain model that chance rarely takes: refunds by parts at every moment of what they reach.

The first order of each member has the number of pieces that `bought` says; 1 to 4 are friends of 0.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from server.ledger.audit import audit
from tests.races.arena import Arena
from tests.races.both import Both
from tests.races.model_parts import Order, Policy, Terms
from tests.support.mall import Mall
from tests.support.proof import offenders
from tests.support.shop import DAY_S

Step = Callable[[Both], Awaitable[None]]
TENTH = Policy()


@dataclass(frozen=True)
class Walk:
    """A rule, what was bought, and what happens then."""

    terms: Terms
    bought: list[int]
    steps: list[Step]
    policy: Policy = TENTH


def _order(both: Both, who: int, nth: int) -> Order:
    return [one for one in both.model.orders if one.member == who][nth]


def refund(who: int, pieces: int, nth: int = 0) -> Step:
    """Refund some pieces of a member's order."""

    async def step(both: Both) -> None:
        order = _order(both, who, nth)
        await both.approve(await both.ask(order, pieces))

    return step


def ask(who: int, pieces: int) -> Step:
    """Ask for a refund as the member, or as an operator when the member may not any more."""

    async def step(both: Both) -> None:
        await both.ask(_order(both, who, 0), pieces, by_member=True)

    return step


def buy(who: int, quantity: int, *, spend: bool = False, coupon: bool = False, unpaid: bool = False) -> Step:
    """Buy so many pieces, with all balance, or with the newest coupon that a rebate paid."""

    async def step(both: Both) -> None:
        mine = [one for one in both.model.coupons if one.member == who and one.state == "unused"]
        order = await both.place(who, quantity, mine[-1] if coupon else None, spend=spend)
        if not unpaid:
            await both.pay(order)

    return step


def receive(who: int, nth: int = 0) -> Step:
    async def step(both: Both) -> None:
        await both.receive(_order(both, who, nth))

    return step


async def work(both: Both) -> None:
    """Do the jobs, and those that follow from them."""
    for _ in range(3):
        await both.all_jobs()


async def decide_overdue(both: Both) -> None:
    await both.decide_overdue()


def days(number: float) -> Step:
    """Let days pass, then release what is due."""

    async def step(both: Both) -> None:
        both.pass_time(number * DAY_S)
        await both.release()

    return step


async def receive_all(both: Both) -> None:
    await both.receive_all()


SETTLED: list[Step] = [work, receive_all, work, days(8)]
HALF = Terms(payout_cap_bp=5_000)
COUPON = Terms(payout_cap_bp=5_000, pay_as="coupon")
STAGED = Terms(payout_cap_bp=5_000, stages_bp=(3_000, 3_000, 4_000))
KNOWN = {
    "friends return parts while the rebate is frozen": Walk(
        HALF, [3, 2, 3], [work, refund(1, 1), receive(1), refund(2, 1), refund(2, 1), *SETTLED]
    ),
    "friends return parts when the rebate is settled, and when it is spent": Walk(
        HALF,
        [3, 2, 3],
        [*SETTLED, refund(1, 1), buy(0, 3, spend=True), refund(2, 2), refund(2, 1), work, refund(0, 3, nth=1)],
    ),
    "friends return parts, and the coupon is unused": Walk(
        COUPON, [3, 2, 3], [*SETTLED, refund(1, 1), refund(2, 2), refund(1, 1), work]
    ),
    "friends return parts, and the coupon is used": Walk(
        COUPON,
        [3, 2, 3],
        [*SETTLED, buy(0, 2, coupon=True), refund(1, 1), refund(2, 2), refund(0, 1, nth=1), refund(2, 1), work],
    ),
    "friends return parts, and the order that used the coupon goes back whole": Walk(
        COUPON, [3, 2, 3], [*SETTLED, buy(0, 2, coupon=True), refund(2, 1), refund(0, 2, nth=1), refund(2, 1)]
    ),
    "a friend returns a part, and an unpaid order holds the coupon": Walk(
        COUPON, [3, 2, 3], [*SETTLED, buy(0, 2, coupon=True, unpaid=True), refund(1, 1), work, refund(2, 1)]
    ),
    "a friend returns a part before the cycle closes": Walk(HALF, [3, 2, 3], [refund(1, 1), *SETTLED, refund(2, 1)]),
    "a friend returns a part, and too little is left": Walk(
        Terms(payout_cap_bp=5_000, min_paid_fen=12_000), [3, 2, 3, 2], [*SETTLED, refund(1, 1), work, refund(2, 1)]
    ),
    "the returned order goes back in parts while the rebate is frozen": Walk(
        Terms(), [3, 3, 3], [work, refund(0, 1), receive(0), refund(0, 1), work, refund(0, 1), work]
    ),
    "the returned order goes back in parts when the rebate is settled": Walk(
        Terms(withdrawable=True), [3, 3, 3], [*SETTLED, refund(0, 1), refund(0, 2), work]
    ),
    "the returned order goes back in parts when the rebate is spent": Walk(
        Terms(ratio_bp=9_999), [3, 3, 3], [*SETTLED, buy(0, 3, spend=True), refund(0, 1), refund(0, 1), refund(0, 1)]
    ),
    "the returned order goes back in parts, and the coupon is unused": Walk(
        Terms(pay_as="coupon"), [3, 3, 3], [*SETTLED, refund(0, 1), buy(0, 3, coupon=True), refund(0, 1)]
    ),
    "the returned order goes back in parts, and the coupon is used": Walk(
        Terms(pay_as="coupon"), [3, 3, 3], [*SETTLED, buy(0, 3, coupon=True), refund(0, 1), refund(0, 2), work]
    ),
    "a capped rebate falls only when its order is worth less than the cap": Walk(
        Terms(cap_fen=15_000), [3, 3, 3], [work, refund(0, 1), refund(0, 1), *SETTLED]
    ),
    "the returned order and those of friends shrink in turn": Walk(
        Terms(payout_cap_bp=8_000, ratio_bp=6_667),
        [3, 2, 2],
        [work, refund(1, 1), refund(0, 1), refund(2, 1), *SETTLED, refund(0, 1)],
    ),
    "stages shrink, the last is lost, and another friend joins": Walk(
        STAGED,
        [3, 2, 3, 2],
        [*SETTLED, refund(2, 1), refund(0, 1), refund(2, 2), buy(4, 3), work, refund(1, 1), *SETTLED, refund(4, 2)],
    ),
    "stages shrink before the last friend comes, and wait for those who are left": Walk(
        Terms(stages_bp=(3_000, 3_000, 4_000)),
        [3, 2, 2],
        [work, receive(0), receive(2), work, refund(0, 1), refund(1, 2), days(8)],
    ),
    "stages come as coupons, one of them used": Walk(
        Terms(stages_bp=(3_000, 3_000, 4_000), pay_as="coupon"),
        [3, 1, 2, 3],
        [*SETTLED, buy(0, 2, coupon=True), refund(0, 1), refund(3, 3), refund(0, 1), refund(2, 1), refund(1, 1), work],
    ),
    "commission and points shrink frozen, settled and spent": Walk(
        HALF,
        [0, 3, 3],
        [
            *(refund(1, 1), receive_all, refund(1, 1), days(8), refund(2, 1)),
            *(buy(0, 1, spend=True), refund(2, 1), refund(2, 1), refund(1, 1)),
        ],
        Policy(4_000, cap_bp=1_500),
    ),
    "freight comes back with the last piece, if nothing was shipped": Walk(
        Terms(withdrawable=True),
        [3, 2, 2],
        [
            *(*SETTLED, buy(0, 1, spend=True), buy(0, 2, spend=True), buy(1, 2)),
            *(refund(0, 1, nth=1), refund(0, 1, nth=2), refund(0, 1, nth=2)),
            *(refund(1, 1, nth=1), receive(1, nth=1), refund(1, 1, nth=1)),
        ],
    ),
    "an open refund holds what its order brings until it is decided": Walk(
        HALF, [3, 2, 2], [work, receive_all, work, ask(2, 1), days(7), decide_overdue, days(0), refund(1, 1)]
    ),
    "a refund that is asked for after its time holds nothing": Walk(
        HALF, [3, 2, 2], [work, receive(0), receive(1), days(8), ask(1, 1), receive(2), work, days(8), decide_overdue]
    ),
}


@pytest.mark.parametrize("name", KNOWN)
async def test_a_known_walk(mall: Mall, name: str) -> None:
    walk, both = KNOWN[name], Both(Arena(mall))
    await both.open(walk.terms, walk.policy, walk.bought)
    for step in walk.steps:
        await step(both)
        await both.check()
    assert offenders(await audit(mall.clock.now())) == {}
