"""Input and output types of the catalogue's calls."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from server.handlers.endpoint import Page
from server.rules.promotions import Shown
from server.services.catalogue.products import ListedProduct
from server.services.terms import levels
from server.services.terms.levels import Needed

StockState = Literal["in_stock", "low", "sold_out"]
Fen = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
"""An amount in fen, as a query parameter."""


class CategoryNode(msgspec.Struct):
    """A category with those below it."""

    id: int
    slug: str
    name: str
    icon: str
    children: list["CategoryNode"]


class CategoryTree(msgspec.Struct):
    """All categories, always on one page."""

    items: list[CategoryNode]
    next_cursor: None = None


class ProductQuery(Page, kw_only=True):
    """Filters of the product list; those left out do not filter. `category` is a slug or an id."""

    category: Annotated[str, msgspec.Meta(max_length=40)] = ""
    q: Annotated[str, msgspec.Meta(max_length=80)] = ""
    sort: Literal["newest", "price_asc", "price_desc", "sales"] = "newest"
    kind: Literal["", "physical", "virtual"] = ""
    in_stock: bool = False
    min_price_fen: Fen | None = None
    max_price_fen: Fen | None = None


class ProductCard(msgspec.Struct):
    """A product in a list. An image starting with `/` stands on this server."""

    id: int
    title: str
    subtitle: str
    image: str
    kind: Literal["physical", "virtual"]
    category_id: int
    min_price_fen: int
    max_price_fen: int
    market_price_fen: int | None
    """The crossed-out price shown beside the lowest price."""
    sold_count: int
    stock_state: StockState
    min_level: Needed | None
    """Members below this level cannot buy it."""


async def cards(listed: Iterable[ListedProduct]) -> list[ProductCard]:
    """Make cards of products. Raises Busy."""
    known = await levels.current()
    return [
        ProductCard(
            id=product.id,
            title=product.title,
            subtitle=product.subtitle,
            image=next(iter(product.images), ""),
            kind=product.kind,
            category_id=product.category_id,
            min_price_fen=product.min_price_fen,
            max_price_fen=product.max_price_fen,
            market_price_fen=product.market_price_fen,
            sold_count=product.sold_count,
            stock_state=product.stock_state,
            min_level=levels.needed(known, product.min_level),
        )
        for product in listed
    ]


class ProductList(msgspec.Struct):
    """A page of products."""

    items: list[ProductCard]
    next_cursor: str | None


class CategoryName(msgspec.Struct):
    """The category of a product."""

    id: int
    slug: str
    name: str


class SkuView(msgspec.Struct):
    """One variant; `spec` maps names to values, empty when there is one variant."""

    id: int
    code: str
    spec: dict[str, str]
    price_fen: int
    market_price_fen: int | None
    stock_state: StockState
    available: int


class ProductView(msgspec.Struct):
    """Everything a product's page shows."""

    id: int
    title: str
    subtitle: str
    images: list[str]
    kind: Literal["physical", "virtual"]
    category: CategoryName
    detail: str
    min_price_fen: int
    max_price_fen: int
    sold_count: int
    skus: list[SkuView]
    limit_each: int | None
    """How many pieces one member may buy."""
    exchange_only: bool
    """Whether it can be had only in the points mall."""
    min_level: Needed | None
    """Members below this level cannot buy it."""
    coupon: str | None
    """What the coupon is worth, in words, if the goods are coupons; else null."""
    off_from: datetime | None
    """When the product goes off sale."""
    freight: list[str]
    """Shipping cost, line by line, if the product has its own freight template; else the shop's freight applies."""
    promotions: list[Shown] = []
    """Running promotions first, and among them those that end first."""
