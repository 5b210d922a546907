"""The results of shares, and the pages they open."""

from typing import Any

from server import db
from tests.support.mall import Mall
from tests.support.people import error_of, log_in
from tests.support.shop import join, make_sku, product, publish, stock


async def test_my_shares_tell_what_they_led_to(mall: Mall) -> None:
    await publish(mall)
    await stock(mall, product("serum", "焕亮精华"))
    number = await db.fetch_value("SELECT id FROM products")
    sku = await make_sku()
    anna = await join(mall)
    code = (await anna.post("/shares", {"kind": "product", "target_id": number, "channel": "group"}))["share_code"]
    for visitor in ("v-1", "v-1", "v-2"):
        await mall.http.post(f"/api/shares/{code}/touch", json={"visitor_id": visitor})
    for name in ("o-bert", "o-carl"):
        await log_in(mall, name, share_code=code)
    bert = await join(mall, openid="o-bert")
    await bert.buy(sku)
    await bert.buy(sku)
    await join(mall, referrer=anna)  # through the home share
    found = await anna.get("/shares")
    assert found["next_cursor"] is None
    newest, oldest = found["items"]
    created = newest.pop("created_at")
    assert created
    assert newest == {
        "share_code": code,
        "kind": "product",
        "target_id": str(number),
        "title": "焕亮精华",
        "image_url": "/media/serum.webp",
        "channel": "group",
        "path": f"/pages/product/index?id={number}&s={code}",
        "opened": 3,
        "visitors": 2,
        "bound": 2,
        "ordered": 1,
    }
    assert (oldest["kind"], oldest["target_id"], oldest["bound"], oldest["ordered"]) == ("home", "", 1, 0)
    assert oldest["image_url"].startswith("/media/cards/home-")
    assert (await bert.get("/shares"))["items"] == []  # nobody has opened a share of Bert's


async def test_shares_come_in_pages(mall: Mall) -> None:
    anna = await join(mall)
    for channel in ("friend", "group", "poster", "timeline"):
        made = await anna.post("/shares", {"kind": "home", "channel": channel})
        await mall.http.post(f"/api/shares/{made['share_code']}/touch", json={"visitor_id": "v-1"})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        found: dict[str, Any] = await anna.get(f"/shares?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen += [one["channel"] for one in found["items"]]
        cursor = found["next_cursor"]
    assert seen == ["timeline", "poster", "group", "friend"]
    assert await anna.refused("GET", "/shares?cursor=zzz") == "400 bad_request"
    assert error_of(await mall.http.get("/api/shares")) == (401, "not_logged_in")


async def test_a_share_says_where_it_leads(mall: Mall) -> None:
    await publish(mall)
    await stock(mall, product("serum", "焕亮精华"))
    number = await db.fetch_value("SELECT id FROM products")
    anna = await join(mall)
    await anna.do("PATCH", "/me", {"nickname": "小明"})
    made = await anna.post("/shares", {"kind": "product", "target_id": number, "channel": "poster"})
    code = made["share_code"]
    answer = await mall.http.get(f"/api/shares/{code}")
    assert answer.json() == {
        "kind": "product",
        "target_id": str(number),
        "path": made["path"],
        "title": "焕亮精华",
        "sharer": "小**",
    }
    home = (await mall.http.get(f"/api/shares/{await anna.share_code()}")).json()
    assert (home["kind"], home["path"]) == ("home", f"/pages/index/index?s={await anna.share_code()}")
    assert error_of(await mall.http.get("/api/shares/NOSUCH22")) == (404, "not_found")
    async with db.transaction() as tx:
        await tx.execute("UPDATE shares SET disabled = true WHERE code = $1", code)
    assert error_of(await mall.http.get(f"/api/shares/{code}")) == (422, "share_disabled")
