"""PostgreSQL killed under load, and a WeChat that acts but answers wrongly or not at all."""

import sys
from collections.abc import Iterator

import pytest

from server import db
from tests.faults.chaos import buy_under_fire, circles, ends_well, entered, processes, quiet, shots
from tests.faults.test_dev import Dev
from tests.support.shop import join, make_sku

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    yield from processes(tmp_path_factory.mktemp("engines"))


async def test_postgresql_killed_under_load(dev: Dev) -> None:
    async with entered(dev) as mall:
        people = await circles(mall)
        orders = await buy_under_fire(mall, people, shots(dev, "/postgres ", 2))
        await ends_well(mall, people, orders)


@pytest.mark.parametrize("fault", ["fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit"])
async def test_wechat_acts_and_its_answer_is_lost(dev: Dev, fault: str) -> None:
    """WeChat does a prepay, a close and a refund without our knowing; each order is paid or refunded exactly once."""
    async with entered(dev) as mall:
        sku = await make_sku()
        member = await join(mall)

        async def spoil(operation: str) -> None:
            knob = {fault: {"count": 2, "op": operation}}
            await mall.control("knobs", reset=True, timeout_hold_s=0.05, **knob)

        await spoil("prepay")
        paid = await member.buy(sku)
        await quiet(mall)
        assert (await member.order(paid))["status"] == "paid"

        await spoil("refund")
        await member.refund(paid)
        await quiet(mall)
        refund = await db.fetch_row("SELECT state, cash_fen FROM refunds ORDER BY id DESC LIMIT 1")
        assert refund is not None
        assert tuple(refund) == ("succeeded", 10_000)

        placed = (await member.place(sku))["order_no"]
        await member.post(f"/orders/{placed}/pay")
        await spoil("close")
        await member.post(f"/orders/{placed}/cancel")
        assert (await member.order(placed))["status"] == "closed"
        assert await db.fetch_value("SELECT reserved FROM skus WHERE id = $1", sku) == 0
        await quiet(mall)
        await mall.control("knobs", reset=True)
