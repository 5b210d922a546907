"""The file of `product apply`: categories and products by slug, SKUs by code. What is left out stays as it is."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.rules.levels import MOST_LEVELS

Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
"""Begins with a letter, so that it is never taken for a number."""
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
    """A category; `name` is needed for a new one. `parent` is a slug."""

    slug: Slug
    new: bool = False
    """Refused where it is there already, so that making it changes no other one."""
    name: Name | UnsetType = UNSET
    parent: Slug | UnsetType | None = UNSET
    icon: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
    position: Count | UnsetType = UNSET


class SkuEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A variant; `price_fen` is needed for a new one. `stock_add` is added to the stock, or taken from what is free."""

    code: Code
    spec: dict[Name, Name] | UnsetType = UNSET
    price_fen: Fen | UnsetType = UNSET
    market_price_fen: Fen | UnsetType | None = UNSET
    stock_add: Pieces = 0
    alert_at: Count | UnsetType = UNSET
    on_sale: bool | UnsetType = UNSET
    position: Count | UnsetType = UNSET
    weight_g: Count | UnsetType = UNSET
    """What one piece weighs, for freight by weight."""
    card_keys: Annotated[list[CardText], Meta(max_length=10_000)] = []
    """One more piece each of a virtual SKU, unless its pieces are coupons."""


class ProductHead(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A product without reading its SKUs; `category` and `title` are needed for a new one."""

    slug: ProductSlug
    new: bool = False
    """As for a category."""
    seen: datetime | UnsetType = UNSET
    """When it was last changed as far as the author knows; refused where it was changed since."""
    category: Slug | UnsetType = UNSET
    kind: Literal["physical", "virtual"] | UnsetType = UNSET
    title: Annotated[str, Meta(min_length=1, max_length=80)] | UnsetType = UNSET
    subtitle: Annotated[str, Meta(max_length=120)] | UnsetType = UNSET
    images: Annotated[list[Picture], Meta(max_length=12)] | UnsetType = UNSET
    detail: Annotated[str, Meta(max_length=20_000)] | UnsetType = UNSET
    on_sale: bool | UnsetType = UNSET
    on_from: Moment | UnsetType | None = UNSET
    off_from: Moment | UnsetType | None = UNSET
    """Of the times in between it can be bought; null: without a beginning, without an end."""
    limit_each: Annotated[int, Meta(ge=1, le=10**6)] | UnsetType | None = UNSET
    """Pieces that one member may buy; null: as many as there are."""
    exchange_only: bool | UnsetType = UNSET
    """Had in the points mall only."""
    min_level: Annotated[int, Meta(ge=1, le=MOST_LEVELS - 1)] | UnsetType | None = UNSET
    """The position of the level from which on members may buy it, 0 is the lowest; null: everybody may."""
    freight: Slug | UnsetType | None = UNSET
    """A freight template; null: the shop's plain freight."""
    coupon: Slug | UnsetType | None = UNSET
    """Of a virtual product whose pieces are coupons of this template; it cannot be changed."""
    skus: list[Any] = []
