"""Reconciliation in the panel: days, differences, and a day that a worker compares while the operator watches."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from server import db
from server.core.clock import shanghai_day
from server.core.errors import Busy
from server.jobs.reconciliation import reconcile_asked
from server.rules.bills import Bill
from server.rules.operators import Role
from server.services.desk import reconciliation
from server.services.reconciliation import runs as reconciliation_runs
from tests.handlers.admin.conftest import Desk, actions
from tests.support.bills import our_payments, their_payments, to_hour
from tests.support.mall import Mall


@pytest.fixture
async def day(mall: Mall, tmp_path: Path) -> date:
    """Return yesterday, with one payment that only WeChat knows and one that only we know."""
    at = to_hour(mall, 12)
    await our_payments(mall, 1, [1, 2, 3], at)
    their_payments(mall, [1, 2, 4], at)
    await mall.control("knobs", bills_today=False)
    to_hour(mall, 10, 30)
    return shanghai_day(at)


async def ask_of(day: date) -> Any:
    return await db.fetch_row("SELECT * FROM reconciliation_asks WHERE day = $1 ORDER BY id DESC LIMIT 1", day)


async def test_a_day_is_compared_by_a_worker_and_its_differences_lead_to_what_differs(
    mall: Mall, desks: Any, day: date
) -> None:
    desk: Desk = await desks(Role.FINANCE)
    page = (await desk.get(f"/reconciliation/{day}")).text
    assert "开始对账" in page
    assert (await desk.post("/reconciliation", day=str(day))).headers["location"] == f"/admin/reconciliation/{day}"
    page = (await desk.get(f"/reconciliation/{day}")).text
    assert "排队中" in page
    assert 'hx-trigger="load delay:1s"' in page
    assert (await desk.post(f"/reconciliation/{day}/run")).status_code == 409
    await reconcile_asked(mall.deps)
    page = (await desk.get(f"/reconciliation/{day}")).text
    assert "已完成" in page
    assert "有差异" in page
    assert "hx-trigger" not in page
    assert "仅我方有" in page
    assert "仅微信有" in page
    assert "423" in page
    listed = (await desk.get("/differences", day=str(day), kind="theirs_only", bill="trade")).text
    assert ("424" in listed, "423" in listed) == (True, False)
    assert "没有符合条件的差异" in (await desk.get("/differences", day="2020-01-01")).text
    assert (await desk.get("/differences", day="2026-13-01")).status_code == 400
    assert f'<a href="/admin/reconciliation/{day}">{day}</a>' in listed, "a day is no JSON"
    assert str(day) in (await desk.get("/reconciliation", state="differences", since=str(day), until=str(day))).text
    before = str(day - timedelta(days=1))
    nothing = (await desk.get("/reconciliation", since=before, until=before)).text
    assert ("没有符合条件的对账日" in nothing, "还没有对过账" in nothing) == (True, False)
    assert "查看全部</a>" in nothing
    assert (await desk.post(f"/reconciliation/{day}/run")).status_code == 303
    await reconcile_asked(mall.deps)
    page = (await desk.get(f"/reconciliation/{day}")).text
    assert "之前的对账" in page
    assert [one.day for one in await reconciliation_runs.newest()] == [day]
    assert [name for name in await actions() if name.startswith("reconcile")] == ["reconcile.ask", "reconcile"] * 2
    assert (await ask_of(day))["lines_done"] > 0


@pytest.mark.parametrize("typed", ["", "yesterday", "2026-02-30", "2999-01-01"])
async def test_only_a_day_that_is_over_is_compared(mall: Mall, desks: Any, typed: str) -> None:
    desk: Desk = await desks(Role.FINANCE)
    assert (await desk.post("/reconciliation", day=typed)).status_code == 400
    assert await db.fetch_value("SELECT count(*) FROM reconciliation_asks") == 0


async def test_a_bill_that_is_not_there_yet_is_told_and_nothing_is_kept(mall: Mall, desks: Any, tmp_path: Path) -> None:
    day = shanghai_day(to_hour(mall, 12))
    await mall.control("knobs", bills_today=False)
    to_hour(mall, 1)
    desk: Desk = await desks(Role.OWNER)
    await desk.post(f"/reconciliation/{day}/run")
    await reconcile_asked(mall.deps)
    assert (await ask_of(day))["state"] == "failed"
    assert "账单" in (await desk.get(f"/reconciliation/{day}")).text
    assert await db.fetch_value("SELECT count(*) FROM reconciliations") == 0


async def test_of_two_asking_at_once_one_does(mall: Mall, desks: Any, day: date) -> None:
    first: Desk = await desks(Role.FINANCE, "first")
    second: Desk = await desks(Role.OWNER, "second")
    answers = await asyncio.gather(*(desk.post(f"/reconciliation/{day}/run") for desk in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [303, 409]


async def test_who_falls_silent_is_taken_over_and_progress_is_seen(
    mall: Mall, desks: Any, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk: Desk = await desks(Role.FINANCE)
    await desk.post(f"/reconciliation/{day}/run")
    monkeypatch.setattr(reconciliation, "_EVERY_S", 0.01)
    seen = list[int]()

    async def dies(_deps: Any, _day: Any, _operator: str, tell: Any) -> Any:
        tell(Bill.TRADE, 7)
        for _ in range(200):
            seen.append((await ask_of(day))["lines_done"])
            if seen[-1]:
                break
            await asyncio.sleep(0.02)
        raise Busy

    with monkeypatch.context() as once:
        once.setattr(reconciliation_runs, "run", dies)
        with pytest.raises(Busy):
            await reconcile_asked(mall.deps)
    assert seen[-1] == 7
    assert "已比对 7 行" in (await desk.get(f"/reconciliation/{day}")).text
    await reconcile_asked(mall.deps)
    assert (await ask_of(day))["state"] == "running"
    mall.clock.advance(121)
    await reconcile_asked(mall.deps)
    assert (await ask_of(day))["state"] == "done"
