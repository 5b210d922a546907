"""The catalogue, open to guests. Answers are cached in memory for less than a second."""

from collections.abc import Hashable, Sequence
from functools import partial

import msgspec

from server.core import errors
from server.gateways.ports import Deps
from server.handlers.endpoint import Call, NoBody, Room
from server.handlers.shop.shapes_catalogue import (
    CategoryNode,
    CategoryTree,
    ProductList,
    ProductQuery,
    ProductView,
    cards,
)
from server.services.catalogue import products
from server.services.files.answers import Answers, Batched
from server.services.promotions import kinds as promotion_kinds

room = Room("catalogue", "商品")

_MAX_AGE_S = 0.8
"""Price and stock may be one second old at the client; the remaining 0.2 s is for the network."""
_answers = Answers(_MAX_AGE_S, size=2000)


_details = Batched(_MAX_AGE_S, size=5_000)


async def _make_details(deps: Deps, product_ids: Sequence[int]) -> dict[int, bytes]:
    at = deps.clock.now()
    found = await products.several(product_ids, at)
    offered = await promotion_kinds.of_products(list(found), at)
    views = {number: msgspec.convert(product, ProductView, from_attributes=True) for number, product in found.items()}
    for number, view in views.items():
        view.promotions = offered.get(number, [])
    return {number: msgspec.json.encode(view) for number, view in views.items()}


@room.get("/categories", "商品分类", gives=CategoryTree, auth="public")
async def categories(_call: Call, _query: NoBody) -> bytes:
    """The category tree in the shop's order."""

    async def make() -> bytes:
        tree = CategoryTree(msgspec.convert(await products.categories(), list[CategoryNode], from_attributes=True))
        return msgspec.json.encode(tree)

    return await _answers.get("categories", make)


@room.get("/products", "商品列表与搜索", takes=ProductQuery, gives=ProductList, auth="public")
async def list_products(call: Call, query: ProductQuery) -> bytes:
    """Products on sale. `q` searches title, subtitle and category in Chinese, or takes an exact SKU code or number."""
    key: Hashable = msgspec.structs.astuple(query)

    async def make() -> bytes:
        fields = {**msgspec.structs.asdict(query), "cursor": query.cursor or ""}
        rows, next_cursor = await products.page(products.Wanted(**fields), call.deps.clock.now())
        return msgspec.json.encode(ProductList(await cards(rows), next_cursor))

    return await _answers.get(key, make)


@room.get("/products/<product_id:int>", "商品详情", gives=ProductView, auth="public", refuses=(errors.NotFound,))
async def show_product(call: Call, _query: NoBody) -> bytes:
    """A product on sale with its variants, prices and stock, and the promotions that run or are announced for it."""
    body = await _details.get(call.path["product_id"], partial(_make_details, call.deps))
    if body is None:
        raise errors.NotFound
    return body
