"""A member who has used every feature: orders in every state, friends, rebate, commission, withdrawals."""

from dataclasses import dataclass
from typing import Any

from server.rules.commissions import CommissionTerms, Ratio
from server.services.orders import fulfilment
from server.services.terms import commission_policies
from server.services.withdrawals import requests as withdrawal_requests
from tests.support.flash import make_sale
from tests.support.group_buys import open_team
from tests.support.mall import Mall
from tests.support.shop import Shopper, earn_rebate, join, work

OPENID = "h5-rich"
_OBSERVED_DAYS = 8


@dataclass(frozen=True)
class Life:
    """The member, and the ids and numbers that tests look at."""

    me: Shopper
    product: int
    sku: int
    orders: dict[str, str]
    """Order numbers by state: `completed, pending, paid, shipped, closed, refunded, virtual`."""
    rebate: int
    commission: int
    """Id of a commission that has arrived."""
    withdrawal: str
    """Number of a withdrawal that waits for the member to confirm it."""
    address: int
    coupon: int
    """Id of a coupon that is for some goods only."""
    team: str
    """Number of a team that the member opened and that needs two more."""


async def goods(mall: Mall, kind: str = "physical") -> list[dict[str, Any]]:
    """Return details of products of one kind with plenty of stock, cheapest first."""
    items = (await mall.http.get(f"/api/products?kind={kind}&sort=price_asc&limit=30")).json()["items"]
    plenty = [one["id"] for one in items if one["stock_state"] == "in_stock"][:6]
    return [(await mall.http.get(f"/api/products/{product}")).json() for product in plenty]


def sku_of(product: dict[str, Any]) -> int:
    """Return a SKU of which a dozen can be bought."""
    return int(next(sku["id"] for sku in product["skus"] if sku["available"] >= 12))


async def _orders(mall: Mall, me: Shopper, sku: int, card: int) -> dict[str, str]:
    """Make one order in every state."""
    pending = (await me.place(sku))["order_no"]
    closed = (await me.place(sku))["order_no"]
    await me.post(f"/orders/{closed}/cancel")
    paid, shipped, refunded, virtual = [await me.buy(one) for one in (sku, sku, sku, card)]
    await fulfilment.ship(mall.deps, shipped, "顺丰速运", "SF1234567890", "tester")
    await me.refund(refunded)
    await work(mall)
    return {
        "pending": pending,
        "closed": closed,
        "paid": paid,
        "shipped": shipped,
        "refunded": refunded,
        "virtual": virtual,
    }


POLICIES = CommissionTerms(policies=(Ratio(ratio_bp=1_000),))


async def _money(mall: Mall, me: Shopper) -> tuple[int, str]:
    """Make a commission that arrived, and withdrawals: one rejected, one paid, one that waits for the member."""
    settled = next(one for one in (await me.get("/commissions"))["items"] if one["state"] == "settled")
    no = ""
    for state in ("rejected", "paid", "confirming"):
        no = (await me.post("/withdrawals", {"amount_fen": 100}))["withdrawal_no"]
        if state == "rejected":
            await withdrawal_requests.reject(mall.deps, no, "tester", "请先完善资料")
            continue
        await withdrawal_requests.approve(mall.deps, no, "tester")
        await work(mall)
        if state == "paid":
            await mall.http.post(f"/sandbox/transfers/{no}/confirm")
    return settled["id"], no


async def _team(mall: Mall, me: Shopper) -> str:
    """Open a team of three from the demo shop's activity."""
    activities = (await mall.http.get("/api/group-buys")).json()["items"]
    one = await me.get(f"/group-buys/{next(one['id'] for one in activities if one['size'] == 3)}")
    _, team_no = await open_team(me, one["id"], one["skus"][0]["sku_id"])
    return team_no


async def lived(mall: Mall) -> Life:
    """Go through all of it."""
    physical, virtual = await goods(mall), await goods(mall, "virtual")
    product, sku = physical[0], sku_of(physical[0])
    await commission_policies.apply(mall.deps, POLICIES, "for tests", "tester")
    mall.clock.advance(1)  # from then on they are in force
    me = await join(mall, openid=OPENID)
    await me.address()
    own, *_ = await earn_rebate(mall, me, sku, _OBSERVED_DAYS)
    orders = await _orders(mall, me, sku, sku_of(virtual[0]))
    late = await join(mall, me)
    await late.buy(sku)
    await work(mall)
    for other in physical[1:3]:
        await me.do("PUT", "/cart/items", {"sku_id": sku_of(other), "quantity": 2})
    for template in (await me.get("/coupon-templates"))["items"]:
        if template["claimable"]:
            await me.post(f"/coupon-templates/{template['id']}/claim")
    scoped = next(one["id"] for one in (await me.get("/coupons"))["items"] if one["scoped"])
    shared = await me.post("/shares", {"kind": "product", "target_id": str(product["id"]), "channel": "poster"})
    await mall.http.post(f"/api/shares/{shared['share_code']}/touch", json={"visitor_id": "v" * 16})
    rebate = (await me.rebates())[0]
    assert rebate["state"] == "settled"
    commission, withdrawal = await _money(mall, me)
    numbers = {"completed": own} | orders
    await make_sale(mall, sku, 20, name="午间秒杀", slug="noon")
    address, team = await me.address(), await _team(mall, me)
    return Life(me, product["id"], sku, numbers, rebate["id"], commission, withdrawal, address, scoped, team)
