"""Products and SKUs as operators see them in lists."""

import re

import orjson

from server.gateways.ports import Deps
from server.rules import labels
from server.rules.operators import Permission
from server.rules.products import spec_text
from server.rules.shelf import shelf
from server.services.catalogue import goods
from server.services.common import cursors, words
from server.services.common.listings import Column, Filter, Key, Listing, Row, Way, choice, search, switch

_BY_CODE = "SELECT product_id FROM skus WHERE code ~>=~ {0}::text AND code ~<~ ({0}::text || chr(1114111))"
_BY_NAMES = (
    "p.id IN (SELECT id FROM products WHERE slug ~>=~ {0}::text AND slug ~<~ ({0}::text || chr(1114111))"
    " UNION ALL {codes} UNION ALL SELECT id FROM products"
    " WHERE to_tsvector('simple', words) @@ plainto_tsquery('simple', lower({0}::text)))"
).replace("{codes}", _BY_CODE)
_BY_NUMBER = f"p.id IN (SELECT {{0}}::bigint UNION ALL {_BY_CODE.replace('{0}', '{0}::bigint')})"
_BELOW = (
    "p.category_id IN (WITH RECURSIVE tree AS (SELECT id FROM categories WHERE slug = {0} OR name = {0}"
    " UNION SELECT c.id FROM categories c JOIN tree ON c.parent_id = tree.id) SELECT id FROM tree)"
)
_LOW = "s.available <= s.alert_at"

_SEARCH = search(
    "商品号、商品名、标识或 SKU 编码的开头",
    Way(_BY_NUMBER, re.compile("#?[1-9][0-9]{0,17}"), lambda _deps, text: int(text.removeprefix("#"))),
    Way(_BY_NAMES, re.compile("[A-Za-z0-9._-]+")),
    Way(
        "p.id IN (SELECT id FROM products WHERE to_tsvector('simple', words) @@ to_tsquery('simple', {0}::text))",
        read=lambda _deps, text: words.query(text),
    ),
)
_KIND = choice("kind", "类型", "p.kind", labels.PRODUCT_KINDS)


def _show(switched_on: str) -> Filter:
    """Return a menu: on sale now, later, or no more. `switched_on` is SQL for the switch that operators set."""
    menu = {
        "on": ("上架", "{} AND on_shelf(p, {{0}})"),
        "coming": ("待上架", "{} AND p.on_from > {{0}}"),
        "off": ("下架（含到期）", "NOT ({} AND COALESCE(p.off_from > {{0}}, true))"),
    }
    ways = (Way(sql.format(switched_on), re.compile(value), _now) for value, (_, sql) in menu.items())
    return Filter("show", "状态", tuple(ways), {value: label for value, (label, _) in menu.items()})


def _now(deps: Deps, _text: str) -> object:
    return deps.clock.now()


def on_the_shelf(deps: Deps, row: Row, *, on_sale: bool) -> Row:
    """Return `shelf` for a row of products, as of now."""
    return {"shelf": shelf(deps.clock.now(), on_sale=on_sale, on_from=row["on_from"], off_from=row["off_from"])}


def _priced(deps: Deps, row: Row) -> Row:
    return row | {"stock_state": "low" if row["low"] else "in_stock"} | on_the_shelf(deps, row, on_sale=row["on_sale"])


PRODUCTS = Listing(
    name="products",
    title="商品",
    permission=Permission.PRODUCTS_VIEW,
    select=(
        "p.id, p.slug, p.title, p.kind, p.on_sale, p.on_from, p.off_from, p.exchange_only,"
        " p.min_price_fen, p.max_price_fen, p.sold_count, p.images ->> 0 AS cover, p.updated_at, c.name AS category,"
        " stock.available, stock.low, (SELECT name FROM levels WHERE place BETWEEN 1 AND p.min_level"
        " ORDER BY place DESC LIMIT 1) AS level"
    ),
    source=(
        "products p JOIN categories c ON c.id = p.category_id CROSS JOIN LATERAL (SELECT"
        " COALESCE(sum(s.available), 0)::bigint AS available,"
        " COALESCE(bool_or(s.available <= s.alert_at), false) AS low"
        " FROM skus s WHERE s.product_id = p.id AND s.on_sale) stock"
    ),
    keys=(Key("p.id", cursors.Number),),
    columns=(
        Column("商品号", "id", "number", to="/admin/products/{id}"),
        Column("标识", "slug", "code"),
        Column("商品", "title", to="/admin/products/{id}"),
        Column("分类", "category"),
        Column("类型", "kind", "tag", words=labels.PRODUCT_KINDS),
        Column("状态", "shelf", "tag", words=labels.SHELF),
        Column("销售渠道", "exchange_only", "tag", words=labels.CHANNELS),
        Column("等级专享", "level"),
        Column("最低价", "min_price_fen", "yuan"),
        Column("最高价", "max_price_fen", "yuan"),
        Column("可售库存", "available", "number"),
        Column("库存提醒", "stock_state", "tag", words=labels.STOCK_STATES),
        Column("已售", "sold_count", "number"),
        Column("修改时间", "updated_at", "when"),
    ),
    filters=(
        _SEARCH,
        Filter("category", "分类名称或标识", (Way(_BELOW),)),
        _KIND,
        _show("p.on_sale"),
        switch("stock", "库存", {"low": ("有 SKU 需补货", "stock.low"), "fine": ("充足", "NOT stock.low")}),
    ),
    empty="还没有商品",
    template="catalogue/products.html",
    opened=_priced,
)


def _stocked(deps: Deps, row: Row) -> Row:
    more = {"spec": spec_text(orjson.loads(row["spec"])), "keyed": goods.keyed(row["kind"], row["coupon_template_id"])}
    return row | more | on_the_shelf(deps, row, on_sale=row["on_sale"])


STOCK = Listing(
    name="stock",
    title="库存",
    things=" SKU",
    permission=Permission.PRODUCTS_VIEW,
    select=(
        "s.id, s.code, s.spec, s.product_id, p.title, p.kind, p.coupon_template_id,"
        " s.on_sale AND p.on_sale AS on_sale, p.on_from, p.off_from, s.available, s.reserved, s.sold, s.stocked_in,"
        " s.alert_at, s.alerted, p.updated_at,"
        f" CASE WHEN s.available = 0 THEN 'sold_out' WHEN {_LOW} THEN 'low' ELSE 'in_stock' END AS stock_state"
    ),
    source="skus s JOIN products p ON p.id = s.product_id",
    keys=(Key("s.id", cursors.Number),),
    columns=(
        Column("SKU 编码", "code", "code"),
        Column("商品", "title", to="/admin/products/{product_id}"),
        Column("规格", "spec"),
        Column("类型", "kind", "tag", words=labels.PRODUCT_KINDS),
        Column("状态", "shelf", "tag", words=labels.SHELF),
        Column("库存提醒", "stock_state", "tag", words=labels.STOCK_STATES),
        Column("可售", "available", "number"),
        Column("占用", "reserved", "number"),
        Column("已售", "sold", "number"),
        Column("累计入库", "stocked_in", "number"),
        Column("提醒线", "alert_at", "number"),
    ),
    filters=(
        _SEARCH,
        switch(
            "stock",
            "库存",
            {
                "low": ("需补货（含售罄）", _LOW),
                "sold_out": ("售罄", "s.available = 0"),
                "fine": ("充足", f"NOT {_LOW}"),
                "reserved": ("有占用", "s.reserved > 0"),
            },
        ),
        _KIND,
        _show("s.on_sale AND p.on_sale"),
    ),
    empty="还没有 SKU",
    template="catalogue/stock.html",
    opened=_stocked,
)
