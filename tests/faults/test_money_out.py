"""Workers killed, and answers lost, between the steps of withdrawals and refunds: all money moves exactly once."""

import asyncio
import random
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from server import db
from server.services.orders import refunds
from server.services.withdrawals import requests as withdrawal_requests
from tests.faults.chaos import entered, in_time, processes, quiet, shoot, shoot_in_the_middle, shots
from tests.faults.test_dev import Dev
from tests.support.bills import sandbox_file
from tests.support.group_buys import join_team, make_group_buy, open_team
from tests.support.mall import Mall
from tests.support.purse import ask, rich
from tests.support.shop import DAY_S, Shopper, join, make_sku, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]

ALL_LOST = ("fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit")
_LIVE = "SELECT withdrawal_no, state FROM withdrawals WHERE finished_at IS NULL"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from processes(tmp_path_factory.mktemp("money"))


async def approved(mall: Mall, member: Shopper) -> str:
    """Make a withdrawal that the worker may now send."""
    no = await ask(member)
    await withdrawal_requests.approve(mall.deps, no, "tester")
    return no


async def ends(mall: Mall) -> None:
    """Members confirm every transfer that WeChat offers, until no transfer is open."""
    for _ in range(300):
        live = await db.fetch(_LIVE)
        if not live:
            return
        for row in live:
            if row["state"] == "confirming":
                answer = await mall.http.post(
                    f"{mall.sandbox_url}/control/transfer_confirm", json={"out_bill_no": row["withdrawal_no"]}
                )
                assert answer.status_code in (200, 409)
        mall.clock.advance(30)
        await asyncio.sleep(0.3)
    raise AssertionError(await db.fetch(_LIVE))


async def paid_once(dev: Dev, mall: Mall, numbers: list[str]) -> None:
    """WeChat has one paid bill under our number for each withdrawal; so has the ledger, and the books are clean."""
    await mall.control("knobs", reset=True)
    await ends(mall)
    await quiet(mall)
    rows = await db.fetch(
        "SELECT w.state, w.wechat_bill_no, (SELECT count(*) FROM ledger_entries WHERE key = 'withdrawal-paid:' ||"
        " w.withdrawal_no) AS paid FROM withdrawals w WHERE w.withdrawal_no = ANY ($1)",
        numbers,
    )
    assert [(row["state"], row["paid"]) for row in rows] == [("paid", 1)] * len(numbers)
    for no in numbers:
        said = await mall.deps.pay.query_transfer(no)
        assert said is not None
        assert (said.state, said.amount_fen) == ("SUCCESS", 5_000)
    with sandbox_file(dev.data) as file:
        [count] = file.execute("SELECT count(*) FROM docs WHERE kind = 'transfer'").fetchone()
    assert count == await db.fetch_value("SELECT count(*) FROM withdrawals WHERE wechat_bill_no IS NOT NULL")


async def _sent(no: str) -> Any:
    return await db.fetch_value("SELECT state = 'sent' FROM withdrawals WHERE withdrawal_no = $1", no)


async def test_killed_after_wechat_acted_and_before_it_answered(dev: Dev) -> None:
    async with entered(dev) as mall:
        members = [await rich(mall) for _ in range(2)]
        numbers = []
        for member in members:
            await mall.control("knobs", timeout_after_commit={"count": 1, "op": "transfer"}, timeout_hold_s=20)
            no = await approved(mall, member)
            await until(partial(_sent, no))
            await asyncio.sleep(0.2)
            for _ in dev.role("roles.worker"):
                shoot(dev, "roles.worker")
            numbers.append(no)
        await paid_once(dev, mall, numbers)


async def test_workers_killed_again_and_again(dev: Dev) -> None:
    """At every step of withdrawals and refunds; answers are lost as well."""
    async with entered(dev) as mall:
        sku = await make_sku()
        members = [await rich(mall) for _ in range(6)]
        orders = [(member, await member.buy(sku)) for member in members]
        await quiet(mall)
        harm = asyncio.ensure_future(shots(dev, "roles.worker", 4))
        numbers = []
        for member, order_no in orders:
            knob = random.choice(ALL_LOST)
            operation = random.choice(["transfer", "transfer_query", "refund", "refund_query"])
            await mall.control("knobs", timeout_hold_s=0.05, **{knob: {"count": 1, "op": operation}})
            numbers.append(await approved(mall, member))
            opened = await refunds.open_for(mall.deps, order_no, None, "售后", "tester")
            await refunds.approve(mall.deps, opened.refund_no, "tester")
            await asyncio.sleep(random.uniform(0, 0.5))
        await harm
        await paid_once(dev, mall, numbers)
        rows = await db.fetch(
            "SELECT r.state, (SELECT count(*) FROM ledger_entries WHERE key = 'refund-sent:' || r.refund_no) AS sent"
            " FROM refunds r JOIN orders o ON o.id = r.order_id WHERE o.order_no = ANY ($1)",
            [order_no for _, order_no in orders],
        )
        assert [tuple(row) for row in rows] == [("succeeded", 1)] * len(orders)


@pytest.mark.parametrize("fault", ALL_LOST)
async def test_wechat_acts_and_its_answer_is_lost(dev: Dev, fault: str) -> None:
    """The transfer, its query and its cancellation."""
    async with entered(dev) as mall:
        anna, bert = await rich(mall), await rich(mall)
        numbers = []
        for operation in ("transfer", "transfer_query"):
            await mall.control("knobs", reset=True, timeout_hold_s=0.05, **{fault: {"count": 2, "op": operation}})
            numbers.append(await approved(mall, anna))
            await paid_once(dev, mall, numbers)
        no = await approved(mall, bert)
        await until(lambda: db.fetch_value("SELECT 1 FROM withdrawals WHERE state = 'confirming'"))
        await mall.control("knobs", reset=True, timeout_hold_s=0.05, **{fault: {"count": 2, "op": "transfer_cancel"}})
        await bert.post(f"/withdrawals/{no}/cancel")
        for _ in range(100):
            mall.clock.advance(30)
            await asyncio.sleep(0.2)
            if not await db.fetch(_LIVE):
                break
        assert await db.fetch_value("SELECT state FROM withdrawals WHERE withdrawal_no = $1", no) == "cancelled"
        assert (await bert.wallet())["withdrawable_fen"] == 10_000
        await quiet(mall)


async def test_killed_between_the_request_and_the_decision(dev: Dev) -> None:
    """The money stays in flight meanwhile and comes back."""
    async with entered(dev) as mall:
        carl = await rich(mall)
        no = await ask(carl)
        shoot(dev, "roles.api")
        shoot(dev, "roles.worker")
        assert (await carl.wallet())["in_flight_fen"] == 5_000
        await withdrawal_requests.reject(mall.deps, no, "tester", "资料不符")
        wallet = await carl.wallet()
        assert (wallet["withdrawable_fen"], wallet["in_flight_fen"]) == (10_000, 0)
        await quiet(mall)


async def test_killed_among_the_refunds_of_a_failed_team(dev: Dev) -> None:
    """Once in the middle of the decision, once after WeChat has refunded the first order and before it reports that."""
    async with entered(dev) as mall:
        sku = await make_sku(stock=5)
        activity = await make_group_buy(mall, sku)
        leader, friend = await join(mall), await join(mall)
        opened, team_no = await open_team(leader, activity, sku)
        orders = [opened, await join_team(friend, activity, team_no, sku)]
        await quiet(mall)
        await mall.control("knobs", timeout_after_commit={"count": 1, "op": "refund"}, timeout_hold_s=20)
        stock = "SELECT FROM skus WHERE id = $1 FOR UPDATE"
        killing = asyncio.ensure_future(shoot_in_the_middle(dev, "roles.worker", stock, sku))
        mall.clock.advance(DAY_S)
        await killing
        assert (
            await db.fetch("SELECT FROM refunds r JOIN orders o ON o.id = r.order_id WHERE o.member_id = $1", leader.id)
            == []
        )

        async def first_sent() -> bool:
            mall.clock.advance(30)
            return any(await sent_back(mall, orders))

        await in_time(first_sent)
        for _ in dev.role("roles.worker"):
            shoot(dev, "roles.worker")
        await mall.control("knobs", reset=True)
        await quiet(mall)
        rows = await db.fetch(
            "SELECT o.status, r.state, t.state AS team, (SELECT count(*) FROM ledger_entries WHERE key = 'refund-sent:'"
            " || r.refund_no) AS sent FROM orders o JOIN refunds r ON r.order_id = o.id"
            " JOIN teams t ON t.id = o.team_id WHERE o.order_no = ANY ($1)",
            orders,
        )
        assert [tuple(row) for row in rows] == [("refunded", "succeeded", "failed", 1)] * 2
        assert await sent_back(mall, orders) == [1, 1]
        assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == 5
        assert await db.fetch_value("SELECT taken FROM group_buys WHERE id = $1", activity) == 0


async def sent_back(mall: Mall, orders: list[str]) -> list[int]:
    """Return how many refunds WeChat made of each order."""
    found = []
    for order_no in orders:
        answer = await mall.http.get(f"{mall.sandbox_url}/control/state", params={"out_trade_no": order_no})
        found.append(len(answer.json()["refunds"]))
    return found
