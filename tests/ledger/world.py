"""A mall where everything happened that moves money, at least once."""

import secrets
from datetime import timedelta

from server import db
from server.gateways.ports import PaymentNotice
from server.rules.levels import Level
from server.services.checkout import payments
from server.services.growth import progress
from server.services.orders import refunds
from server.services.points import check_ins, movements
from server.services.terms import levels
from server.services.withdrawals import requests as withdrawal_requests
from tests.support.flash import rush
from tests.support.group_buys import buy_together
from tests.support.mall import Mall
from tests.support.points_goods import swap
from tests.support.proof import let_rest
from tests.support.purse import ask, give_coupons, send, set_policy
from tests.support.shop import (
    Shopper,
    earn_rebate,
    join,
    make_coupon_sku,
    make_sku,
    make_virtual_sku,
    pass_days,
    publish,
    publish_commission,
    work,
)


async def make_coupon(mall: Mall, shopper: Shopper, amount_fen: int) -> int:
    """Give the shopper a coupon without a source; return its id."""
    async with db.connection() as connection:
        coupon_id: int = await connection.fetchval(
            "INSERT INTO coupons (member_id, source, name, amount_fen, threshold_fen, state, starts_at, expires_at,"
            " discount_fen, created_at) VALUES ($1, $2, '券', $3, 0, 'unused', $4, $5, 0, $4) RETURNING id",
            shopper.id,
            secrets.token_hex(8),
            amount_fen,
            mall.clock.now(),
            mall.clock.now() + timedelta(days=99),
        )
        return coupon_id


async def approve(mall: Mall, refund_no: str) -> None:
    """Approve a refund and let WeChat pay it; WeChat accepts one refund of a payment per minute."""
    await refunds.approve(mall.deps, refund_no, "tester")
    await work(mall)
    mall.clock.advance(61)


async def settled_rebate(mall: Mall, sku: int) -> tuple[Shopper, str]:
    """Return a referrer with a settled rebate, and the number of one of the orders that counted for it."""
    anna = await join(mall)
    orders = await earn_rebate(mall, anna, sku)
    return anna, orders[1]


async def pay_twice(mall: Mall, shopper: Shopper, order_no: str) -> None:
    """Send a notice about a second transaction for a paid order."""
    deps = mall.deps
    due = (await shopper.order(order_no))["cash_due_fen"]
    told = PaymentNotice(
        deps.appid, deps.mchid, order_no, secrets.token_hex(14), "SUCCESS", due, "CNY", shopper.openid, mall.clock.now()
    )
    assert await payments.settle(deps, told, "notify") == "twice"


async def live_through(mall: Mall) -> None:
    """Do everything that moves money, at least once."""
    await publish(mall, budget_fen=1_000_000, withdrawable=True)
    sku, cheap = await make_sku(12_000), await make_sku(3_000)
    keys = await make_virtual_sku(mall, ["k1", "k2", "k3", "k4", "k5"], 2_000)
    await earn_commission(mall)
    await earn_by_the_month(mall)
    await earn_points(mall)
    await buy_together(mall, sku)
    anna, friends_order = await settled_rebate(mall, sku)
    cora, _ = await settled_rebate(mall, sku)
    await publish(mall, pay_as="coupon")
    await settled_rebate(mall, sku)
    await publish(mall, budget_fen=1_000_000, withdrawable=True)
    paid = await use_balance_and_coupons(mall, anna, cheap, keys)

    await give_coupons(mall, anna)
    await anna.buy(await make_coupon_sku(mall, "gift"))
    # Some pieces are refunded before shipping, others after it.
    order_no = await anna.buy(sku, cheap)
    first, second = (await anna.order(order_no))["lines"]
    asked = await anna.refund(order_no, lines=[{"line_id": first["line_id"], "quantity": 1}])
    await approve(mall, asked["refund_no"])
    await anna.receive(order_no)
    asked = await anna.refund(order_no, lines=[{"line_id": second["line_id"], "quantity": 1}])
    await approve(mall, asked["refund_no"])

    # One rebate stays frozen; another is taken back, and the wallet holds less than it was.
    bert = await join(mall)
    await bert.buy(sku)
    for _ in range(3):
        await (await join(mall, bert)).buy(sku)
    await work(mall)
    await anna.buy(sku, use_balance_fen=(await anna.wallet())["available_fen"])
    opened = await refunds.open_for(mall.deps, friends_order, None, "破损", "tester")
    await approve(mall, opened.refund_no)
    assert (await anna.wallet())["debt_fen"] > 0
    await withdraw(mall, cora)
    await rush(mall, anna)
    await swap(mall, anna)
    await rise(mall, anna)
    await (await join(mall, bert)).place(sku)
    dave = await join(mall)  # who has friends, and nothing to be returned
    for _ in range(3):
        await (await join(mall, dave)).buy(sku)
    await work(mall)
    await publish(mall, qualify_at="received")
    await (await join(mall, bert)).buy(sku)
    await withdrawal_requests.approve(mall.deps, await ask(cora, 1_000), "tester")
    await let_rest(mall)
    await pay_twice(mall, anna, paid)  # last: WeChat does not know this payment, so its refund never succeeds


async def earn_commission(mall: Mall) -> None:
    """Make commissions on two levels: settled, never received, and partly taken back. Then remove the policies."""
    policies = [{"kind": "ratio", "ratio_bp": 1_000, "level": level} for level in (1, 2)]
    await publish_commission(mall, policies=policies, depth=2)
    upper = await join(mall)
    lower = await join(mall, upper)
    friend = await join(mall, lower)
    sku = await make_sku(10_000)
    await friend.receive(await friend.buy(sku))
    await pass_days(mall, 7.01)
    order_no = await friend.buy(sku, await make_sku(5_000))
    await work(mall)
    line_id = (await friend.order(order_no))["lines"][0]["line_id"]
    asked = await friend.refund(order_no, lines=[{"line_id": line_id, "quantity": 1}])
    await approve(mall, asked["refund_no"])
    assert (await lower.wallet())["frozen_fen"] == 500
    await publish_commission(mall)


async def earn_by_the_month(mall: Mall) -> None:
    """Make commissions by what friends had bought in the month before. Then remove the policies."""
    tiers = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 5_000, "ratio_bp": 200}]
    await publish_commission(mall, policies=[{"kind": "ladder", "by": "month", "tiers": tiers}])
    friend, sku = await join(mall, await join(mall)), await make_sku(10_000)
    for _ in range(2):
        mall.clock.advance(120)
        await friend.buy(sku)
        await work(mall)
    await publish_commission(mall)


async def earn_points(mall: Mall) -> None:
    """Make points that an order earned and that have arrived; later orders earn some too."""
    await set_policy(mall, points_per_yuan=1)
    dora = await join(mall)
    await dora.receive(await dora.buy(await make_sku(10_000)))
    await pass_days(mall, 7.01)
    assert (await dora.wallet())["points"] == 100


async def rise(mall: Mall, anna: Shopper) -> None:
    """Make levels, and a member who stands on the second one."""
    wanted = (Level("普通会员", 0), Level("银卡会员", 100, 9_800))
    assert await levels.change(mall.deps, wanted, levels.version(await levels.current()), "测试", "tester")
    assert await progress.correct(mall.deps, anna.id, 150, "old", "老会员", "tester", anew=False)
    assert await movements.adjust(mall.deps, anna.id, 30, "gift", "补偿", "tester")
    await set_policy(mall, check_in_points=5)
    assert (await check_ins.check_in(mall.deps, anna.id)).new
    await work(mall)


async def withdraw(mall: Mall, cora: Shopper) -> None:
    """Make withdrawals: paid with a fee, of which one needed two operators, rejected, and still open."""
    await set_policy(mall, withdrawal_fee_bp=100, withdrawal_second_from_fen=3_500)
    mall.clock.advance(120)
    paid = await send(mall, cora, 3_000)
    await mall.control("transfer_confirm", out_bill_no=paid)
    large = await ask(cora, 3_500)
    for operator in ("tester", "second"):
        await withdrawal_requests.approve(mall.deps, large, operator)
    await work(mall)
    await mall.control("transfer_confirm", out_bill_no=large)
    await withdrawal_requests.reject(mall.deps, await ask(cora, 2_000), "tester", "资料不符")
    await ask(cora, 1_000)


async def use_balance_and_coupons(mall: Mall, anna: Shopper, cheap: int, keys: int) -> str:
    """Place orders with balance and coupons: pending, closed, paid, refunded; virtual goods; one that costs nothing."""
    await anna.place(cheap, use_balance_fen=1_000, coupon_id=await make_coupon(mall, anna, 500))
    closed = await anna.place(cheap, use_balance_fen=700, coupon_id=await make_coupon(mall, anna, 300))
    await anna.post(f"/orders/{closed['order_no']}/cancel")
    paid = await anna.buy(cheap, use_balance_fen=800, coupon_id=await make_coupon(mall, anna, 400))
    given_back = await anna.buy(cheap, use_balance_fen=900, coupon_id=await make_coupon(mall, anna, 200))
    await anna.refund(given_back)
    await anna.buy(keys, coupon_id=await make_coupon(mall, anna, 2_000))
    mixed = await anna.buy(keys, cheap)
    await anna.refund(await anna.buy(keys))
    await work(mall)
    await approve(mall, (await anna.refund(mixed))["refund_no"])  # all but the card key, which is delivered
    return paid
