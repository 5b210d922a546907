"""What the catalogue's calls take and give."""

from typing import Annotated, Any, Literal

import msgspec

from server.handlers.endpoint import Page

StockState = Literal["in_stock", "low", "sold_out"]
Fen = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
"""An amount in a query."""


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
    """Filters of the list; those left out do not filter. `category` is a slug or an id."""

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
    """The crossed-out price beside the lowest one."""
    sold_count: int
    stock_state: StockState


class ProductList(msgspec.Struct):
    """A page of products."""

    items: list[ProductCard]
    next_cursor: str | None


class CategoryName(msgspec.Struct):
    """Where a product stands."""

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
    promotions: list[dict[str, Any]] = []
