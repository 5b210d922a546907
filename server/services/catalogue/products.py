"""Read the catalogue: categories, product lists with filters and search, one product. Prices are in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
import orjson

from server import db
from server.rules.coupons import OnSale
from server.rules.coupons import told as told_coupon
from server.rules.freight import FreightTerms, told
from server.rules.levels import Level
from server.services.catalogue import coupon_scopes
from server.services.common import cursors, words
from server.services.terms import levels

StockState = Literal["in_stock", "low", "sold_out"]
Sort = Literal["newest", "price_asc", "price_desc", "sales"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters and the order of a product list; empty and None mean no filter."""

    category: str = ""
    """A slug or an id; includes all categories below it."""
    q: str = ""
    sort: Sort = "newest"
    kind: str = ""
    in_stock: bool = False
    min_price_fen: int | None = None
    max_price_fen: int | None = None
    products: tuple[int, ...] | None = None
    categories: tuple[int, ...] | None = None
    """Only these products or categories, as in a coupon's scope."""
    cursor: str = ""
    limit: int = 20


_ORDERS: dict[Sort, tuple[str, str]] = {
    "newest": ("p.id", "DESC"),
    "price_asc": ("p.min_price_fen", "ASC"),
    "price_desc": ("p.min_price_fen", "DESC"),
    "sales": ("p.sold_count", "DESC"),
}
"""The sort column of each order. The id decides between equal values, so every position in the list is unique."""

_TREE = """WITH RECURSIVE tree AS (
  SELECT id FROM categories WHERE slug = {place} OR id::text = {place}
  UNION SELECT c.id FROM categories c JOIN tree ON c.parent_id = tree.id)
SELECT id FROM tree"""

_STOCK = """SELECT max(s.market_price_fen) FILTER (WHERE s.price_fen = p.min_price_fen) AS market_price_fen,
    CASE WHEN COALESCE(max(s.available), 0) = 0 THEN 'sold_out'
         WHEN bool_or(s.available > s.alert_at) THEN 'in_stock' ELSE 'low' END AS stock_state
  FROM skus s WHERE s.product_id = p.id AND s.on_sale"""


async def categories() -> list[dict[str, Any]]:
    """Return the tree `[{id, slug, name, icon, children: […]}]` in the shop's order."""
    rows = await db.fetch("SELECT id, slug, parent_id, name, icon FROM categories ORDER BY position, id")
    below: dict[int | None, list[dict[str, Any]]] = {}
    for row in rows:
        node = {**row, "children": below.setdefault(row["id"], [])}
        below.setdefault(node.pop("parent_id"), []).append(node)
    return below.get(None, [])


async def page(wanted: Wanted, at: datetime) -> tuple[list[asyncpg.Record], str | None]:
    """Return a page of products on sale at `at`, with `market_price_fen` and `stock_state`, and the next cursor.

    Raises BadRequest for a cursor of another order.
    """
    column, direction = _ORDERS[wanted.sort]
    args: list[Any] = []

    def place(value: object) -> str:
        args.append(value)
        return f"${len(args)}"

    conditions = [f"listed(p, {place(at)})", *_conditions(wanted, place)]
    if wanted.cursor:
        sort, key, last_id = cursors.unpack(wanted.cursor, tuple[str, cursors.Number, cursors.Number])
        if sort != wanted.sort:
            raise cursors.foreign()
        beyond = "<" if direction == "DESC" else ">"
        conditions.append(f"({column}, p.id) {beyond} ({place(key)}::bigint, {place(last_id)}::bigint)")
    rows = await db.fetch(
        # This text contains only our own column names and placeholders.
        f"SELECT p.id, p.title, p.subtitle, p.images, p.kind, p.category_id, p.min_price_fen, p.max_price_fen,"  # noqa: S608
        f" p.sold_count, p.min_level, stock.market_price_fen, stock.stock_state, {column} AS sort_key"
        f" FROM products p CROSS JOIN LATERAL ({_STOCK}) stock WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {direction}, p.id {direction} LIMIT {place(wanted.limit + 1)}",
        *args,
    )
    if len(rows) <= wanted.limit:
        return rows, None
    last = rows[wanted.limit - 1]
    return rows[: wanted.limit], cursors.pack((wanted.sort, last["sort_key"], last["id"]))


def _conditions(wanted: Wanted, place: Any) -> list[str]:  # noqa: ANN401 - a local function
    found = []
    if wanted.category:
        found.append(f"p.category_id IN ({_TREE.format(place=place(wanted.category) + '::text')})")
    if wanted.products is not None:
        found.append(f"p.id = ANY ({place(wanted.products)}::bigint[])")
    if wanted.categories is not None:
        found.append(f"p.category_id = ANY ({place(wanted.categories)}::bigint[])")
    if wanted.kind:
        found.append(f"p.kind = {place(wanted.kind)}")
    if wanted.min_price_fen is not None:
        found.append(f"p.max_price_fen >= {place(wanted.min_price_fen)}")
    if wanted.max_price_fen is not None:
        found.append(f"p.min_price_fen <= {place(wanted.max_price_fen)}")
    if wanted.in_stock:
        found.append("stock.stock_state <> 'sold_out'")
    if wanted.q:
        exact = place(wanted.q.strip())
        either = [
            f"p.slug = {exact}",
            f"p.id::text = {exact}",
            f"EXISTS (SELECT FROM skus WHERE code = {exact} AND product_id = p.id)",
        ]
        if (asked := words.query(wanted.q)) is not None:
            either.append(f"to_tsvector('simple', p.words) @@ to_tsquery('simple', {place(asked)})")
        found.append(f"({' OR '.join(either)})")
    return found


async def several(product_ids: Sequence[int], at: datetime) -> dict[int, dict[str, Any]]:
    """Return products by id, with `category` and `skus`; products not on sale at `at` are missing."""
    rows = await db.fetch(
        "SELECT p.*, c.slug AS category_slug, c.name AS category_name, to_jsonb(t) AS coupon, t.products, t.categories,"
        " (SELECT terms FROM freight_templates WHERE id = p.freight_template_id) AS freight,"
        " (SELECT json_agg(json_build_object('id', s.id, 'code', s.code, 'spec', s.spec, 'price_fen', s.price_fen,"
        " 'market_price_fen', s.market_price_fen, 'available', s.available, 'alert_at', s.alert_at)"
        " ORDER BY s.position, s.id) FROM skus s WHERE s.product_id = p.id AND s.on_sale) AS skus"
        " FROM products p JOIN categories c ON c.id = p.category_id LEFT JOIN coupon_templates t"
        " ON t.id = p.coupon_template_id WHERE p.id = ANY($1::bigint[]) AND on_shelf(p, $2)",
        product_ids,
        at,
    )
    known = await levels.current()
    labels = await coupon_scopes.labels([coupon_scopes.scope(row["products"], row["categories"]) for row in rows])
    return {row["id"]: _detail(row, known, label) for row, label in zip(rows, labels, strict=True)}


def _detail(row: asyncpg.Record, known: Sequence[Level], scope: str) -> dict[str, Any]:
    found = dict(row)
    found["images"] = orjson.loads(row["images"])
    found["category"] = {"id": row["category_id"], "slug": row["category_slug"], "name": row["category_name"]}
    found["min_level"] = levels.needed(known, row["min_level"])
    if row["coupon"] is not None:
        found["coupon"] = told_coupon(msgspec.json.decode(row["coupon"], type=OnSale), scope)
    terms = row["freight"] and msgspec.json.decode(row["freight"], type=FreightTerms)
    found["freight"] = list(told(terms)) if terms else []
    found["skus"] = [
        {**sku, "stock_state": stock_state(sku["available"], sku.pop("alert_at"))}
        for sku in orjson.loads(row["skus"] or "[]")
    ]
    return found


def stock_state(available: int, alert_at: int) -> StockState:
    """Return the stock state of a SKU that shoppers see."""
    if available <= 0:
        return "sold_out"
    return "low" if available <= alert_at else "in_stock"


async def count_sales() -> None:
    """Update `sold_count`, which lists sort by, from the SKUs; only products with new sales change."""
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE products p SET sold_count = s.sold FROM (SELECT product_id, sum(sold)::bigint AS sold FROM skus"
            " GROUP BY product_id) s WHERE s.product_id = p.id AND s.sold <> p.sold_count"
        )
