"""No operator alone can sell goods for next to nothing: what members can buy before and after the second operator."""

from datetime import timedelta
from typing import Any

import pytest

from server import db
from server.services.desk import approvals
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, join, stock
from tests.support.shop import product as product_entry
from tests.support.staff import ADA, OPS, activity, coupon, employ, prices, waits


@pytest.fixture
async def shop(mall: Mall) -> Mall:
    await employ(mall, ADA, OPS)
    await stock(mall, product_entry("mask", "面膜", 10_000))
    return mall


async def paid_for(anna: Shopper, sku: int, **more: Any) -> int:
    """Buy a piece; return its price."""
    (line,) = (await anna.order(await anna.buy(sku, **more)))["lines"]
    return int(line["price_fen"])


async def test_a_flash_sale_for_a_fen_is_bought_only_when_two_operators_want_it(shop: Mall) -> None:
    """Given one operator who makes a session for a fen, then its buyers find nothing until another one approves."""
    anna = await join(shop)
    sku = await db.fetch_value("SELECT id FROM skus")
    item = {"sku": "mask-1", "price_fen": 1, "stock": 2, "per_member": 1}
    now = shop.clock.now()
    session = {"slug": "noon", "name": "秒杀", "starts_at": now, "ends_at": now + timedelta(days=7), "items": [item]}
    asked = await waits(shop, OPS, activity(flash_sales=[session]))
    assert (await anna.get("/flash-sales"))["items"] == []
    assert await paid_for(anna, sku) == 10_000
    assert await approvals.approve(shop.deps, asked, ADA, "引流") is None
    found = await db.fetch_value("SELECT id FROM flash_items")
    assert await paid_for(anna, sku, promotion={"kind": "flash_sale", "id": found}) == 1
    await proved(shop)


async def test_the_ways_around_lead_to_the_same_queue(shop: Mall) -> None:
    """A lower price of the SKU, a new SKU, a group buy, the points mall and a coupon: each waits, or all add up."""
    cheap = {"code": "mask-1", "price_fen": 7_000}
    assert (await approvals.submit(shop.deps, OPS, prices({"slug": "mask", "skus": [cheap]}))).skus == 1
    await waits(shop, OPS, prices({"slug": "mask", "skus": [{"code": "mask-2", "price_fen": 1, "spec": {"款": "小"}}]}))
    await waits(shop, OPS, activity(points_goods=[{"slug": "cup", "sku": "mask-1", "points": 6_999, "stock": 5}]))
    await waits(shop, OPS, coupon({"slug": "gift", "name": "礼券", "amount_fen": 7_000}))
    assert (
        await db.fetch_value("SELECT (SELECT count(*) FROM points_goods) + (SELECT count(*) FROM coupon_templates)")
        == 0
    )
