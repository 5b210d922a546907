"""Activities and teams over HTTP, and the reasons why a seat is refused."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from server import db
from server.core.errors import FileInvalid
from server.services.promotions import apply as activity_apply
from tests.support.group_buys import GROUP_FEN, join_team, make_group_buy, open_team, promotion, team_of
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, make_sku, product, stock, work


async def refused(person: Shopper, sku: int, **more: Any) -> dict[str, Any]:
    """Return why an order is refused; preview and placing must agree."""
    body = await person.basket(sku, **more)
    answers = [await person.call("POST", path, body, key="k") for path in ("/orders/preview", "/orders")]
    errors = [answer.json()["error"] for answer in answers]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert errors[0]["code"] == errors[1]["code"]
    assert errors[0]["detail"] == errors[1]["detail"]
    return {"code": errors[0]["code"], **errors[0]["detail"]}


async def test_a_team_as_everybody_sees_it(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, leader_price_fen=6_000, per_member=2, stock_limit=10)
    anna, bert, guest = await join(mall), await join(mall), mall.http
    await anna.do("PATCH", "/me", {"nickname": "安娜"})
    listed = (await guest.get("/api/group-buys")).json()
    (card,) = listed["items"]
    assert datetime.fromisoformat(listed["now"]) <= mall.clock.now()
    assert (card["id"], card["state"], card["size"], card["sold"]) == (activity, "running", 3, 0)
    assert (card["price_fen"], card["leader_price_fen"], card["list_price_fen"]) == (GROUP_FEN, 6_000, 10_000)
    priced = await anna.post("/orders/preview", await anna.basket(sku, **promotion(activity)))
    assert (priced["discounts"][0]["kind"], priced["discounts"][0]["amount_fen"]) == ("promotion", 4_000)
    order_no, team_no = await open_team(anna, activity, sku)
    assert (await anna.order(order_no))["team_no"] == team_no
    view = (await guest.get(f"/api/group-buys/{activity}")).json()
    assert (view["bought"], view["per_member"], view["window_hours"]) == (0, 2, 24)
    prices = {"price_fen": GROUP_FEN, "leader_price_fen": 6_000, "list_price_fen": 10_000}
    assert view["skus"] == [{"sku_id": sku, "spec": {}, "available": 9} | prices]
    (team,) = view["teams"]
    assert (team["team_no"], team["leader_name"], team["seats_left"], team["mine"]) == (team_no, "安**", 2, False)
    mine = await anna.get(f"/group-buys/{activity}")
    assert (mine["bought"], mine["teams"][0]["mine"]) == (1, True)
    await bert.place(sku, **promotion(activity, team_no))
    seen = (await guest.get(f"/api/teams/{team_no}")).json()
    assert (seen["state"], seen["state_label"], seen["reserved"], seen["seats_left"]) == ("open", "拼团中", 1, 1)
    assert seen["members"] == [{"name": "安**", "avatar_url": "", "leader": True, "me": False}]
    assert (seen["mine"], seen["can_join"], seen["can_open"]) == (None, True, True)
    own = await anna.get(f"/teams/{team_no}")
    assert own["mine"] == {"order_no": order_no, "status": "teaming", "leader": True}
    assert (own["can_join"], own["members"][0]["me"], own["group_buy"]["product_id"]) == (
        False,
        True,
        card["product_id"],
    )
    shown = (await guest.get(f"/api/products/{card['product_id']}")).json()["promotions"]
    assert [(one["kind"], one["id"], one["label"], one["price_fen"]) for one in shown] == [
        ("group_buy", activity, "3 人团", GROUP_FEN)
    ]
    assert (await guest.get("/api/teams/G1")).status_code == 404
    assert (await guest.get("/api/group-buys/999")).status_code == 404


async def test_pages_of_activities(mall: Mall) -> None:
    ids = []
    for n in range(3):
        sku = await make_sku()
        later = (mall.clock.now() + timedelta(days=1)).isoformat()
        starts_at = later if n == 2 else mall.clock.now().isoformat()
        ids.append(await make_group_buy(mall, sku, starts_at=starts_at))
    stopped = await make_group_buy(mall, await make_sku(), active=False)
    first = (await mall.http.get("/api/group-buys?limit=2")).json()
    assert [one["id"] for one in first["items"]] == [ids[2], ids[1]]
    assert first["items"][0]["state"] == "upcoming"
    rest = (await mall.http.get(f"/api/group-buys?limit=2&cursor={first['next_cursor']}")).json()
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([ids[0]], None)
    assert (await mall.http.get("/api/group-buys?cursor=x")).status_code == 400
    assert (await mall.http.get(f"/api/group-buys/{stopped}")).status_code == 404


async def test_what_is_refused(mall: Mall) -> None:
    sku, other = await make_sku(), await make_sku()
    activity = await make_group_buy(mall, sku, size=2, per_member=1)
    elsewhere = await make_group_buy(mall, other)
    one, two, three = [await join(mall) for _ in range(3)]
    assert await refused(one, other, **promotion(activity)) == {"code": "promotion_refused", "reason": "items"}
    assert (await refused(one, sku, **promotion(999)))["code"] == "promotion_unknown"
    assert (await refused(one, sku, promotion={"kind": "none", "id": 1}))["code"] == "promotion_unknown"
    wrong = {"code": "promotion_refused", "reason": "team_unknown", "can_open": True}
    assert await refused(one, sku, **promotion(activity, "G404")) == wrong
    order_no, team_no = await open_team(one, activity, sku)
    assert await refused(two, other, **promotion(elsewhere, team_no)) == wrong
    assert (await refused(one, sku, **promotion(activity, team_no)))["reason"] == "joined"
    assert (await refused(one, sku, **promotion(activity))) == {
        "code": "promotion_refused",
        "reason": "limit",
        "left": 0,
    }
    await two.place(sku, **promotion(activity, team_no))
    full = {"code": "promotion_refused", "reason": "team_full", "can_open": True}
    assert await refused(three, sku, **promotion(activity, team_no)) == full
    assert (await three.get(f"/teams/{team_no}"))["can_join"] is False
    assert (await three.get(f"/teams/{team_no}"))["state"] == "full"
    mall.clock.advance(90_000)
    assert (await refused(three, sku, **promotion(activity, team_no)))["reason"] == "team_over"
    await work(mall)
    await work(mall)
    assert (await one.order(order_no))["status"] == "refunded"
    assert (await refused(three, sku, **promotion(activity, team_no)))["reason"] == "team_over"


async def test_a_seat_that_is_given_up_is_free(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2, stock_limit=2)
    one, two, three = [await join(mall) for _ in range(3)]
    _, team_no = await open_team(one, activity, sku)
    unpaid = (await two.place(sku, **promotion(activity, team_no)))["order_no"]
    assert (await refused(three, sku, **promotion(activity)))["reason"] == "sold_out"
    (card,) = (await mall.http.get("/api/group-buys")).json()["items"]
    assert card["state"] == "sold_out"
    await two.post(f"/orders/{unpaid}/cancel")
    await join_team(three, activity, team_no, sku)
    assert (await three.get(f"/teams/{team_no}"))["state"] == "succeeded"


async def test_who_gave_a_seat_up_may_come_back(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    one, two = await join(mall), await join(mall)
    _, team_no = await open_team(one, activity, sku)
    unpaid = (await two.place(sku, **promotion(activity, team_no)))["order_no"]
    await two.post(f"/orders/{unpaid}/cancel")
    await join_team(two, activity, team_no, sku)
    assert (await two.get(f"/teams/{team_no}"))["state"] == "succeeded"


async def test_an_opener_who_does_not_pay_leaves_no_team(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    one = await join(mall)
    order_no = (await one.place(sku, **promotion(activity)))["order_no"]
    team_no = await team_of(order_no)
    assert (await one.get(f"/group-buys/{activity}"))["teams"] == []
    await one.post(f"/orders/{order_no}/cancel")
    view = await one.get(f"/teams/{team_no}")
    assert (view["state"], view["members"], view["mine"]) == ("failed", [], None)


async def test_a_card_of_a_team_leads_to_it(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    one = await join(mall)
    _, team_no = await open_team(one, activity, sku)
    card = await one.post("/shares", {"kind": "team", "target_id": team_no, "channel": "friend"})
    assert card["path"] == f"/packages/marketing/pages/team/index?team_no={team_no}&s={card['share_code']}"
    assert card["title"].startswith("3 人团 ¥70 商品")
    assert (await mall.http.get(card["image_url"])).status_code == 200
    landing = (await mall.http.get(f"/api/shares/{card['share_code']}")).json()
    assert (landing["kind"], landing["path"]) == ("team", card["path"])
    poster = await one.post("/shares", {"kind": "team", "target_id": team_no, "channel": "poster"})
    assert (await mall.http.get(f"/api/shares/{poster['share_code']}/poster.png")).status_code == 200
    for target in ("G" + "0" * 21, "1", ""):
        assert await one.refused_post(
            "/shares", {"kind": "team", "target_id": target or None, "channel": "friend"}
        ) == ("404 not_found")


PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "slug": ("新活动缺少字段", {"title": None}),
    "product": ("没有这个商品", {"product": "none"}),
    "ends_at": ("结束时间应晚于开始时间", {"ends_at": "2020-01-01T00:00:00+08:00"}),
    "code": ("不是这个商品的 SKU", {"skus": [{"code": "x", "price_fen": 1}]}),
    "twice": ("重复", {"skus": [{"code": "tea-1", "price_fen": 1}, {"code": "tea-1", "price_fen": 2}]}),
    "price": ("拼团价不能高于售价", {"skus": [{"code": "tea-1", "price_fen": 5_901}]}),
    "leader": ("团长价不能高于拼团价", {"skus": [{"code": "tea-1", "price_fen": 10, "leader_price_fen": 11}]}),
    "size": ("不能小于 2", {"size": 1}),
    "zone": ("应为带时区的时间，例如 2026-01-01T20:00:00+08:00", {"starts_at": "2026-01-01T00:00:00"}),
}


@pytest.mark.parametrize("name", PROBLEMS)
async def test_files_with_mistakes(mall: Mall, name: str) -> None:
    await stock(mall, product("tea", "茶"))
    problem, change = PROBLEMS[name]
    entry = {
        "slug": "tea-3", "title": "茶", "product": "tea", "size": 3, "window_hours": 24,
        "starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2036-01-01T00:00:00+08:00",
        "skus": [{"code": "tea-1", "price_fen": 3_900}],
    } | change  # fmt: skip
    wrong = {"group_buys": [{key: value for key, value in entry.items() if value is not None}]}
    with pytest.raises(FileInvalid) as caught:
        await activity_apply.apply(mall.deps, wrong, "tester")
    assert any(problem in one["problem"] for one in caught.value.detail["problems"]), caught.value.detail


async def test_activities_are_changed_by_slug(mall: Mall) -> None:
    await stock(mall, product("tea", "茶"), product("cup", "杯"))
    sku = await db.fetch_value("SELECT id FROM skus WHERE code = 'tea-1'")
    activity = await make_group_buy(mall, sku, slug="tea-3", price_fen=3_900)
    await open_team(await join(mall), activity, sku)

    async def apply(*entries: dict[str, Any]) -> str:
        try:
            wanted = {"group_buys": [{"slug": "tea-3"} | entry for entry in entries]}
            return str(await activity_apply.apply(mall.deps, wanted, "tester", "试试"))
        except FileInvalid as refused:
            return str(refused.detail["problems"][0]["problem"])

    assert await apply({"product": "cup"}) == "不能更换商品"
    assert await apply({"new": True}) == "已有这个活动"
    assert await apply({"title": "一"}, {"title": "二"}) == "重复"
    assert await apply({"stock_limit": 0}) == "不能小于 1"
    await db.fetch("UPDATE group_buys SET taken = taken + 4")
    assert await apply({"stock_limit": 4}) == "已拼 5 件"
    await db.fetch("UPDATE group_buys SET taken = taken - 4")
    assert await apply({"stock_limit": 4, "product": "tea"}) == "Applied(activities=1, activities_new=0)"
    assert await apply({"skus": [{"code": "tea-1", "price_fen": 3_800, "leader_price_fen": 3_000}]}) != ""
    row = await db.fetch_row("SELECT subject, detail FROM audit_log ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert row["subject"] == "group_buy:tea-3"
    assert json.loads(row["detail"]) == {
        "before": {"skus": [{"code": "tea-1", "price_fen": 3_900, "leader_price_fen": None}]},
        "after": {"skus": [{"code": "tea-1", "price_fen": 3_800, "leader_price_fen": 3_000}]},
        "reason": "试试",
    }
    count = await db.fetch_value("SELECT count(*) FROM audit_log")
    await apply({"stock_limit": 4})
    assert await db.fetch_value("SELECT count(*) FROM audit_log") == count
