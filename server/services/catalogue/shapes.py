"""The file of `product apply`: categories and products by slug, SKUs by code. What it leaves out does not change.

`Stored…` is the same as the database has it.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.rules.levels import MOST_LEVELS
from server.services.common.changes import given_but

Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
"""It begins with a letter, so that it is never read as a number."""
ProductSlug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
Name = Annotated[str, Meta(min_length=1, max_length=40)]
Picture = Annotated[str, Meta(pattern=r"^(/|https://)", max_length=400)]
Fen = Annotated[int, Meta(ge=1, le=10**9)]
"""A price, at most ten million yuan."""
Pieces = Annotated[int, Meta(ge=-(10**9), le=10**9)]
Count = Annotated[int, Meta(ge=0, le=10**6)]
Moment = Annotated[datetime, Meta(tz=True)]
CardText = Annotated[str, Meta(min_length=1, max_length=200)]


class CategoryEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A category; a new one needs `name`. `parent` is a slug."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a category never changes another one."""
    name: Name | UnsetType = UNSET
    parent: Slug | UnsetType | None = UNSET
    icon: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
    position: Count | UnsetType = UNSET

    def fields(self) -> dict[str, Any]:
        """Return what changes, by field."""
        return given_but(self, ("slug", "new"))


class SkuEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A SKU; a new one needs `price_fen`. `stock_add` is added to the stock; if negative, free pieces are removed."""

    code: Code
    spec: dict[Name, Name] | UnsetType = UNSET
    price_fen: Fen | UnsetType = UNSET
    market_price_fen: Fen | UnsetType | None = UNSET
    stock_add: Pieces = 0
    alert_at: Count | UnsetType = UNSET
    on_sale: bool | UnsetType = UNSET
    position: Count | UnsetType = UNSET
    weight_g: Count | UnsetType = UNSET
    """The weight of one piece in grams, for freight by weight."""
    card_keys: Annotated[list[CardText], Meta(max_length=10_000)] = []
    """Card keys of a virtual SKU whose pieces are not coupons; each key adds one piece."""

    def fields(self) -> dict[str, Any]:
        """Return what changes, by field; not the stock, which is counted in pieces."""
        return given_but(self, ("code", "stock_add", "card_keys"))


class ProductHead(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A product whose SKUs are not read yet; a new one needs `category` and `title`."""

    slug: ProductSlug
    new: bool = False
    """The same as `CategoryEntry.new`."""
    seen: datetime | UnsetType = UNSET
    """The last change that the author knows of; the entry is refused if the product was changed after it."""
    category: Slug | UnsetType = UNSET
    kind: Literal["physical", "virtual"] | UnsetType = UNSET
    title: Annotated[str, Meta(min_length=1, max_length=80)] | UnsetType = UNSET
    subtitle: Annotated[str, Meta(max_length=120)] | UnsetType = UNSET
    images: Annotated[list[Picture], Meta(max_length=12)] | UnsetType = UNSET
    detail: Annotated[str, Meta(max_length=20_000)] | UnsetType = UNSET
    on_sale: bool | UnsetType = UNSET
    on_from: Moment | UnsetType | None = UNSET
    off_from: Moment | UnsetType | None = UNSET
    """The product is on sale from `on_from` until `off_from`; null: no beginning, or no end."""
    limit_each: Annotated[int, Meta(ge=1, le=10**6)] | UnsetType | None = UNSET
    """The most pieces that one member may buy; null: no limit."""
    exchange_only: bool | UnsetType = UNSET
    """Whether the product is only in the points mall."""
    min_level: Annotated[int, Meta(ge=1, le=MOST_LEVELS - 1)] | UnsetType | None = UNSET
    """The position of the lowest level that may buy the product (0 is the lowest of all); null: everybody may."""
    freight: Slug | UnsetType | None = UNSET
    """The slug of a freight template; null: the shop's standard freight."""
    coupon: Slug | UnsetType | None = UNSET
    """For a virtual product whose pieces are coupons: the template's slug; it cannot be changed later."""
    skus: list[Any] = []

    def fields(self) -> dict[str, Any]:
        """Return what changes, by field: columns of the product, and the slugs of its category, freight and coupon."""
        return given_but(self, ("slug", "new", "seen", "skus"))


class StoredCategory(msgspec.Struct, frozen=True):
    """A stored category; `parent` is a slug."""

    id: int
    slug: str
    name: str
    icon: str
    position: int
    parent: str | None


class StoredProduct(msgspec.Struct, frozen=True):
    """A stored product; `category`, `freight` and `coupon` are slugs."""

    id: int
    slug: str
    kind: str
    title: str
    subtitle: str
    images: list[str]
    detail: str
    on_sale: bool
    on_from: datetime | None
    off_from: datetime | None
    limit_each: int | None
    exchange_only: bool
    min_level: int | None
    updated_at: datetime
    min_price_fen: int
    category: str
    freight: str | None
    coupon: str | None


class StoredSku(msgspec.Struct, frozen=True):
    """A stored SKU, locked; `product` is a slug."""

    id: int
    code: str
    spec: dict[str, str]
    price_fen: int
    market_price_fen: int | None
    alert_at: int
    on_sale: bool
    position: int
    weight_g: int
    available: int
    stocked_in: int
    product: str
