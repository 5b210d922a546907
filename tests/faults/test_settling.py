"""API processes killed while they settle: WeChat and customers repeat their requests, and nothing happens twice."""

import asyncio
import sys
from collections.abc import Iterator

import pytest

from server import db
from tests.faults.chaos import (
    buy_under_fire,
    circles,
    ends_well,
    entered,
    processes,
    quiet,
    shoot_in_the_middle,
    shots,
)
from tests.faults.test_dev import Dev
from tests.support.group_buys import make_group_buy, open_team, promotion
from tests.support.shop import join, make_sku, publish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from processes(tmp_path_factory.mktemp("settling"))


async def test_api_processes_killed_among_notices(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        await mall.control("knobs", duplicate=2)
        orders = await buy_under_fire(mall, people, shots(dev, "roles.api", 5))
        await ends_well(mall, people, orders)


async def test_killed_between_the_last_payment_and_the_success_of_its_team(dev: Dev) -> None:
    """The last seat is paid and counted, and the leader's order is next; then all processes are killed."""
    async with entered(dev) as mall:
        await publish(mall)
        sku = await make_sku()
        activity = await make_group_buy(mall, sku, size=2)
        leader = await join(mall)
        last = await join(mall, leader)
        opened, team_no = await open_team(leader, activity, sku)
        closing = (await last.place(sku, **promotion(activity, team_no)))["order_no"]
        await last.post(f"/orders/{closing}/pay")
        leaders = "SELECT FROM orders WHERE order_no = $1 FOR UPDATE"
        killing = asyncio.ensure_future(shoot_in_the_middle(dev, "roles.api", leaders, opened))
        await mall.control("pay", out_trade_no=closing)
        await killing
        team = "SELECT state, paid FROM teams WHERE team_no = $1"
        row = await db.fetch_row(team, team_no)
        assert row is not None
        assert tuple(row) == ("full", 1), "half a success was kept"
        await quiet(mall)
        row = await db.fetch_row(team, team_no)
        assert row is not None
        assert tuple(row) == ("succeeded", 2)
        orders = await db.fetch(
            "SELECT status, (SELECT count(*) FROM payments WHERE order_id = o.id) AS payments,"
            " (SELECT count(*) FROM qualifications WHERE order_id = o.id AND state = 'counted') AS counted"
            " FROM orders o WHERE order_no = ANY ($1) ORDER BY id",
            [opened, closing],
        )
        assert [tuple(row) for row in orders] == [("paid", 1, 0), ("paid", 1, 1)]
