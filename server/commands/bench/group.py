"""Seats in teams: placing orders into open teams, compared with writing the same rows in bare SQL."""

from dataclasses import dataclass

import orjson

from server import db
from server.commands.bench.shop import MEMBERS, PRODUCTS, SKUS, Shop, request

SEATS = 45
"""Seats of a team of fifty that one round takes."""

_ACTIVITIES = """
WITH made AS (INSERT INTO group_buys (slug, title, product_id, size, window_hours, taken, virtual_fill, active,
    starts_at, ends_at, created_at)
  SELECT 'bench-' || i, '五十人团', i, 50, 168, 0, false, true, $1::timestamptz, $1::timestamptz + interval '30 days',
    $1
    FROM generate_series(1, $2::int) i RETURNING id, product_id)
INSERT INTO group_buy_skus (group_buy_id, sku_id, price_fen) SELECT id, product_id * 2 - 1, 9000 FROM made
"""
# Activity p is for product p: the shop has no other activities, so both have the same id.
_TEAMS = """
WITH made AS (INSERT INTO teams (team_no, group_buy_id, leader_id, size, state, taken, paid, filled, opened_at,
    closes_at, due_at)
  SELECT 'G' || $3::text || lpad(i::text, 20, '0'), g.id, 1, 50, 'open', 0, 0, 0, $1, $1::timestamptz
      + interval '7 days', $1::timestamptz + interval '7 days'
    FROM generate_series(0, $2::int - 1) i JOIN group_buys g ON g.product_id = 1 + i % $4::int ORDER BY i RETURNING id)
SELECT min(id) FROM made
"""


@dataclass(frozen=True, slots=True)
class Teams:
    """Open teams with consecutive ids: the first is for product 1, the next for product 2, and so on."""

    first: int
    name: str

    def team_no(self, number: int) -> str:
        """Return the number of a team; teams count from 0."""
        return f"G{self.name}{number:020d}"


async def open_teams(shop: Shop, count: int, name: str) -> Teams:
    """Open `count` teams in activities of all products."""
    at = shop.deps.clock.now()
    async with db.transaction() as tx:
        if not await tx.fetchval("SELECT EXISTS (SELECT FROM group_buys)"):
            await tx.execute(_ACTIVITIES, at, PRODUCTS)
        return Teams(await tx.fetchval(_TEAMS, at, count, name, PRODUCTS), name)


async def joins(shop: Shop, teams: Teams, count: int) -> list[bytes]:
    """Return orders that take one seat each, `SEATS` in a team; members in turn."""
    ids = {row["product_id"]: row["id"] for row in await db.fetch("SELECT id, product_id FROM group_buys")}
    made = []
    for one in range(count):
        team, member = one // SEATS, one % MEMBERS
        product = 1 + team % PRODUCTS
        headers = [f"Authorization: Bearer {shop.tokens[member]}", f"Idempotency-Key: group-{teams.name}-{one}"]
        promotion = {"kind": "group_buy", "id": ids[product], "team_no": teams.team_no(team)}
        items = [{"sku_id": product * 2 - 1, "quantity": 1}]
        body = orjson.dumps({"items": items, "address_id": member + 1, "promotion": promotion})
        made.append(request("POST", "/api/orders", body, headers))
    return made


def values(teams: Teams, base: int, each: int) -> dict[str, int]:
    """Return the variables of `group.sql`; every client has `each` teams."""
    return {
        "k": 0,
        "base": base,
        "members": MEMBERS,
        "skus": SKUS,
        "first_team": teams.first,
        "each": each,
        "seats": SEATS,
    }
