"""Group buys in the panel: created, changed, stopped, and their results."""

from typing import Any

from server import db
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.group_buys import join_team, open_team
from tests.support.mall import Mall
from tests.support.shop import join, pass_days, product, shopper, stock, work

FORM = {
    "slug": "tea-2",
    "product": "tea",
    "title": "好茶两人团",
    "size": "2",
    "window_hours": "24",
    "starts_at": "2026-01-01T00:00:00",
    "ends_at": "2036-01-01T00:00:00",
    "active": "1",
    "skus[0].code": "tea-1",
    "skus[0].price_fen": "39.9",
    "skus[1].code": "tea-2",
    "skus[1].price_fen": "",
}


async def test_an_activity_from_its_product_to_its_results(mall: Mall, desks: Any) -> None:
    skus = [{"code": f"tea-{n}", "price_fen": 5_900, "stock_add": 50, "spec": {"规格": f"{n} 两"}} for n in (1, 2)]
    await stock(mall, product("tea", "茶", skus=skus))
    desk: Desk = await desks(Role.OPERATIONS)
    assert "商品标识" in (await desk.get("/group-buys/new")).text
    assert (await desk.get("/group-buys/new", product="none")).status_code == 404
    page = (await desk.get("/group-buys/new", product="tea")).text
    assert "1 两" in page
    assert "2 两" in page
    assert (await send(desk, "/group-buys/new", FORM)).status_code == 303
    again = await send(desk, "/group-buys/new", FORM)
    assert again.status_code == 422
    assert "已有这个活动" in again.text
    number = await db.fetch_value("SELECT id FROM group_buys")
    sku = await db.fetch_value("SELECT sku_id FROM group_buy_skus")
    place = f"/group-buys/{number}"
    await _wrong(desk, place)
    form = FORM | {"reason": "试试", "virtual_fill": "1", "per_member": "3", "stock_limit": "9"}
    form["skus[0].leader_price_fen"] = "29.9"
    assert (await send(desk, place, form)).status_code == 303
    record = await last_record()
    assert (record["subject"], record["detail"]["after"]["per_member"]) == ("group_buy:tea-2", 3)
    await _sold(mall, number, sku)
    await desk.log_in()
    page = (await desk.get(place)).text
    for figure in ("成团率", "100%", "虚拟成团", "¥123.70"):
        assert figure in page
    del form["active"]
    assert (await send(desk, place, form)).status_code == 303
    assert "已停止" in (await desk.get("/group-buys", state="stopped")).text
    assert "没有符合条件的拼团" in (await desk.get("/group-buys", state="running")).text


async def _wrong(desk: Desk, place: str) -> None:
    wrong: dict[str, dict[str, str]] = {
        "size": {"size": "51"},
        "window_hours": {"window_hours": "169"},
        "starts_at": {"starts_at": "昨天"},
        "ends_at": {"ends_at": "2020-01-01T00:00:00"},
        "skus": {"skus[0].price_fen": ""},
        "skus[0].price_fen": {"skus[0].price_fen": "59.01"},
        "skus[1].leader_price_fen": {
            "skus[0].price_fen": "",
            "skus[1].price_fen": "1",
            "skus[1].leader_price_fen": "2",
        },
        "reason": {"reason": ""},
    }
    for field, change in wrong.items():
        refused = await send(desk, place, FORM | {"reason": "x"} | change)
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, field


async def _sold(mall: Mall, number: int, sku: int) -> None:
    """Make one team of two paid orders, and one that is filled up."""
    _, team_no = await open_team(await join(mall), number, sku)
    await join_team(await join(mall), number, team_no, sku)
    await open_team(await join(mall), number, sku)
    await pass_days(mall, 1.01)
    await work(mall)


async def test_teams_are_found_and_shown(mall: Mall, desks: Any) -> None:
    await stock(mall, product("tea", "茶"))
    desk: Desk = await desks(Role.SERVICE)
    operations: Desk = await desks(Role.OPERATIONS)
    assert (await send(operations, "/group-buys/new", FORM | {"virtual_fill": "1"})).status_code == 303
    number = await db.fetch_value("SELECT id FROM group_buys")
    sku = await db.fetch_value("SELECT sku_id FROM group_buy_skus")
    me = await shopper(mall)
    order_no, team_no = await open_team(me, number, sku)
    for asked in (
        {"q": team_no},
        {"q": team_no[:9]},
        {"q": f"#{me.id}"},
        {"activity": "tea-2"},
        {"activity": f"#{number}"},
    ):
        assert team_no in (await desk.get("/teams", **asked)).text, asked
    assert "没有符合条件的团" in (await desk.get("/teams", state="failed")).text
    page = (await desk.get(f"/teams/{team_no}")).text
    assert order_no in page
    assert "拼团中" in page
    assert (await desk.get("/teams/G404")).status_code == 404
    assert (await desk.get("/group-buys/404")).status_code == 404
    assert team_no in (await desk.get(f"/orders/{order_no}")).text
    await pass_days(mall, 1.01)
    await desk.log_in()
    assert "1 个位置到期时由系统补上" in (await desk.get(f"/teams/{team_no}")).text
