"""Reconciliation runs every morning at half past ten, and catches up on missed days one by one."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from server import db
from server.core.clock import shanghai_day
from server.core.errors import BillNotReady
from server.jobs.reconciliation import reconcile_missed
from server.services.reconciliation import runs as reconciliation_runs
from tests.support.bills import our_payments, their_payments, to_hour
from tests.support.mall import Mall


@pytest.fixture
async def first(mall: Mall, tmp_path: Path) -> date:
    """Return the day of the first payment."""
    at = to_hour(mall, 12)
    await our_payments(mall, 1, [1], at)
    their_payments(mall, [1], at)
    await mall.control("knobs", bills_today=False)
    return shanghai_day(at)


async def days(mall: Mall) -> list[tuple[date, str, str]]:
    await reconcile_missed(mall.deps)
    return [(run.day, run.state, run.operator) for run in await reconciliation_runs.newest()]


async def test_yesterday_is_due_at_half_past_ten(mall: Mall, first: date) -> None:
    assert await days(mall) == []
    to_hour(mall, 10, 29)
    assert await days(mall) == []
    to_hour(mall, 10, 30)
    assert await days(mall) == [(first, "clean", "system")]
    await days(mall)
    assert await db.fetch_value("SELECT count(*) FROM reconciliations") == 1


async def test_missed_days_catch_up_one_after_the_other(mall: Mall, first: date) -> None:
    for _ in range(3):
        to_hour(mall, 11)
    caught_up = [(first + timedelta(days=n), "clean", "system") for n in (2, 1, 0)]
    assert await days(mall) == caught_up[2:]
    assert await days(mall) == caught_up[1:]
    assert await days(mall) == caught_up


async def test_a_bill_that_is_not_ready_is_asked_for_again_later(mall: Mall, first: date) -> None:
    to_hour(mall, 11)
    await mall.control("knobs", statement_creating=1)
    with pytest.raises(BillNotReady):
        await reconcile_missed(mall.deps)
    assert await days(mall) == []
    assert 1700 < await mall.deps.redis.ttl(f"reconcile:{first}") <= 1800
    await mall.deps.redis.delete(f"reconcile:{first}")  # half an hour later
    assert await days(mall) == [(first, "clean", "system")]
