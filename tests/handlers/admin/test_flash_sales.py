"""Flash sales in the panel: a session from its creation to its results."""

from datetime import timedelta
from typing import Any

from server import db
from server.core.clock import SHANGHAI
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.shop import make_sku, shopper, work


def typed(mall: Mall, hours: float) -> str:
    return f"{(mall.clock.now() + timedelta(hours=hours)).astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"


async def test_a_session_is_made_changed_and_stopped(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    sku = await make_sku(10_000, stock=20)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    form = {"slug": "noon", "name": "午间秒杀", "starts_at": typed(mall, -0.1), "ends_at": typed(mall, 1)}
    item = {"items[0].sku": code, "items[0].price_fen": "9.9", "items[0].stock": "5", "items[0].per_member": "1"}
    assert "新商品" in (await desk.get("/flash-sales/new")).text
    wrong: dict[str, dict[str, str]] = {
        "slug": {"slug": "Ü"},
        "name": {"name": ""},
        "starts_at": {"starts_at": "gestern"},
        "ends_at": {"ends_at": typed(mall, -0.2)},
        "items[0].sku": {"items[0].sku": "none"},
        "items[0].price_fen": {"items[0].price_fen": "100.01"},
        "items[0].stock": {"items[0].stock": "21"},
        "items[0].per_member": {"items[0].per_member": "0"},
    }
    for field, change in wrong.items():
        refused = await send(desk, "/flash-sales/new", form | item | change)
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, (field, refused.text)
    assert "第 1 个商品 库存" in (await send(desk, "/flash-sales/new", form | item | wrong["items[0].stock"])).text
    made = await send(desk, "/flash-sales/new", form | item)
    number = await db.fetch_value("SELECT id FROM flash_sales")
    assert (made.status_code, made.headers["location"]) == (303, f"/admin/flash-sales/{number}")
    assert (await last_record())["subject"] == "flash_sale:noon"
    assert "已有这个场次" in (await send(desk, "/flash-sales/new", form | item)).text
    place = f"/flash-sales/{number}"
    page = (await desk.get(place)).text
    assert "进行中" in page
    assert f'value="{typed(mall, 1)[:-3]}' in page
    assert (await send(desk, place, form | item)).status_code == 422  # no reason
    more = form | item | {"items[0].stock": "7", "reason": "加量"}
    assert (await send(desk, place, more)).status_code == 303
    record = await last_record()
    assert record["detail"] == {
        "before": {code: {"stock": 5}},
        "after": {code: {"stock": 7}},
        "reason": "加量",
    }
    dearer = await send(desk, place, more | {"items[0].price_fen": "9.8"})
    assert "开始后不能改价" in dearer.text
    assert (await send(desk, f"{place}/stop", {"reason": ""})).status_code == 422
    assert (await send(desk, f"{place}/stop", {"reason": "缺货"})).status_code == 303
    await work(mall)
    assert await db.fetch_value("SELECT available FROM skus") == 20
    page = (await desk.get(place)).text
    assert "已结束" in page
    assert "立即停止" not in page
    assert "已退回 7" in page
    for path in ("/flash-sales/999", "/flash-sales/999/stop"):
        assert (await send(desk, path, {"reason": "x"})).status_code == 404


async def test_results_of_a_session(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.AUDITOR)
    sku = await make_sku(10_000, stock=20)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    owner: Desk = await desks(Role.OWNER)
    form = {"slug": "noon", "name": "午间秒杀", "starts_at": typed(mall, -0.1), "ends_at": typed(mall, 1)}
    item = {"items[0].sku": code, "items[0].price_fen": "99", "items[0].stock": "5", "items[0].per_member": "2"}
    await send(owner, "/flash-sales/new", form | item)
    number = await db.fetch_value("SELECT id FROM flash_items")
    sale = await db.fetch_value("SELECT id FROM flash_sales")
    assert "午间秒杀" in (await desk.get("/flash-items")).text
    me = await shopper(mall)
    named = {"promotion": {"kind": "flash_sale", "id": number}}
    await me.buy(sku, **named)
    await me.place(sku, **named)
    page = (await desk.get("/flash-items", q=f"#{sale}")).text
    for seen in ("午间秒杀", "50.00%", "¥99.00", code):
        assert seen in page
    assert "<button>保存" not in (await desk.get(f"/flash-sales/{sale}")).text
    for query, there in (
        ({"q": "noo"}, True),
        ({"q": "午间秒杀"}, True),
        ({"state": "running"}, True),
        ({"state": "over"}, False),
        ({"state": "not_started"}, False),
        ({"since": "2020-01-01", "until": "2020-01-02"}, False),
    ):
        assert ("进行中</span>" in (await desk.get("/flash-sales", **query)).text) is there, query
    assert code in (await desk.get("/flash-items", q=code[:4])).text
    assert (await send(owner, "/exports/flash-items", {})).status_code == 303
    await work(mall)
    assert "完成" in (await owner.get("/exports")).text
