"""Reconciliation of refunds that WeChat closed: each number is in a bill, and what was paid by hand is in none."""

from server import db
from server.core.clock import shanghai_day
from server.services.orders import refund_reissues
from server.services.reconciliation import runs as reconciliation_runs
from tests.support.bills import to_hour
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, work


async def test_a_closed_refund_that_was_made_under_a_second_number_or_by_hand(mall: Mall) -> None:
    noon = shanghai_day(to_hour(mall, 12))
    buyer, sku = await join(mall), await make_sku(10_000)
    await mall.control("knobs", refund_outcome="CLOSED")
    numbers = [(await buyer.refund(await buyer.buy(sku)))["refund_no"] for _ in range(2)]
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    await mall.control("knobs", reset=True)
    mall.clock.advance(61)
    await refund_reissues.again(mall.deps, numbers[0], "anna", "已充值")
    await refund_reissues.by_hand(mall.deps, numbers[1], "BANK20261201", "anna", "已转账")
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert await db.fetch_value("SELECT array_agg(DISTINCT state) FROM refunds") == ["succeeded"]
    run = await reconciliation_runs.run(mall.deps, noon, "tester")
    differences = await reconciliation_runs.differences(run.id)
    assert [(one.bill, one.kind, one.subject) for one in differences] == []
    assert run.sums is not None
    assert (run.sums.refund.ours_lines, run.sums.refund.theirs_lines) == (3, 3)
