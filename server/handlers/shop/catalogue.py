"""The catalogue, open to guests and answered from memory for less than a second."""

from collections.abc import Hashable, Sequence

import msgspec
import orjson

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Room
from server.handlers.shop.shapes_catalogue import CategoryTree, ProductCard, ProductList, ProductQuery, ProductView
from server.services import products
from server.services.answers import Answers, Batched

room = Room("catalogue", "商品")

_MAX_AGE_S = 0.8
"""Price and stock may be a second old when they reach the client; the rest of it is for the way."""
_answers = Answers(_MAX_AGE_S, size=2000)


async def _make_details(product_ids: Sequence[int]) -> dict[int, bytes]:
    found = await products.several(product_ids)
    return {number: msgspec.json.encode(msgspec.convert(product, ProductView)) for number, product in found.items()}


_details = Batched(_make_details, _MAX_AGE_S, size=5_000)


@room.get("/categories", "商品分类", gives=CategoryTree, auth="public")
async def categories(_call: Call, _query: NoBody) -> bytes:
    """The category tree in the shop's order."""

    async def make() -> bytes:
        tree = msgspec.convert({"items": await products.categories()}, CategoryTree)
        return msgspec.json.encode(tree)

    return await _answers.get("categories", make)


@room.get("/products", "商品列表与搜索", takes=ProductQuery, gives=ProductList, auth="public")
async def list_products(_call: Call, query: ProductQuery) -> bytes:
    """Products on sale. `q` searches title, subtitle and category in Chinese, or takes an exact SKU code or number."""
    key: Hashable = msgspec.structs.astuple(query)

    async def make() -> bytes:
        fields = {**msgspec.structs.asdict(query), "cursor": query.cursor or ""}
        rows, next_cursor = await products.page(products.Wanted(**fields))
        items = [
            ProductCard(
                id=row["id"],
                title=row["title"],
                subtitle=row["subtitle"],
                image=next(iter(orjson.loads(row["images"])), ""),
                kind=row["kind"],
                category_id=row["category_id"],
                min_price_fen=row["min_price_fen"],
                max_price_fen=row["max_price_fen"],
                market_price_fen=row["market_price_fen"],
                sold_count=row["sold_count"],
                stock_state=row["stock_state"],
            )
            for row in rows
        ]
        return msgspec.json.encode(ProductList(items, next_cursor))

    return await _answers.get(key, make)


@room.get("/products/<product_id:int>", "商品详情", gives=ProductView, auth="public", refuses=(errors.NotFound,))
async def show_product(call: Call, _query: NoBody) -> bytes:
    """A product on sale with its variants, prices and stock."""
    body = await _details.get(call.path["product_id"])
    if body is None:
        raise errors.NotFound
    return body
