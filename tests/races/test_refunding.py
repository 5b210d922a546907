"""Refunds against receipts, other refunds and repeated notifications: granted once, paid back once."""

import asyncio
import random

import pytest

from server import db
from server.gateways.ports import RefundNotice
from server.rules.payments import Outcome
from server.services.orders import fulfilment, refund_transfers, refunds
from tests.races.arena import Arena, outcomes
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import make_sku, publish

ROUNDS = 6


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    await publish(mall)
    return Arena(mall)


async def test_granted_by_two_while_the_parcel_is_shipped_and_received(arena: Arena) -> None:
    """Only one of two decisions takes effect, and pieces shipped by then do not return to stock."""
    deps, sku, dice = arena.mall.deps, await make_sku(), random.Random(3)
    (member,) = await arena.members(1)
    for _ in range(ROUNDS):
        order_no = await arena.buy(member, sku)
        opened = await refunds.open_for(deps, order_no, None, "售后", "tester")

        async def deliver(order_no: str = order_no) -> None:
            await fulfilment.ship(deps, order_no, "SF", "1", "tester")
            await fulfilment.receive(deps, member, order_no)

        acts = [deliver(), *(refunds.approve(deps, opened.refund_no, who) for who in ("boss", "vice"))]
        dice.shuffle(acts)
        await outcomes(*acts)
    rows = await db.fetch("SELECT state, cash_fen FROM refunds")
    assert [tuple(row) for row in rows] == [("approved", 10_000)] * ROUNDS
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'") == ROUNDS
    await proved(arena.mall)


async def test_a_notice_of_a_refund_against_a_query(arena: Arena) -> None:
    deps, sku = arena.mall.deps, await make_sku()
    (member,) = await arena.members(1)
    asked = await arena.refund(member, await arena.buy(member, sku))
    no = asked["refund_no"]
    words = [RefundNotice("", no, "5001", "", "", status, 10_000, None) for status in ("SUCCESS", "PROCESSING")]
    await asyncio.gather(*(refund_transfers.apply(deps, said) for said in words * 3))
    assert await db.fetch_value("SELECT state FROM refunds") == "succeeded"
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund_sent'") == 1
    await proved(arena.mall)


async def test_opened_while_the_payment_that_names_the_referrer_settles(arena: Arena) -> None:
    """The refund found an order of nobody's friend and locked too few members: it is refused and can be asked again."""
    (referrer,) = await arena.members(1)
    (friend,) = await arena.members(1, referrer)
    order_no = await arena.place(friend, await make_sku())
    said = await arena.notice(order_no)
    async with asyncio.TaskGroup() as group, held(MEMBER, friend):
        paying = group.create_task(arena.settle(said))
        await waiting(1)
        opening = group.create_task(outcomes(refunds.open_for(arena.mall.deps, order_no, None, "售后", "tester")))
        await waiting(2)
    assert paying.result() is Outcome.SETTLE
    assert opening.result() == ["state_conflict"]
    assert (await refunds.open_for(arena.mall.deps, order_no, None, "售后", "tester")).state == "requested"
    await proved(arena.mall)
