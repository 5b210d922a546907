"""One row that always fails holds up nobody else: the others are handled, and operators are told about the one."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server import db
from server.core.errors import Busy, NotFound
from server.db import Connection
from server.jobs import group_buys as team_jobs
from server.jobs import orders as order_jobs
from server.jobs import points as point_jobs
from server.services.common import batches
from server.services.common.batches import Due
from server.services.orders import fulfilment
from tests.support.group_buys import make_group_buy, open_team
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import give_points
from tests.support.shop import join, make_sku, pass_days


@contextlib.asynccontextmanager
async def failing(owner: Connection, table: str, where: str) -> AsyncIterator[None]:
    """Let every change of the rows of a table that fit fail, as a defect in the data or in the code would."""
    await owner.execute(
        "CREATE FUNCTION break_row() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'a defective row'; END $$"
    )
    await owner.execute(
        f"CREATE TRIGGER break_row BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({where}) EXECUTE FUNCTION break_row()"
    )
    try:
        yield
    finally:
        await owner.execute(f"DROP TRIGGER break_row ON {table}; DROP FUNCTION break_row")


async def alarms_raised() -> list[str]:
    rows = await db.fetch("SELECT subject, detail FROM alarms WHERE kind = 'row_failing' ORDER BY id")
    assert all("a defective row" in row["detail"] for row in rows)
    return [row["subject"] for row in rows]


async def test_an_order_that_cannot_be_received_holds_up_no_other(mall: Mall, owner: Connection) -> None:
    me = await join(mall)
    sku = await make_sku()
    bad, good = [await me.buy(sku) for _ in range(2)]
    for order_no in (bad, good):
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
        mall.clock.advance(1)
    mall.clock.advance(11 * 86_400)
    async with failing(owner, "orders", f"NEW.order_no = '{bad}' AND NEW.status = 'received'"):
        for _ in range(2):
            await order_jobs.receive_overdue(mall.deps)
    assert [(await me.order(no))["status"] for no in (bad, good)] == ["shipped", "received"]
    assert await alarms_raised() == [f"order:{bad}"]
    await order_jobs.receive_overdue(mall.deps)
    assert (await me.order(bad))["status"] == "received"
    await proved(mall)


async def test_an_order_that_cannot_be_closed_holds_up_no_other(mall: Mall, owner: Connection) -> None:
    me = await join(mall)
    sku = await make_sku()
    bad, good = [(await me.place(sku))["order_no"] for _ in range(2)]
    mall.clock.advance(20 * 60)
    async with failing(owner, "orders", f"NEW.order_no = '{bad}' AND NEW.status = 'closed'"):
        await order_jobs.close_expired(mall.deps)
    assert [(await me.order(no))["status"] for no in (bad, good)] == ["pending", "closed"]
    assert await alarms_raised() == [f"order:{bad}"]
    mall.clock.advance(10)
    await order_jobs.close_expired(mall.deps)
    assert (await me.order(bad))["status"] == "closed"
    await proved(mall)


async def test_a_member_whose_points_cannot_expire_holds_up_no_other(mall: Mall, owner: Connection) -> None:
    bad, good = [await join(mall) for _ in range(2)]
    for one in (bad, good):
        await give_points(mall, one.id, 30)
    end = await db.fetch_value("SELECT max(ends_at) FROM point_credits")
    mall.clock.advance((end - mall.clock.now()).total_seconds() - 6 * 86_400)
    async with failing(owner, "point_credits", f"NEW.member_id = {bad.id} AND NEW.told AND NOT OLD.told"):
        await point_jobs.expire_due(mall.deps)
    told = await db.fetch("SELECT member_id FROM point_credits WHERE told")
    assert [row["member_id"] for row in told] == [good.id]
    async with failing(owner, "point_credits", f"NEW.member_id = {bad.id} AND NEW.settled AND NOT OLD.settled"):
        mall.clock.advance(7 * 86_400)
        await point_jobs.expire_due(mall.deps)
    rows = await db.fetch("SELECT member_id FROM point_credits WHERE settled")
    assert [row["member_id"] for row in rows] == [good.id]
    assert await alarms_raised() == [f"member:{bad.id}"]
    await point_jobs.expire_due(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM point_credits WHERE settled") == 2
    await proved(mall)


async def test_a_team_that_cannot_be_closed_holds_up_no_other(mall: Mall, owner: Connection) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    (_, bad), (_, good) = [await open_team(await join(mall), activity, sku) for _ in range(2)]
    mall.clock.advance(90_000)
    async with failing(owner, "teams", f"NEW.team_no = '{bad}' AND NEW.state <> OLD.state"):
        await team_jobs.close_teams(mall.deps)
    states = {row["team_no"]: row["state"] for row in await db.fetch("SELECT team_no, state FROM teams")}
    assert states == {bad: "open", good: "failed"}
    assert await alarms_raised() == [f"team:{bad}"]
    await pass_days(mall, 0.01)
    assert await db.fetch_value("SELECT array_agg(DISTINCT state) FROM teams") == ["failed"]
    await proved(mall)


async def test_passing_trouble_is_told_to_nobody_and_ends_a_run_only_when_it_stays(mall: Mall) -> None:
    tried: list[int] = []

    async def work(one: Due) -> None:
        tried.append(one.id)
        if one.id in locked:
            raise Busy
        if one.id in absent:
            raise NotFound(what="member")

    rows = [Due(n, n) for n in range(1, 9)]
    locked, absent = {1, 3, 8}, {2}
    with pytest.raises(Busy):
        await batches.each(mall.deps, "row", rows, work)
    assert tried == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await db.fetch_value("SELECT array_agg(subject) FROM alarms") == ["row:2"]
    tried.clear()
    locked, absent = {2, 3, 4}, set()
    with pytest.raises(Busy):
        await batches.each(mall.deps, "row", rows, work)
    assert tried == [1, 2, 3, 4]
    locked = set()
    assert await batches.each(mall.deps, "row", rows, work) == 8
    assert mall.clock.now() - timedelta(1) < await db.fetch_value("SELECT at FROM alarms")
