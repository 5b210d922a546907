"""Flash sales over HTTP: what guests see, and the answers that buyers get."""

from datetime import timedelta
from typing import Any

from server import db
from tests.support.flash import apply_sale, make_sale
from tests.support.mall import Mall
from tests.support.shop import Shopper, make_sku, shopper, until, work

HOUR = timedelta(hours=1)


async def sessions(mall: Mall) -> dict[str, Any]:
    answer = await mall.http.get("/api/flash-sales")
    assert answer.status_code == 200
    return dict(answer.json())


async def item_states(mall: Mall, sale: int) -> list[str]:
    return [one["state"] for one in (await mall.http.get(f"/api/flash-sales/{sale}")).json()["items"]]


async def order(me: Shopper, sku: int, item: int, key: str = "k") -> tuple[int, dict[str, Any], str | None]:
    """Place an order of one piece; return status, error and `Retry-After`."""
    form = await me.basket(sku, promotion={"kind": "flash_sale", "id": item})
    answer = await me.ask("POST", "/orders", form, **{"Idempotency-Key": key})
    return answer.status_code, answer.json().get("error", {}), answer.headers.get("Retry-After")


async def test_the_sessions_of_today(mall: Mall) -> None:
    now = mall.clock.now()
    sku, later = await make_sku(10_000, stock=10), await make_sku()
    item = await make_sale(mall, sku, 4, per_member=2)
    await make_sale(mall, later, 5, slug="later", starts_at=now + 400 * HOUR, ends_at=now + 401 * HOUR)
    found = await sessions(mall)
    (sale,) = found["items"]
    assert found["next_cursor"] is None
    assert (sale["name"], sale["state"], sale["state_label"]) == ("整点秒杀", "running", "进行中")
    (shown,) = sale["items"]
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    assert shown == {
        "id": item,
        "sku_id": sku,
        "product_id": product,
        "title": shown["title"],
        "image": "/media/x.webp",
        "spec": {},
        "price_fen": 990,
        "list_price_fen": 10_000,
        "stock": 4,
        "left": 4,
        "taken_bp": 0,
        "per_member": 2,
        "state": "running",
    }
    coming = await db.fetch_value("SELECT id FROM flash_sales WHERE slug = 'later'")
    page = (await mall.http.get(f"/api/products/{product}")).json()
    (offered,) = page["promotions"]
    assert (offered["kind"], offered["id"], offered["price_fen"], offered["sku_ids"]) == (
        "flash_sale",
        item,
        990,
        [sku],
    )
    one = (await mall.http.get(f"/api/flash-sales/{coming}")).json()
    assert (one["state"], one["items"][0]["state"]) == ("not_started", "not_started")
    assert one["now"] <= one["starts_at"]
    assert (await mall.http.get("/api/flash-sales/999")).status_code == 404


async def test_what_a_buyer_sees_from_the_first_to_the_last_piece(mall: Mall) -> None:
    sku = await make_sku()
    item = await make_sale(mall, sku, 1)
    sale = await db.fetch_value("SELECT id FROM flash_sales")
    me, you = await shopper(mall, "o-me"), await shopper(mall, "o-you")
    placed = await me.place(sku, promotion={"kind": "flash_sale", "id": item})
    assert placed["kind"] == "flash_sale"
    await mall.deps.redis.delete(f"flash:{{{item}}}:claim")
    status, error, wait = await order(you, sku, item)
    assert (status, error["code"], wait) == (429, "promotion_queued", "2")

    async def shows(state: str) -> None:
        async def shown() -> bool:
            return await item_states(mall, sale) == [state]

        await until(shown)

    await shows("queued")
    await me.pay(placed["order_no"])
    await work(mall)
    await mall.deps.redis.delete(f"flash:{{{item}}}:claim")
    status, error, _ = await order(you, sku, item)
    assert (status, error["message"], error["detail"]) == (422, "已抢光", {"reason": "sold_out"})
    await shows("sold_out")
    status, error, _ = await order(me, sku, item, "another")
    assert (status, error["message"]) == (422, "已达到每人限购数量")
    assert (await me.order(placed["order_no"]))["kind"] == "flash_sale"
    await apply_sale(mall, slug="sale", stop=True)
    await shows("over")


async def test_an_item_taken_out_is_not_shown(mall: Mall) -> None:
    sku = await make_sku()
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    await make_sale(mall, sku, 3)
    await apply_sale(mall, slug="sale", items=[{"sku": code, "stock": 0}])
    assert (await sessions(mall))["items"] == []


async def test_a_card_leads_to_the_session(mall: Mall) -> None:
    sku = await make_sku()
    await make_sale(mall, sku, 3)
    sale = await db.fetch_value("SELECT id FROM flash_sales")
    me, you = await shopper(mall, "o-me"), await shopper(mall, "o-you")
    card = await me.post("/shares", {"kind": "flash_sale", "target_id": sale, "channel": "friend"})
    assert card["title"] == "限时秒杀 整点秒杀：¥9.90"
    assert card["image_url"] == "/media/x.webp"
    code = card["share_code"]
    assert card["path"] == f"/packages/marketing/pages/flash/index?id={sale}&s={code}"
    landing = await you.get(f"/shares/{code}")
    assert (landing["kind"], landing["title"], landing["path"]) == ("flash_sale", "整点秒杀", card["path"])
    await mall.http.post(f"/api/shares/{code}/touch", json={"visitor_id": "v-1"})
    (result,) = (await me.get("/shares"))["items"]
    assert result["title"] == "整点秒杀"
    assert result["image_url"].startswith("/media/cards/home-")
    poster = await mall.http.get(f"/api/shares/{code}/poster.png")
    assert poster.content.startswith(b"\x89PNG")
    form = {"kind": "flash_sale", "target_id": "999", "channel": "friend"}
    assert await me.refused("POST", "/shares", form) == "404 not_found"


async def test_a_member_reads_what_they_have_taken(mall: Mall) -> None:
    """The list says in words when the limit is reached, and only to that member."""
    sku = await make_sku()
    item = await make_sale(mall, sku, 9, per_member=2)
    me, you = await shopper(mall, "o-me"), await shopper(mall, "o-you")
    promotion = {"kind": "flash_sale", "id": item}
    assert (await me.get("/flash-sales/mine"))["items"] == []
    placed = await me.place(sku, promotion=promotion)
    mine = {"id": item, "taken": 1, "per_member": 2, "label": None}
    assert (await me.get("/flash-sales/mine"))["items"] == [mine]
    await me.place(sku, promotion=promotion)
    full = {**mine, "taken": 2, "label": "已抢 2 件，达到限购"}
    assert (await me.get("/flash-sales/mine"))["items"] == [full]
    assert await me.refused_post("/orders/preview", await me.basket(sku, promotion=promotion)) == (
        "422 promotion_refused"
    )
    assert (await you.get("/flash-sales/mine"))["items"] == []
    await me.post(f"/orders/{placed['order_no']}/cancel")
    assert (await me.get("/flash-sales/mine"))["items"] == [mine]
    assert (await mall.http.get("/api/flash-sales/mine")).status_code == 401
    mall.clock.advance(3 * 24 * 3600)
    await me.log_in_again()
    assert (await me.get("/flash-sales/mine"))["items"] == []


async def test_a_card_names_the_price_of_what_is_left(mall: Mall) -> None:
    cheap, dear = await make_sku(), await make_sku()
    item = await make_sale(mall, cheap, 1, price_fen=500)
    sale = await db.fetch_value("SELECT id FROM flash_sales")
    await apply_sale(
        mall, slug="sale", items=[{"sku": await code_of(dear), "price_fen": 900, "stock": 3, "per_member": 1}]
    )
    me = await shopper(mall)
    form = {"kind": "flash_sale", "target_id": sale, "channel": "friend"}
    assert (await me.post("/shares", form))["title"] == "限时秒杀 整点秒杀：¥5.00 起"
    await me.place(cheap, promotion={"kind": "flash_sale", "id": item})
    assert (await me.post("/shares", form))["title"] == "限时秒杀 整点秒杀：¥9.00"


async def code_of(sku: int) -> str:
    return str(await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku))
