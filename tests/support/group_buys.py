"""Group buys for tests: activities over the catalogue, teams of shoppers."""

import secrets
from datetime import timedelta
from typing import Any

from server import db
from server.services.promotions import apply as activity_apply
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, pass_days

LIST_FEN, GROUP_FEN = 10_000, 7_000


async def make_group_buy(mall: Mall, sku: int, *, size: int = 3, price_fen: int = GROUP_FEN, **more: Any) -> int:
    """Make a running activity for the SKU's product; return its id."""
    row = await db.fetch_row(
        "SELECT p.slug, s.code FROM skus s JOIN products p ON p.id = s.product_id WHERE s.id = $1", sku
    )
    assert row is not None
    now = mall.clock.now()
    price = {"code": row["code"], "price_fen": price_fen}
    if "leader_price_fen" in more:
        price["leader_price_fen"] = more.pop("leader_price_fen")
    entry = {
        "slug": f"g-{secrets.token_hex(4)}",
        "title": "三人拼团",
        "product": row["slug"],
        "size": size,
        "window_hours": 24,
        "starts_at": now,
        "ends_at": now + timedelta(days=30),
        "skus": [price],
    } | more
    await activity_apply.apply(mall.deps, {"group_buys": [entry]}, "tester")
    found: int = await db.fetch_value("SELECT id FROM group_buys WHERE slug = $1", entry["slug"])
    return found


def promotion(group_buy_id: int, team_no: str | None = None) -> dict[str, Any]:
    """Return the `promotion` field of an order that opens a team or joins one."""
    return {"promotion": {"kind": "group_buy", "id": group_buy_id, "team_no": team_no}}


async def team_of(order_no: str) -> str:
    """Return the number of the team in which an order has a seat."""
    found: str = await db.fetch_value(
        "SELECT t.team_no FROM orders o JOIN teams t ON t.id = o.team_id WHERE o.order_no = $1", order_no
    )
    return found


async def open_team(leader: Shopper, group_buy_id: int, sku: int, **more: Any) -> tuple[str, str]:
    """Open a team by a paid order of the leader; return the order and the team."""
    order_no = await leader.buy(sku, **promotion(group_buy_id), **more)
    return order_no, await team_of(order_no)


async def join_team(member: Shopper, group_buy_id: int, team_no: str, sku: int, **more: Any) -> str:
    """Join a team by a paid order; return the order."""
    return await member.buy(sku, **promotion(group_buy_id, team_no), **more)


async def buy_together(mall: Mall, sku: int) -> None:
    """Make a team that succeeds, and a failed team whose leader has a referrer."""
    activity = await make_group_buy(mall, sku, size=2, stock_limit=10)
    _, team_no = await open_team(await join(mall), activity, sku)
    await join_team(await join(mall), activity, team_no, sku)
    await open_team(await join(mall, await join(mall)), activity, sku)
    for _ in range(2):
        await pass_days(mall, 1)
