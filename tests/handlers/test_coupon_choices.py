"""Coupons for an order: the prices that the server offers are those of preview and placing."""

from typing import Any

from server import db
from tests.handlers.test_coupon_claims import offer
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, join, make_sku, work


async def held(mall: Mall, me: Shopper, slug: str, **terms: Any) -> int:
    template = await offer(mall, slug=slug, name=slug, **terms)
    claimed = await me.post(f"/coupon-templates/{template}/claim")
    return int(claimed["id"])


async def test_what_fits_comes_first_and_the_others_say_why(mall: Mall) -> None:
    me = await join(mall)
    cream, bottle = await make_sku(10_000, category="face"), await make_sku(6_000, category="baby")
    baby = await db.fetch_value("SELECT id FROM categories WHERE slug = 'baby'")
    ten = await held(mall, me, "ten")
    percent = await held(mall, me, "percent", amount_fen=..., off_bp=3000, most_fen=2500)
    infants = await held(mall, me, "infants", amount_fen=..., off_bp=5000, categories=[baby], threshold_fen=6_000)
    dear = await held(mall, me, "dear", amount_fen=9_000, threshold_fen=99_000)
    face = await db.fetch_row("SELECT id, title FROM products ORDER BY id LIMIT 1")
    assert face
    other, title = await held(mall, me, "other", products=[face["id"]]), face["title"]
    locked = await held(mall, me, "locked")
    late = await held(mall, me, "late", starts_at="2036-01-01T00:00:00+08:00", ends_at="2037-01-01T00:00:00+08:00")
    await me.place(await make_sku(), coupon_id=locked)
    basket = await me.basket(bottle)
    answer = await me.post("/orders/coupons", basket | {"coupon_id": ten})
    seen = [(one["id"], one["fits"], one["off_fen"], one["reason"], one["problem"]) for one in answer["items"]]
    assert seen[:3] == [
        (infants, True, 3_000, None, None),
        (percent, True, 1_800, None, None),
        (ten, True, 1_000, None, None),
    ]
    assert {one[0]: one[3:] for one in seen[3:]} == {
        dear: ("threshold", "未满 990 元"),
        other: ("scope", f"限「{title}」"),
        locked: ("state", "已被其他订单占用"),
        late: ("not_started", "还没到可用时间"),
    }
    assert answer["best_coupon_id"] == infants
    for one in answer["items"]:
        if one["fits"]:
            shown = await me.post("/orders/preview", basket | {"coupon_id": one["id"]})
            assert shown["cash_due_fen"] == one["to_pay_fen"]
        else:
            assert await me.refused_post("/orders/preview", basket | {"coupon_id": one["id"]}) == "422 coupon_unusable"
    both = await me.basket(cream, bottle, coupon_id=infants)
    placed = await me.post("/orders", both)
    assert [line["coupon_fen"] for line in placed["lines"]] == [0, 3_000]
    await me.pay(placed["order_no"])
    await work(mall)
    answer = await me.post("/orders/coupons", basket)
    assert infants not in [one["id"] for one in answer["items"]]
    await me.refund(placed["order_no"])
    await work(mall)
    answer = await me.post("/orders/coupons", basket)
    assert answer["best_coupon_id"] == infants, "a whole refund gives the coupon back"
    await proved(mall)


async def test_a_percentage_has_its_ceiling_and_balance_pays_the_rest(mall: Mall) -> None:
    me = await join(mall)
    await held(mall, me, "percent", amount_fen=..., off_bp=3000, most_fen=2500)
    (one,) = (await me.post("/orders/coupons", await me.basket(await make_sku(20_000))))["items"]
    assert (one["off_fen"], one["to_pay_fen"]) == (2_500, 17_500)


async def test_a_coupon_that_costs_the_free_delivery_is_not_the_best(mall: Mall) -> None:
    me = await join(mall)
    sku = await make_sku(9_900)
    plain = (await me.post("/orders/preview", await me.basket(sku)))["cash_due_fen"]
    await held(mall, me, "small", amount_fen=100)
    answer = await me.post("/orders/coupons", await me.basket(sku))
    assert (plain, answer["items"][0]["to_pay_fen"]) == (9_900, 10_600)
    assert answer["best_coupon_id"] is None
    assert (await (await join(mall)).post("/orders/coupons", {"items": [{"sku_id": sku, "quantity": 1}]}))[
        "items"
    ] == []


async def test_what_cannot_be_ordered_has_no_coupons(mall: Mall) -> None:
    me = await join(mall)
    assert await me.refused_post("/orders/coupons", {"items": [{"sku_id": 1, "quantity": 1}]}) == "422 sku_unavailable"
    assert await me.refused_post("/orders/coupons", {"from_cart": True}) == "422 items_invalid"
