"""A rebate paid as a coupon: issued at release, used under its terms, taken back if its orders are refunded."""

from typing import Any

from server import db
from tests.support.circle import Circle, circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, make_virtual_sku, pass_days, publish, work

TERMS: dict[str, Any] = {"pay_as": "coupon", "coupon_threshold_fen": 5_000, "coupon_days": 30, "observe_days": 0}


async def couponed(mall: Mall, **terms: Any) -> tuple[Circle, int]:
    """Return a circle whose rebate of 10 000 was paid as a coupon, and the coupon's id."""
    await publish(mall, **TERMS | terms)
    a = await circle(mall)
    await a.bring(3)
    assert (await a.me.get("/coupons"))["items"] == []
    await a.receive_all()
    return a, (await coupon(a))["id"]


async def coupon(a: Circle) -> dict[str, Any]:
    (found,) = (await a.me.get("/coupons"))["items"]
    return dict(found)


async def test_given_a_coupon_rule_when_the_rebate_settles_then_a_coupon_comes_with_its_terms(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    rebate, held = await a.rebate(), await coupon(a)
    assert (rebate["state"], rebate["pay_as"], rebate["amount_fen"]) == ("settled", "coupon", 10_000)
    assert (held["amount_fen"], held["threshold_fen"], held["state"]) == (10_000, 5_000, "unused")
    cheap = await a.me.basket(await make_sku(4_000), coupon_id=coupon_id)
    assert await a.me.refused_post("/orders", cheap) == "422 coupon_unusable"
    placed = await a.me.place(await make_sku(25_000), coupon_id=coupon_id)
    assert (placed["discounts"][0]["amount_fen"], placed["cash_due_fen"]) == (10_000, 15_000)
    assert (await coupon(a))["state"] == "locked"
    await a.me.pay(placed["order_no"])
    assert (await coupon(a))["state"] == "used"
    assert (await a.me.wallet())["available_fen"] == 0


async def test_given_an_unused_coupon_when_a_friend_is_refunded_then_it_is_void(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    await shop_refunds(mall, a.friends[0].order_no)
    assert ((await coupon(a))["state"], (await a.rebate())["state"]) == ("void", "reversed")
    assert (await a.me.wallet())["debt_fen"] == 0
    basket = await a.me.basket(await make_sku(25_000), coupon_id=coupon_id)
    assert await a.me.refused_post("/orders", basket) == "422 coupon_unusable"


async def test_given_a_used_coupon_then_only_the_refund_of_everything_at_once_gives_it_back(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    part = await a.me.buy(await make_sku(25_000), await make_sku(15_000), coupon_id=coupon_id)
    for line_id in await line_ids(a.me, part):
        await shop_refunds(mall, part, {line_id: 1})
        assert (await coupon(a))["state"] == "used"
        mall.clock.advance(61)  # WeChat accepts one refund of a payment per minute
    assert (await a.me.order(part))["status"] == "refunded"


async def test_given_a_locked_coupon_when_a_friend_is_refunded_then_the_unpaid_order_is_cancelled(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    sku = await make_sku(25_000, stock=1)
    placed = await a.me.place(sku, coupon_id=coupon_id)
    await a.me.post(f"/orders/{placed['order_no']}/pay")
    await shop_refunds(mall, a.friends[0].order_no)
    assert (await a.me.order(placed["order_no"]))["status"] == "closed"
    assert ((await coupon(a))["state"], (await a.me.wallet())["debt_fen"]) == ("void", 0)
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == 1


async def test_given_a_used_coupon_when_a_friend_is_refunded_then_its_actual_discount_is_debt(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    order_no = await a.me.buy(await make_sku(6_000), coupon_id=coupon_id)
    order = await a.me.order(order_no)
    assert (order["discounts"][0]["amount_fen"], order["cash_due_fen"]) == (6_000, 800), "only freight is left to pay"
    await shop_refunds(mall, a.friends[0].order_no)
    wallet = await a.me.wallet()
    assert (wallet["debt_fen"], wallet["available_fen"]) == (6_000, 0)
    assert (await a.rebate())["state"] == "reversed"


async def test_given_an_expired_coupon_when_a_friend_is_refunded_then_nothing_is_taken(mall: Mall) -> None:
    a, _ = await couponed(mall, coupon_days=5)
    await pass_days(mall, 6)
    assert (await coupon(a))["state"] == "expired"
    await shop_refunds(mall, a.friends[0].order_no)
    assert (await a.me.wallet())["debt_fen"] == 0


async def test_given_a_used_coupon_when_the_returned_order_is_refunded_then_the_discount_is_withheld(
    mall: Mall,
) -> None:
    a, coupon_id = await couponed(mall)
    await a.me.buy(await make_sku(6_000), coupon_id=coupon_id)
    granted = await shop_refunds(mall, a.own)
    assert (granted.cash_fen, granted.withheld_fen) == (4_000, 6_000)
    assert (await a.me.wallet())["debt_fen"] == 0


async def test_given_an_unused_coupon_when_the_returned_order_is_refunded_in_part_then_it_is_worth_less(
    mall: Mall,
) -> None:
    await publish(mall, **TERMS)
    me = await join(mall)
    own = await me.buy(await make_sku(10_000), await make_sku(6_000))
    a = Circle(mall, me, own, await make_sku(20_000), [])
    await a.bring(3)
    await a.receive_all()
    assert (await coupon(a))["amount_fen"] == 16_000
    granted = await shop_refunds(mall, own, {(await line_ids(me, own))[1]: 1})
    assert (granted.cash_fen, (await coupon(a))["amount_fen"]) == (6_000, 10_000)
    assert (await a.rebate())["amount_fen"] == 10_000


async def test_given_stages_of_coupons_when_the_last_friend_is_lost_then_only_the_last_coupon_goes(mall: Mall) -> None:
    await publish(mall, stages_bp=[3_000, 3_000, 4_000], **TERMS)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    shown = (await a.me.get("/coupons"))["items"]
    assert [(one["amount_fen"], one["state"]) for one in shown] == [
        (4_000, "unused"),
        (3_000, "unused"),
        (3_000, "unused"),
    ]
    await shop_refunds(mall, a.friends[0].order_no)
    shown = (await a.me.get("/coupons"))["items"]
    assert [one["state"] for one in shown] == ["void", "unused", "unused"]


async def test_given_a_coupon_that_pays_everything_then_no_money_moves_and_a_refund_gives_it_back(mall: Mall) -> None:
    a, coupon_id = await couponed(mall)
    placed = await a.me.place(await make_virtual_sku(mall, ["CARD-1"], 9_000), coupon_id=coupon_id)
    assert placed["cash_due_fen"] == 0
    assert await a.me.post(f"/orders/{placed['order_no']}/pay") == {"paid": True}
    await work(mall)
    assert (await a.me.order(placed["order_no"]))["lines"][0]["cards"] == ["CARD-1"]
    granted = await shop_refunds(mall, placed["order_no"])
    assert (granted.state, granted.cash_fen, granted.balance_fen) == ("succeeded", 0, 0)
    assert (await coupon(a))["state"] == "unused"
