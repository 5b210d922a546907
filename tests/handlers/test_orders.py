"""Placing, previewing, cancelling and reading orders: every refusal by its code, and the fields of an order."""

import asyncio
from typing import Any

import pytest

from server import db
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import give_coupons
from tests.support.shop import Shopper, join, make_sku, make_virtual_sku, pass_days, publish, receive, shopper, work


async def funded(mall: Mall, amount_fen: int, *, withdrawable: bool = False) -> Shopper:
    """Return a member with that much balance from a rebate."""
    await publish(mall, required=2, observe_days=0, withdrawable=withdrawable)
    me = await join(mall)
    own = await me.buy(await make_sku(amount_fen))
    await me.receive(own)
    sku = await make_virtual_sku(mall, ["A", "B"], 20_000)
    for _ in range(2):
        await (await join(mall, me)).buy(sku)
        await work(mall)
    await work(mall)
    assert (await me.wallet())["available_fen"] == amount_fen
    return me


async def test_placing_needs_a_key_and_answers_it_once(mall: Mall) -> None:
    me = await shopper(mall)
    basket = await me.basket(await make_sku(stock=1))
    assert await me.refused("POST", "/orders", basket) == "400 idempotency_key_missing"
    first = await me.call("POST", "/orders", basket, key="one")
    again = await me.call("POST", "/orders", basket, key="one")
    assert (first.status_code, again.status_code, first.content) == (200, 200, again.content)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    other = await me.call("POST", "/orders", basket | {"remark": "快点"}, key="one")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert await me.refused_post("/orders", basket) == "422 stock_insufficient"
    you = await shopper(mall, "o-second")
    mine = await you.call("POST", "/orders", basket | {"address_id": await you.address()}, key="one")
    assert mine.json()["error"]["code"] == "stock_insufficient", "a key belongs to its member"
    await proved(mall)


async def test_a_key_is_one_however_its_path_is_spelt(mall: Mall) -> None:
    me = await shopper(mall)
    basket = await me.basket(await make_sku())
    first = await me.call("POST", "/orders", basket, key="one")
    again = await me.call("POST", "/orders/", basket, key="one")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await me.get("/orders"))["items"]) == 1
    order_no = first.json()["order_no"]
    await me.pay(order_no)
    body = {"reason": "不想要了"}
    asked = [await me.call("POST", f"/orders/{order_no}/refunds{end}", body, key="two") for end in ("/", "")]
    assert {answer.status_code for answer in asked} == {200}
    assert asked[0].content == asked[1].content
    kept = await db.fetch_value("SELECT array_agg(path ORDER BY path) FROM idempotency_keys WHERE key = 'two'")
    assert kept == [f"/api/orders/{order_no}/refunds"]


async def test_one_key_twenty_times_at_once_is_one_order(mall: Mall) -> None:
    me = await shopper(mall)
    basket = await me.basket(await make_sku(stock=5))
    answers = await asyncio.gather(*(me.call("POST", "/orders", basket, key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len((await me.get("/orders"))["items"]) == 1


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"items": [{"sku_id": 999_999, "quantity": 1}]}, "422 sku_unavailable"),
        ({"items": []}, "422 items_invalid"),
        ({"address_id": None}, "422 address_required"),
        ({"address_id": 999_999}, "404 not_found"),
        ({"coupon_id": 999_999}, "422 coupon_unusable"),
        ({"use_balance_fen": 1}, "422 balance_insufficient"),
        ({"points": 5}, "422 points_unavailable"),
        ({"promotion": {"kind": "flash_sale", "id": 1}}, "422 promotion_unknown"),
        ({"from_cart": True}, "400 bad_request"),
        ({"use_balance_fen": -1}, "400 bad_request"),
        ({"nonsense": 1}, "400 bad_request"),
    ],
)
async def test_placing_refuses(mall: Mall, change: Change, refusal: str) -> None:
    me = await shopper(mall)
    basket = await me.basket(await make_sku()) | change
    assert await me.refused_post("/orders", basket) == refusal
    assert (await me.get("/orders"))["items"] == []
    reserved = await db.fetch_value("SELECT sum(reserved) FROM skus")
    assert reserved == 0


async def test_placing_refuses_too_many_a_sku_twice_and_what_is_off_sale(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku(stock=2)
    twice = await me.basket(sku, sku)
    assert await me.refused_post("/orders", twice) == "422 items_invalid"
    three = twice | {"items": [{"sku_id": sku, "quantity": 3}]}
    assert await me.refused_post("/orders/preview", three) == "422 stock_insufficient"
    answer = await me.call("POST", "/orders", three, key="k")
    assert answer.json()["error"] | {"request_id": ""} == {
        "code": "stock_insufficient",
        "message": "库存不足",
        "detail": {"sku_id": sku, "available": 2},
        "request_id": "",
    }
    async with db.transaction() as tx:
        await tx.execute("UPDATE skus SET on_sale = false WHERE id = $1", sku)
    assert await me.refused_post("/orders", await me.basket(sku)) == "422 sku_unavailable"


async def test_who_is_blocked_between_two_calls_orders_nothing(mall: Mall) -> None:
    """The token is still valid: the block reaches it a moment later."""
    me = await shopper(mall)
    basket = await me.basket(await make_sku())
    await db.fetch("UPDATE members SET state = 'blocked' WHERE id = $1 RETURNING id", me.id)
    assert await me.refused_post("/orders", basket) == "403 account_blocked"
    assert await db.fetch_value("SELECT count(*) FROM orders") == 0


async def test_a_coupon_is_its_members_alone(mall: Mall) -> None:
    me, you = await shopper(mall), await shopper(mall, "o-second")
    await give_coupons(mall, me)
    coupon_id = await db.fetch_value("SELECT id FROM coupons WHERE member_id = $1", me.id)
    sku = await make_sku()
    assert await you.refused_post("/orders", await you.basket(sku, coupon_id=coupon_id)) == "422 coupon_unusable"
    placed = await me.place(sku, coupon_id=coupon_id)
    assert placed["discounts"][0]["amount_fen"] == 500


async def test_others_orders_are_not_there(mall: Mall) -> None:
    me, you = await shopper(mall), await shopper(mall, "o-second")
    sku = await make_sku()
    order_no = (await me.place(sku))["order_no"]
    for method, path in [
        ("GET", f"/orders/{order_no}"),
        ("POST", f"/orders/{order_no}/pay"),
        ("POST", f"/orders/{order_no}/cancel"),
        ("POST", f"/orders/{order_no}/receive"),
        ("GET", f"/orders/{order_no}/refunds"),
    ]:
        assert await you.refused(method, path, {} if method == "POST" else None) == "404 not_found"
    assert await you.refused_post(f"/orders/{order_no}/refunds", {"reason": "不是我的"}) == "404 not_found"
    theirs = await you.basket(sku, address_id=await me.address())
    assert await you.refused_post("/orders", theirs) == "404 not_found"
    assert (await mall.http.get(f"/api/orders/{order_no}")).status_code == 401


async def test_a_preview_says_what_placing_gives(mall: Mall) -> None:
    me = await funded(mall, 7_000)
    sku, cheap = await make_sku(6_000), await make_sku(3_000)
    basket = await me.basket(sku, cheap, use_balance_fen=5_000)
    shown = await me.post("/orders/preview", basket)
    assert [one["what"] for one in shown.pop("counts")] == ["returnable"]
    placed = await me.post("/orders", basket)
    assert shown | {"order_no": 0, "expires_at": 0} == placed | {"order_no": 0, "expires_at": 0}
    assert (shown["order_no"], shown["freight_fen"], shown["balance_fen"], shown["cash_due_fen"]) == (
        None,
        800,
        5_000,
        4_800,
    )
    off = sum(one["amount_fen"] for one in placed["discounts"])
    assert placed["items_fen"] - off + placed["freight_fen"] - placed["balance_fen"] == placed["cash_due_fen"]
    assert sum(line["cash_fen"] + line["balance_fen"] for line in placed["lines"]) == 9_000
    without_address = basket | {"address_id": None, "use_balance_fen": 0}
    unaddressed = await me.post("/orders/preview", without_address)
    assert (unaddressed["cash_due_fen"], unaddressed["address_needed"]) == (9_800, True)


async def test_balance_and_cash_pay_together_and_come_back_when_the_order_closes(mall: Mall) -> None:
    me = await funded(mall, 7_000)
    placed = await me.place(await make_sku(10_000), use_balance_fen=7_000)
    assert ((await me.wallet())["available_fen"], placed["cash_due_fen"]) == (0, 3_000)
    assert await me.refused_post("/orders", await me.basket(await make_sku(), use_balance_fen=1)) == (
        "422 balance_insufficient"
    )
    await me.post(f"/orders/{placed['order_no']}/cancel")
    assert (await me.wallet())["available_fen"] == 7_000
    order_no = await me.buy(await make_sku(10_000), use_balance_fen=7_000)
    order = await me.order(order_no)
    assert (order["status"], order["balance_fen"], (await me.wallet())["available_fen"]) == ("paid", 7_000, 0)
    kinds = [line["kind"] for line in (await me.get("/wallet/statement"))["items"]]
    assert kinds[:3] == ["order_hold", "order_release", "order_hold"]
    await work(mall)
    await proved(mall)


async def test_a_zero_cash_order_needs_no_wechat(mall: Mall) -> None:
    me = await funded(mall, 12_000)
    placed = await me.place(await make_sku(12_000), use_balance_fen=99_999)
    assert (placed["balance_fen"], placed["cash_due_fen"]) == (12_000, 0), "more than is due is not taken"
    assert await me.post(f"/orders/{placed['order_no']}/pay") == {"paid": True}
    assert (await me.order(placed["order_no"]))["status"] == "paid"
    assert await me.refused_post(f"/orders/{placed['order_no']}/pay") == "409 state_conflict"
    answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={placed['order_no']}")
    assert answer.status_code == 404, "WeChat never heard of it"
    await work(mall)
    await proved(mall)


async def test_an_unpaid_order_closes_when_its_time_is_up(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku(stock=1)
    order_no = (await me.place(sku))["order_no"]
    mall.clock.advance(14 * 60)
    await work(mall)
    assert (await me.order(order_no))["allowed_actions"] == ["pay", "cancel"]
    mall.clock.advance(61)
    assert await me.refused_post(f"/orders/{order_no}/pay") == "409 state_conflict"
    await work(mall)
    order = await me.order(order_no)
    assert (order["status"], order["allowed_actions"]) == ("closed", [])
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == 1
    await proved(mall)


async def test_cancelling_closes_once_and_not_what_is_paid(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku()
    first = (await me.place(sku))["order_no"]
    await me.post(f"/orders/{first}/pay")
    assert (await me.post(f"/orders/{first}/cancel"))["status"] == "closed"
    assert (await me.post(f"/orders/{first}/cancel"))["status"] == "closed"
    second = await me.buy(sku)
    assert await me.refused_post(f"/orders/{second}/cancel") == "409 state_conflict"
    assert await me.refused_post(f"/orders/{second}/receive") == "409 state_conflict"
    await work(mall)
    await proved(mall)


async def test_cancelling_what_wechat_knows_as_paid_settles_it_instead(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = (await me.place(await make_sku()))["order_no"]
    await mall.control("knobs", drop={"op": "pay_notify"})
    await me.pay(order_no)
    assert (await me.order(order_no))["status"] == "pending"
    assert await me.refused_post(f"/orders/{order_no}/cancel") == "409 state_conflict"
    assert (await me.order(order_no))["status"] == "paid"
    await work(mall)
    await proved(mall)


async def test_from_cart_orders_everything_in_it_and_empties_it(mall: Mall) -> None:
    me = await shopper(mall)
    first, second = await make_sku(1_000), await make_sku(2_000)
    assert await me.refused_post("/orders", {"from_cart": True}) == "422 items_invalid"
    for sku, quantity in ((first, 2), (second, 1)):
        await me.do("PUT", "/cart/items", {"sku_id": sku, "quantity": quantity})
    placed = await me.post("/orders", {"from_cart": True, "address_id": await me.address()})
    assert [(line["sku_id"], line["quantity"]) for line in placed["lines"]] == [(first, 2), (second, 1)]
    assert (await me.get("/cart"))["items"] == []


async def test_the_life_of_an_order_is_on_its_page(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku(), remark="放门口")
    order = await me.order(order_no)
    assert (order["status"], order["allowed_actions"], order["remark"]) == ("paid", ["refund"], "放门口")
    assert order["address"]["name"] == "收货人"
    await receive(mall, me, order_no)
    order = await me.order(order_no)
    assert (order["status"], order["company"], order["tracking_no"]) == ("received", "SF", "SF1234567890")
    assert [step["label"] for step in order["timeline"]] == ["下单", "付款", "发货", "收货"]
    assert (await me.post(f"/orders/{order_no}/receive"))["status"] == "received"
    await pass_days(mall, 7.01)
    order = await me.order(order_no)
    assert (order["status"], order["allowed_actions"]) == ("completed", [])
    for status, count in (("completed", 1), ("pending", 0)):
        assert len((await me.get(f"/orders?status={status}"))["items"]) == count
    assert await me.refused("GET", "/orders?status=lost") == "400 bad_request"


async def test_orders_come_in_pages_newest_first(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku()
    made = [(await me.place(sku))["order_no"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = await me.get(f"/orders?limit=2{cursor}")
        seen += [one["order_no"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    assert await me.refused("GET", "/orders?cursor=nonsense") == "400 bad_request"


async def test_card_keys_are_shown_to_their_owner_and_sealed_at_rest(mall: Mall) -> None:
    me, you = await shopper(mall), await shopper(mall, "o-second")
    sku = await make_virtual_sku(mall, ["KEY-AAA", "KEY-BBB", "KEY-CCC"])
    body = {"items": [{"sku_id": sku, "quantity": 2}]}
    order_no = (await me.post("/orders", body))["order_no"]
    assert (await me.order(order_no))["lines"][0]["cards"] == []
    await me.pay(order_no)
    await work(mall)
    order = await me.order(order_no)
    assert (order["status"], order["lines"][0]["cards"], order["address"]) == ("received", ["KEY-AAA", "KEY-BBB"], None)
    assert await you.refused("GET", f"/orders/{order_no}") == "404 not_found"
    sealed = [row["sealed"] for row in await db.fetch("SELECT sealed FROM card_keys")]
    assert not any("KEY" in str(text) for text in sealed)
    assert "KEY" not in (await me.ask("GET", "/orders")).text, "lists do not carry secrets"
    await proved(mall)


async def test_low_stock_is_told_once_per_crossing(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku(stock=4, alert_at=2)

    async def alarms() -> int:
        return int(await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'stock_low'"))

    counts, placed = [], []
    for _ in range(4):
        placed.append((await me.place(sku))["order_no"])
        counts.append(await alarms())
    assert counts == [0, 1, 1, 1]
    for order_no in placed:
        await me.post(f"/orders/{order_no}/cancel")
    for _ in range(2):
        await me.place(sku)
    assert await alarms() == 2
