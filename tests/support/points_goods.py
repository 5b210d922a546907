"""The points mall for tests."""

import secrets
from typing import Any

from server import db
from server.services.promotions import apply as activity_apply
from tests.support.mall import Mall
from tests.support.purse import give_points
from tests.support.shop import Shopper, make_sku, work


async def make_good(mall: Mall, sku_id: int, points: int = 500, stock: int = 10, **more: Any) -> int:
    """Put a SKU into the points mall; return the good's id."""
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku_id)
    entry = {"slug": f"p-{secrets.token_hex(4)}", "sku": code, "points": points, "stock": stock} | more
    await apply_good(mall, **entry)
    found: int = await db.fetch_value("SELECT id FROM points_goods WHERE slug = $1", entry["slug"])
    return found


async def apply_good(mall: Mall, **good: Any) -> activity_apply.Applied:
    """Apply one good, as from a file."""
    return await activity_apply.apply(mall.deps, {"points_goods": [good]}, "tester")


def exchange(good_id: int) -> dict[str, Any]:
    """Return the fields of an order beside its items."""
    return {"promotion": {"kind": "points", "id": good_id}}


async def taken(good_id: int) -> int:
    """Return how many pieces count as exchanged."""
    found: int = await db.fetch_value("SELECT taken FROM points_goods WHERE id = $1", good_id)
    return found


async def swap(mall: Mall, anna: Shopper) -> None:
    """Make exchanges that are paid, closed and refunded."""
    sku = await make_sku(3_000)
    good = await make_good(mall, sku, 20, price_fen=100)
    await give_points(mall, anna.id, 60)
    await anna.buy(sku, **exchange(good))
    closed = await anna.place(sku, **exchange(good))
    await anna.post(f"/orders/{closed['order_no']}/cancel")
    await anna.refund(await anna.buy(sku, **exchange(good)))
    await work(mall)
