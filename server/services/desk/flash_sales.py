"""Flash sales as operators see them: sessions, and the results of each item."""

import re
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.flash_sales import Window
from server.rules.operators import Permission
from server.rules.products import spec_text
from server.services.common import cursors
from server.services.common.listings import (
    Column,
    Filter,
    Key,
    Listing,
    Row,
    Way,
    beginning,
    numbered,
    search,
    since,
    until,
)

_STATES = {
    "not_started": "s.stopped_at IS NULL AND s.starts_at > {0}",
    "running": "s.stopped_at IS NULL AND s.starts_at <= {0} AND s.ends_at > {0}",
    "over": "(s.stopped_at IS NOT NULL OR s.ends_at <= {0})",
}
_STATE = Filter(
    "state",
    "状态",
    tuple(Way(sql, re.compile(state), lambda deps, _text: deps.clock.now()) for state, sql in _STATES.items()),
    labels.FLASH_SALE_STATES,
)


def _shown(deps: Deps, row: Row) -> Row:
    window = Window(row["starts_at"], row["ends_at"], row["stopped_at"])
    return row | {"state": window.state(deps.clock.now()), "ends_at": window.end}


SALES = Listing(
    name="flash-sales",
    title="秒杀场次",
    permission=Permission.PROMOTIONS_VIEW,
    select=(
        "s.id, s.slug, s.name, s.starts_at, s.ends_at, s.stopped_at, t.items, t.stock, t.stock - t.open AS sold, t.free"
    ),
    source=(
        "flash_sales s CROSS JOIN LATERAL (SELECT count(*)::int AS items,"
        " COALESCE(sum(i.stock - i.returned), 0)::int AS stock, COALESCE(sum(u.open), 0)::int AS open,"
        " COALESCE(sum(u.free), 0)::int AS free FROM flash_items i CROSS JOIN LATERAL (SELECT count(*) AS open,"
        " count(*) FILTER (WHERE order_id IS NULL) AS free FROM flash_units WHERE item_id = i.id AND NOT sold) u"
        " WHERE i.sale_id = s.id) t"
    ),
    keys=(Key("s.starts_at", datetime), Key("s.id", cursors.Number)),
    columns=(
        Column("编号", "id", "number", to="/admin/flash-sales/{id}"),
        Column("标识", "slug", "code"),
        Column("名称", "name", to="/admin/flash-sales/{id}"),
        Column("状态", "state", "tag", words=labels.FLASH_SALE_STATES),
        Column("开始", "starts_at", "when"),
        Column("结束", "ends_at", "when"),
        Column("商品数", "items", "number"),
        Column("库存", "stock", "number"),
        Column("已售", "sold", "number"),
        Column("剩余", "free", "number"),
    ),
    filters=(
        search("编号、标识开头或名称", numbered("s.id"), beginning("s.slug", "[a-z0-9-]+"), Way("s.name = {0}")),
        _STATE,
        since("s.starts_at", "开始从"),
        until("s.starts_at"),
    ),
    empty="还没有秒杀场次",
    template="promotions/flash_sales.html",
    opened=_shown,
)

_RESULTS = """
flash_items i JOIN flash_sales s ON s.id = i.sale_id
JOIN skus k ON k.id = i.sku_id JOIN products p ON p.id = k.product_id
CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE order_id IS NULL)::int AS free, count(order_id)::int AS held
  FROM flash_units WHERE item_id = i.id AND NOT sold) u
CROSS JOIN LATERAL (SELECT count(*)::int AS placed, count(paid_at)::int AS paid,
  COALESCE(sum(cash_due_fen - refunded_cash_fen) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint AS cash_fen
  FROM orders WHERE kind = 'flash_sale' AND promotion_id = i.id) o
"""
_RESULT = (
    "i.id, i.sale_id, s.name, s.starts_at, s.ends_at, s.stopped_at, k.code, k.spec, k.product_id, p.title, i.price_fen,"
    " k.price_fen AS list_price_fen, i.per_member, i.stock, i.returned, u.free, u.held,"
    " i.stock - i.returned - u.free - u.held AS sold, o.placed, o.paid, o.cash_fen"
)


def _worded(deps: Deps, row: Row) -> Row:
    paid_bp = row["paid"] * 10_000 // row["placed"] if row["placed"] else None
    conversion = None if paid_bp is None else f"{paid_bp // 100}.{paid_bp % 100:02d}%"
    return _shown(deps, row) | {"spec": spec_text(orjson.loads(row["spec"])), "conversion": conversion}


ITEMS = Listing(
    name="flash-items",
    title="秒杀结果",
    things="秒杀商品",
    permission=Permission.PROMOTIONS_VIEW,
    select=_RESULT,
    source=_RESULTS,
    keys=(Key("s.starts_at", datetime), Key("i.id", cursors.Number)),
    columns=(
        Column("编号", "id", "number"),
        Column("场次", "name", to="/admin/flash-sales/{sale_id}"),
        Column("状态", "state", "tag", words=labels.FLASH_SALE_STATES),
        Column("SKU 编码", "code", "code"),
        Column("商品", "title", to="/admin/products/{product_id}"),
        Column("规格", "spec"),
        Column("秒杀价", "price_fen", "yuan"),
        Column("每人限购", "per_member", "number"),
        Column("库存", "stock", "number"),
        Column("剩余", "free", "number"),
        Column("待付款", "held", "number"),
        Column("已售", "sold", "number"),
        Column("已退回", "returned", "number"),
        Column("下单", "placed", "number"),
        Column("付款", "paid", "number"),
        Column("付款率", "conversion"),
        Column("实收", "cash_fen", "yuan"),
        Column("开始", "starts_at", "when"),
    ),
    filters=(
        search("场次编号、SKU 编码开头或场次名称", numbered("i.sale_id"), beginning("k.code"), Way("s.name = {0}")),
        _STATE,
        since("s.starts_at", "开始从"),
        until("s.starts_at"),
    ),
    empty="还没有秒杀商品",
    opened=_worded,
)


async def sale(deps: Deps, sale_id: int) -> dict[str, Any]:
    """Return one session with its `state` and its `items`, each with results. Raises NotFound."""
    row = await db.fetch_row("SELECT * FROM flash_sales WHERE id = $1", sale_id)
    if row is None:
        raise NotFound(what="flash_sale")
    items = await db.fetch(f"SELECT {_RESULT} FROM {_RESULTS} WHERE i.sale_id = $1 ORDER BY i.id", sale_id)  # noqa: S608 - our own text
    return _shown(deps, dict(row)) | {"items": [_worded(deps, dict(item)) for item in items]}


async def sale_id(slug: str) -> int:
    """Return the id of an existing session by its slug."""
    found: int = await db.fetch_value("SELECT id FROM flash_sales WHERE slug = $1", slug)
    return found
