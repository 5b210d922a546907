"""Lists as files: requested, made by the worker, downloaded only by their operator, deleted after a day."""

import io
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from server import db
from server.core.errors import Busy
from server.jobs.exports import make_exports
from server.rules.operators import Role
from server.services.common import listings
from server.services.desk import exports
from server.services.desk.lists import LISTINGS
from tests.handlers.admin.conftest import Desk, actions
from tests.handlers.admin.staged import XSS, stage
from tests.support.mall import Mall
from tests.support.shop import work


async def newest() -> int:
    found: int = await db.fetch_value("SELECT max(id) FROM exports")
    return found


async def state(export_id: int) -> str:
    return str(await db.fetch_value("SELECT state FROM exports WHERE id = $1", export_id))


async def test_every_list_becomes_a_file_as_it_is_filtered(mall: Mall, desks: Any) -> None:
    _, order_no, refund_no, _ = await stage(mall)
    desk: Desk = await desks()
    for listing in LISTINGS:
        assert (await desk.post(f"/exports/{listing.name}", state="")).status_code in (303, 400), listing.name
        assert (await desk.post(f"/exports/{listing.name}")).status_code == 303, listing.name
        await make_exports(mall.deps)
        made = await desk.get(f"/exports/{await newest()}/file")
        assert made.status_code == 200, listing.name
        book = load_workbook(io.BytesIO(made.content))
        header = [cell.value for cell in next(iter(book.worksheets[0].iter_rows(max_row=1)))]
        assert len(header) == len(listing.columns)
    await desk.post("/exports/orders", status="paid", q=order_no)
    assert "排队中" in (await desk.get("/exports")).text
    await work(mall)
    page = (await desk.get("/exports")).text
    assert "已完成" in page
    assert f"q：{order_no}" in page
    made = await desk.get(f"/exports/{await newest()}/file")
    assert "attachment" in made.headers["content-disposition"]
    rows = list(load_workbook(io.BytesIO(made.content)).worksheets[0].iter_rows(min_row=2, values_only=True))
    assert len(rows) == 1
    assert rows[0][0] == order_no
    assert rows[0][3] == 200
    assert XSS in str(rows[0][2])
    assert {"export.make", "export.download"} <= set(await actions())
    assert refund_no


async def test_a_file_is_for_who_asked_and_who_may(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    assert (await desk.post("/exports/audit")).status_code == 403
    assert (await desk.post("/exports/none")).status_code == 404
    for form in ({"status": "odd"}, {"nonsense": "1"}, {"since": "x"}):
        assert (await desk.post("/exports/orders", **form)).status_code == 400
    assert (await desk.post("/exports/orders")).status_code == 303
    mine = await newest()
    assert (await desk.get(f"/exports/{mine}/file")).status_code == 404
    await make_exports(mall.deps)
    other: Desk = await desks(Role.OWNER)
    assert (await other.get(f"/exports/{mine}/file")).status_code == 404
    assert (await desk.get(f"/exports/{mine}/file")).status_code == 200
    service: Desk = await desks(Role.SERVICE)
    assert (await service.get("/exports")).status_code == 403
    mall.clock.advance(exports.KEPT.total_seconds() + 1)
    assert (await desk.log_in()).status_code == 303
    await make_exports(mall.deps)
    assert (await desk.get(f"/exports/{mine}/file")).status_code == 404
    assert "还没有导出过文件" in (await desk.get("/exports")).text


async def test_nobody_queues_up_more_than_a_few(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    asked = [(await desk.post("/exports/orders")).status_code for _ in range(6)]
    assert asked == [303] * 5 + [429]


async def test_pages_add_up_to_the_newest_rows(mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk: Desk = await desks()
    for _ in range(4):
        await desk.log_in()
    monkeypatch.setattr(exports, "_PAGE_ROWS", 2)
    monkeypatch.setattr(exports, "ROWS_MOST", 5)
    await desk.post("/exports/audit")
    assert await exports.make_next(mall.deps)
    assert not await exports.make_next(mall.deps)
    made = await exports.of(desk.name)
    assert (made[0].rows_total, made[0].state, made[0].open) == (5, "done", False)
    body = (await desk.get(f"/exports/{made[0].id}/file")).content
    ids = [row[0] for row in load_workbook(io.BytesIO(body)).worksheets[0].iter_rows(min_row=2, values_only=True)]
    assert ids == [*range(int(str(ids[0])), int(str(ids[0])) - 5, -1)]


async def test_who_fell_silent_is_replaced_and_a_list_that_is_gone_is_told(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    await desk.post("/exports/orders")
    mine = await newest()
    async with db.transaction() as tx:
        await tx.execute("UPDATE exports SET state = 'running', rows_done = 1, alive_at = $1", mall.clock.now())
    assert not await exports.make_next(mall.deps)
    assert "生成中" in (await desk.get("/exports")).text
    mall.clock.advance(timedelta(minutes=3).total_seconds())
    assert await exports.make_next(mall.deps)
    assert await state(mine) == "done"
    await desk.post("/exports/orders")
    async with db.transaction() as tx:
        await tx.execute("UPDATE exports SET listing = 'gone' WHERE state = 'waiting'")
    assert await exports.make_next(mall.deps)
    assert await state(await newest()) == "failed"
    assert "没有成功" in (await desk.get("/exports")).text


async def test_a_database_that_cannot_serve_only_delays(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> Any:
        raise Busy

    desk: Desk = await desks()
    await desk.post("/exports/orders")
    mine = await newest()
    with monkeypatch.context() as patched:
        patched.setattr(listings, "page", busy)
        with pytest.raises(Busy):
            await exports.make_next(mall.deps)
    assert await state(mine) == "running"
    mall.clock.advance(timedelta(minutes=3).total_seconds())
    assert await exports.make_next(mall.deps)
    assert await state(mine) == "done"
