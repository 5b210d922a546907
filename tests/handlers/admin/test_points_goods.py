"""The points mall in the panel: a good from its creation to its results."""

from typing import Any

from server import db
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.points_goods import exchange
from tests.support.purse import give_points, set_policy
from tests.support.shop import join, make_sku, work


async def test_a_good_is_made_and_changed(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    sku = await make_sku(10_000, stock=20)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    assert "积分商城还没有商品" in (await desk.get("/points-goods")).text
    form = {"slug": "tea", "sku": code, "points": "500", "price_fen": "9.9", "stock": "3", "active": "1"}
    assert "新增积分商品" in (await desk.get("/points-goods/new")).text
    wrong = {"slug": "Ü", "sku": "none", "points": "0", "price_fen": "100", "stock": "x", "per_member": "0"}
    for field, text in wrong.items():
        refused = await send(desk, "/points-goods/new", form | {field: text})
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, (field, refused.text)
    made = await send(desk, "/points-goods/new", form)
    number = await db.fetch_value("SELECT id FROM points_goods")
    place = f"/points-goods/{number}"
    assert (made.status_code, made.headers["location"]) == (303, f"/admin{place}")
    assert (await last_record())["subject"] == "points_good:tea"
    assert "已有这个积分商品" in (await send(desk, "/points-goods/new", form)).text
    assert (await send(desk, place, form)).status_code == 422  # no reason
    less = form | {"reason": "收紧", "stock": "2", "per_member": "2", "price_fen": ""}
    assert (await send(desk, place, less)).status_code == 303
    assert (await last_record())["detail"] == {
        "before": {"price_fen": 990, "stock": 3, "per_member": None},
        "after": {"price_fen": 0, "stock": 2, "per_member": 2},
        "reason": "收紧",
    }
    assert (await desk.get("/points-goods/999")).status_code == 404


async def test_results_of_a_good(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    await set_policy(mall, freight_fen=0)
    sku = await make_sku(10_000, stock=20)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    form = {"slug": "tea", "sku": code, "points": "500", "price_fen": "9.9", "stock": "3", "active": "1"}
    await send(desk, "/points-goods/new", form)
    number = await db.fetch_value("SELECT id FROM points_goods")
    place = f"/points-goods/{number}"
    me = await join(mall)
    await give_points(mall, me.id, 1_500)
    await me.buy(sku, **exchange(number))
    await me.place(sku, **exchange(number))
    page = (await desk.get(place)).text
    for seen in ("可兑换", "<b>1</b>", "<b>2</b>", "<b>500</b>", "¥9.90", code):
        assert seen in page, seen
    less = form | {"reason": "收紧", "stock": "1"}
    assert "已兑换 2 件，不能少于它" in (await send(desk, place, less)).text
    less["stock"] = "2"
    assert (await send(desk, place, less)).status_code == 303
    for state, there in (("sold_out", True), ("open", False), ("stopped", False)):
        assert ("tea</a>" in (await desk.get("/points-goods", state=state)).text) is there, state
    del less["active"]
    assert (await send(desk, place, less)).status_code == 303
    for query in ({"state": "stopped"}, {"q": "te"}, {"q": code[:4]}, {"q": f"#{number}"}):
        assert "tea</a>" in (await desk.get("/points-goods", **query)).text, query
    owner: Desk = await desks(Role.OWNER)
    assert (await send(owner, "/exports/points-goods", {})).status_code == 303
    await work(mall)
    assert "完成" in (await owner.get("/exports")).text
    assert "<button>保存" not in (await (await desks(Role.AUDITOR)).get(place)).text
