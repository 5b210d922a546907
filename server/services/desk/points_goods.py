"""The points mall as operators see it: goods, and how much of each was exchanged."""

from typing import Any

import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.labels import POINTS_GOOD_STATES
from server.rules.operators import Permission
from server.rules.points_goods import Good, State
from server.rules.products import spec_text
from server.services.common import cursors
from server.services.common.listings import Column, Key, Listing, Row, beginning, numbered, search, switch

_LEFT = "LEAST(g.stock - g.taken, k.available)"
_STATES: dict[State, str] = {
    "open": f"g.active AND g.price_fen < k.price_fen AND {_LEFT} > 0",
    "sold_out": f"g.active AND g.price_fen < k.price_fen AND {_LEFT} <= 0",
    "stopped": "(NOT g.active OR g.price_fen >= k.price_fen)",
}
"""The states of `rules/points_goods.py` as SQL conditions."""


def _worded(_deps: Deps, row: Row) -> Row:
    found = msgspec.convert(row, Good)
    return row | {"state": found.state, "left": found.left, "spec": spec_text(orjson.loads(row["spec"]))}


_SELECT = (
    "g.id, g.slug, g.points, g.price_fen, g.stock, g.taken, g.per_member, g.active, k.code, k.spec, k.product_id,"
    " k.available, k.price_fen AS list_price_fen, p.title, o.orders, o.members, o.points AS points_spent, o.cash_fen"
)
_SOURCE = """
points_goods g JOIN skus k ON k.id = g.sku_id JOIN products p ON p.id = k.product_id
CROSS JOIN LATERAL (SELECT count(*)::int AS orders, count(DISTINCT member_id)::int AS members,
    COALESCE(sum(points - refunded_points), 0)::bigint AS points,
    COALESCE(sum(cash_due_fen - refunded_cash_fen), 0)::bigint AS cash_fen
  FROM orders WHERE kind = 'points' AND promotion_id = g.id AND paid_at IS NOT NULL) o
"""

GOODS = Listing(
    name="points-goods",
    title="积分商城",
    things="积分商品",
    permission=Permission.PROMOTIONS_VIEW,
    select=_SELECT,
    source=_SOURCE,
    keys=(Key("g.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number", to="/admin/points-goods/{id}"),
        Column("标识", "slug", "code", to="/admin/points-goods/{id}"),
        Column("状态", "state", "tag", words=POINTS_GOOD_STATES),
        Column("商品", "title", to="/admin/products/{product_id}"),
        Column("规格", "spec"),
        Column("SKU 编码", "code", "code"),
        Column("积分", "points", "number"),
        Column("加现金", "price_fen", "yuan"),
        Column("售价", "list_price_fen", "yuan"),
        Column("库存", "stock", "number"),
        Column("已兑", "taken", "number"),
        Column("可兑", "left", "number"),
        Column("每人限兑", "per_member", "number", words={None: "不限"}),
        Column("已付订单", "orders", "number"),
        Column("兑换人数", "members", "number"),
        Column("消耗积分", "points_spent", "number"),
        Column("实收", "cash_fen", "yuan"),
    ),
    filters=(
        search("编号、标识或 SKU 编码开头", numbered("g.id"), beginning("g.slug", "[a-z0-9-]+"), beginning("k.code")),
        switch("state", "状态", {state: (POINTS_GOOD_STATES[state], sql) for state, sql in _STATES.items()}),
    ),
    empty="积分商城还没有商品",
    template="promotions/points_goods.html",
    opened=_worded,
)


async def good(deps: Deps, good_id: int) -> dict[str, Any]:
    """Return one good with its `state` and results. Raises NotFound."""
    row = await db.fetch_row(f"SELECT {_SELECT} FROM {_SOURCE} WHERE g.id = $1", good_id)  # noqa: S608 - our own text
    if row is None:
        raise NotFound(what="points_good")
    return _worded(deps, dict(row))


async def good_id(slug: str) -> int:
    """Return the id of an existing good by its slug."""
    found: int = await db.fetch_value("SELECT id FROM points_goods WHERE slug = $1", slug)
    return found
