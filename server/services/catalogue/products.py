"""Read the catalogue: categories, product lists with filters and search, one product. Prices are in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from server import db
from server.rules.coupons import OnSale
from server.rules.coupons import in_words as coupon_in_words
from server.rules.freight import FreightTerms
from server.rules.freight import in_words as freight_in_words
from server.rules.levels import Level
from server.services.catalogue import coupon_scopes
from server.services.catalogue.coupon_scopes import Scope
from server.services.common import cursors, words
from server.services.terms import levels

Kind = Literal["physical", "virtual"]
StockState = Literal["in_stock", "low", "sold_out"]
Sort = Literal["newest", "price_asc", "price_desc", "sales"]


class Category(msgspec.Struct, frozen=True):
    """A category with those below it, in the shop's order."""

    id: int
    slug: str
    name: str
    icon: str
    children: list["Category"]


class ListedProduct(msgspec.Struct, frozen=True):
    """A product in a list. `market_price_fen` is the crossed-out price beside the lowest price."""

    id: int
    title: str
    subtitle: str
    images: list[str]
    kind: Kind
    category_id: int
    min_price_fen: int
    max_price_fen: int
    sold_count: int
    min_level: int | None
    market_price_fen: int | None
    stock_state: StockState
    sort_key: int


class CategoryName(msgspec.Struct, frozen=True):
    """The category of a product."""

    id: int
    slug: str
    name: str


class Sku(msgspec.Struct, frozen=True):
    """A SKU on sale."""

    id: int
    code: str
    spec: dict[str, str]
    price_fen: int
    market_price_fen: int | None
    available: int
    stock_state: StockState


class Product(msgspec.Struct, frozen=True):
    """A product on sale, with everything that its page shows but promotions."""

    id: int
    title: str
    subtitle: str
    images: list[str]
    kind: Kind
    category: CategoryName
    detail: str
    min_price_fen: int
    max_price_fen: int
    sold_count: int
    skus: list[Sku]
    limit_each: int | None
    exchange_only: bool
    min_level: levels.Needed | None
    coupon: str | None
    """The coupon that is sold, in words."""
    off_from: datetime | None
    freight: list[str]
    """The product's own freight, in words; empty without one."""


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

PRICES = """SELECT max(s.market_price_fen) FILTER (WHERE s.price_fen = s.lowest) AS market_price_fen,
    COALESCE(min(s.lowest), p.min_price_fen) AS min_price_fen, COALESCE(min(s.highest), p.max_price_fen)
      AS max_price_fen, CASE WHEN COALESCE(max(s.available), 0) = 0 THEN 'sold_out'
      WHEN bool_or(s.available > s.alert_at) THEN 'in_stock' ELSE 'low' END AS stock_state
  FROM (SELECT price_fen, market_price_fen, available, alert_at,
      COALESCE(min(price_fen) FILTER (WHERE available > 0) OVER (), min(price_fen) OVER ()) AS lowest,
      COALESCE(max(price_fen) FILTER (WHERE available > 0) OVER (), max(price_fen) OVER ()) AS highest
    FROM skus WHERE product_id = p.id AND on_sale) s"""
"""SQL: the prices of product `p` as its SKUs that can be bought have them; of all on sale where none can be bought.

The columns of `products` lag behind sales by half a minute: lists sort and filter by them, see `count_sales`.
"""


async def categories() -> list[Category]:
    """Return the topmost categories."""
    rows = await db.fetch("SELECT id, slug, parent_id, name, icon FROM categories ORDER BY position, id")
    below: dict[int | None, list[Category]] = {}
    for row in rows:
        node = Category(row["id"], row["slug"], row["name"], row["icon"], below.setdefault(row["id"], []))
        below.setdefault(row["parent_id"], []).append(node)
    return below.get(None, [])


async def page(wanted: Wanted, at: datetime) -> tuple[list[ListedProduct], str | None]:
    """Return a page of products on sale at `at`, and the next cursor.

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
        f"SELECT p.id, p.title, p.subtitle, p.images, p.kind, p.category_id, p.sold_count, p.min_level,"  # noqa: S608
        f" stock.*, {column} AS sort_key FROM products p CROSS JOIN LATERAL ({PRICES}) stock"
        f" WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {direction}, p.id {direction} LIMIT {place(wanted.limit + 1)}",
        *args,
    )
    found = [db.typed(row, ListedProduct) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return found, None
    return found, cursors.pack((wanted.sort, found[-1].sort_key, found[-1].id))


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


class _Sku(msgspec.Struct, frozen=True):
    """A SKU as it is stored."""

    id: int
    code: str
    spec: dict[str, str]
    price_fen: int
    market_price_fen: int | None
    available: int
    alert_at: int

    @property
    def shown(self) -> Sku:
        """The SKU as shoppers see it."""
        state = stock_state(self.available, self.alert_at)
        return Sku(self.id, self.code, self.spec, self.price_fen, self.market_price_fen, self.available, state)


class _Columns(msgspec.Struct, frozen=True):
    """What a product's page needs of the row of `products`."""

    id: int
    category_id: int
    kind: Kind
    title: str
    subtitle: str
    images: list[str]
    detail: str
    sold_count: int
    limit_each: int | None
    off_from: datetime | None
    exchange_only: bool
    min_level: int | None


class _Stored(_Columns, frozen=True):
    """A product as it is stored; `products` and `categories` are the scope of the coupon that is sold."""

    min_price_fen: int
    max_price_fen: int
    category_slug: str
    category_name: str
    freight: FreightTerms | None
    coupon: OnSale | None
    products: tuple[int, ...] | None
    categories: tuple[int, ...] | None
    skus: list[_Sku] | None


_SEVERAL = f"""
SELECT {db.columns(_Columns, of="p")}, prices.min_price_fen, prices.max_price_fen,
    c.slug AS category_slug, c.name AS category_name, to_jsonb(t) AS coupon, t.products, t.categories,
    (SELECT terms FROM freight_templates WHERE id = p.freight_template_id) AS freight,
    (SELECT json_agg(json_build_object('id', s.id, 'code', s.code, 'spec', s.spec::json, 'price_fen', s.price_fen,
      'market_price_fen', s.market_price_fen, 'available', s.available, 'alert_at', s.alert_at)
      ORDER BY s.position, s.id) FROM skus s WHERE s.product_id = p.id AND s.on_sale) AS skus
  FROM products p JOIN categories c ON c.id = p.category_id CROSS JOIN LATERAL ({PRICES}) prices
    LEFT JOIN coupon_templates t ON t.id = p.coupon_template_id
  WHERE p.id = ANY ($1::bigint[]) AND on_shelf(p, $2)
"""  # noqa: S608 - our own names


async def several(product_ids: Sequence[int], at: datetime) -> dict[int, Product]:
    """Return products by id; those not on sale at `at` are missing."""
    rows = await db.fetch(_SEVERAL, product_ids, at)
    known = await levels.current()
    found = [db.typed(row, _Stored) for row in rows]
    labels = await coupon_scopes.labels([Scope(one.products, one.categories) for one in found])
    return {one.id: _detail(one, known, label) for one, label in zip(found, labels, strict=True)}


def _detail(stored: _Stored, known: Sequence[Level], scope: str) -> Product:
    return Product(
        id=stored.id,
        title=stored.title,
        subtitle=stored.subtitle,
        images=stored.images,
        kind=stored.kind,
        category=CategoryName(stored.category_id, stored.category_slug, stored.category_name),
        detail=stored.detail,
        min_price_fen=stored.min_price_fen,
        max_price_fen=stored.max_price_fen,
        sold_count=stored.sold_count,
        skus=[sku.shown for sku in stored.skus or ()],
        limit_each=stored.limit_each,
        exchange_only=stored.exchange_only,
        min_level=levels.needed(known, stored.min_level),
        coupon=None if stored.coupon is None else coupon_in_words(stored.coupon, scope),
        off_from=stored.off_from,
        freight=[] if stored.freight is None else list(freight_in_words(stored.freight)),
    )


def stock_state(available: int, alert_at: int) -> StockState:
    """Return the stock state of a SKU that shoppers see."""
    if available <= 0:
        return "sold_out"
    return "low" if available <= alert_at else "in_stock"


RANGES = """
SELECT product_id, sum(sold)::bigint AS sold,
  COALESCE(min(price_fen) FILTER (WHERE on_sale AND available > 0), min(price_fen) FILTER (WHERE on_sale),
    min(price_fen)) AS lowest,
  COALESCE(max(price_fen) FILTER (WHERE on_sale AND available > 0), max(price_fen) FILTER (WHERE on_sale),
    max(price_fen)) AS highest FROM skus
"""
"""SQL: what lists sort and filter by, for GROUP BY product_id."""


async def count_sales() -> None:
    """Update what lists sort and filter by from the SKUs: sales and prices; only products that differ change."""
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE products p SET sold_count = s.sold, min_price_fen = s.lowest, max_price_fen = s.highest"  # noqa: S608
            f" FROM ({RANGES} GROUP BY product_id) s WHERE s.product_id = p.id"
            " AND (s.sold, s.lowest, s.highest) IS DISTINCT FROM (p.sold_count, p.min_price_fen, p.max_price_fen)"
        )
