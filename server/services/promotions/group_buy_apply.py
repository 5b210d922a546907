"""Group buys from an operator's file: its `group_buys`, checked against the catalogue and against what was sold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.rules.group_buys import SIZE_LEAST, SIZE_MOST, WINDOW_HOURS_MOST
from server.rules.limits import discount_bp, widens
from server.services.catalogue.shapes import Code, Fen, Name, ProductSlug, Slug
from server.services.common.changes import before_and_after, given_but
from server.services.files.entries import Entries
from server.services.promotions import parts
from server.services.promotions.parts import Part

_Pieces = Annotated[int, Meta(ge=1, le=10**6)]
_Time = Annotated[datetime, Meta(tz=True)]


class SkuPrice(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The price of a SKU per piece; `leader_price_fen` is for the member who opens the team."""

    code: Code
    price_fen: Fen
    leader_price_fen: Fen | None = None

    @property
    def lowest_fen(self) -> int:
        """The lower of the two prices."""
        return min(self.price_fen, self.leader_price_fen or self.price_fen)


class GroupBuyEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An activity; a new one needs all fields but limits and switches. `skus` replaces all earlier prices."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating an activity never changes another one."""
    title: Name | UnsetType = UNSET
    product: ProductSlug | UnsetType = UNSET
    """The product's slug; it cannot be changed later."""
    size: Annotated[int, Meta(ge=SIZE_LEAST, le=SIZE_MOST)] | UnsetType = UNSET
    window_hours: Annotated[int, Meta(ge=1, le=WINDOW_HOURS_MOST)] | UnsetType = UNSET
    per_member: _Pieces | UnsetType | None = UNSET
    stock_limit: _Pieces | UnsetType | None = UNSET
    virtual_fill: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    starts_at: _Time | UnsetType = UNSET
    ends_at: _Time | UnsetType = UNSET
    skus: Annotated[list[SkuPrice], Meta(min_length=1, max_length=200)] | UnsetType = UNSET


_NEEDED = ("title", "product", "size", "window_hours", "starts_at", "ends_at", "skus")
_OWN = ("new", "product", "skus")
"""Fields that are not columns of `group_buys`."""


class _Stored(msgspec.Struct, frozen=True):
    """A row of `group_buys`, with its product's slug and its prices."""

    slug: str
    product: str
    title: str
    size: int
    window_hours: int
    per_member: int | None
    stock_limit: int | None
    virtual_fill: bool
    active: bool
    starts_at: datetime
    ends_at: datetime
    taken: int
    skus: list[SkuPrice]


class _Product(msgspec.Struct, frozen=True):
    """What an activity needs of a product. `skus` is SKU code → (id, list price in fen)."""

    slug: str
    id: int
    exchange_only: bool
    skus: dict[str, tuple[int, int]]


_KNOWN = """
SELECT g.*, p.slug AS product, (SELECT COALESCE(jsonb_agg(jsonb_build_object('code', k.code, 'price_fen', s.price_fen,
    'leader_price_fen', s.leader_fen) ORDER BY k.code), '[]') FROM group_buy_skus s JOIN skus k ON k.id = s.sku_id
    WHERE s.group_buy_id = g.id) AS skus
  FROM group_buys g JOIN products p ON p.id = g.product_id WHERE g.slug = ANY ($1::text[]) FOR NO KEY UPDATE OF g
"""  # house: lock - they are found and locked by slug in one round trip
_GOODS = """
SELECT p.slug, p.id, p.exchange_only, (SELECT COALESCE(jsonb_object_agg(code, jsonb_build_array(id, price_fen)), '{}')
    FROM skus
    WHERE product_id = p.id) AS skus FROM products p WHERE p.slug = ANY ($1::text[])
"""


async def judge(tx: db.Connection, file: Entries, _at: datetime) -> Part:
    """Step: read the file's `group_buys`, note problems, and return what to write."""
    entries = parts.entries(file, "group_buys", GroupBuyEntry)
    rows = await tx.fetch(_KNOWN, [entry.slug for _, entry in entries])
    known = {stored.slug: stored for stored in (db.typed(row, _Stored) for row in rows)}
    named = [entry.product for _, entry in entries if entry.product is not UNSET]
    products = await tx.fetch(_GOODS, named + [stored.product for stored in known.values()])
    goods = {product.slug: product for product in (db.typed(row, _Product) for row in products)}
    for path, entry in entries:
        _judge(file, path, entry, known.get(entry.slug), goods)

    async def write(tx: db.Connection, at: datetime) -> None:
        for _, entry in entries:
            await _write(tx, entry, known.get(entry.slug), goods, at)

    changes = {f"group_buy:{entry.slug}": _change(entry, known.get(entry.slug), goods) for _, entry in entries}
    return Part(
        named=len(entries),
        new=sum(entry.slug not in known for _, entry in entries),
        changes={subject: one for subject, one in changes.items() if one[1]},
        discounts=parts.deepest(_discounts(entry, known.get(entry.slug), goods) for _, entry in entries),
        write=write,
    )


def _judge(
    file: Entries, path: str, entry: GroupBuyEntry, stored: _Stored | None, goods: Mapping[str, _Product]
) -> None:
    if stored is None:
        for name in _NEEDED:
            if getattr(entry, name) is UNSET:
                file.lacks(path, name, f"新活动缺少字段 {name}")
    elif entry.new:
        file.note(f"{path}.slug", "已有这个活动")
    elif entry.product not in (UNSET, stored.product):
        file.note(f"{path}.product", "不能更换商品")
    starts_at = entry.starts_at if stored is None else entry.starts_at or stored.starts_at
    ends_at = entry.ends_at if stored is None else entry.ends_at or stored.ends_at
    unclear = file.doubts(f"{path}.starts_at", f"{path}.ends_at")
    if not unclear and starts_at and ends_at and starts_at >= ends_at:
        file.note(f"{path}.ends_at", "结束时间应晚于开始时间")
    if stored and isinstance(entry.stock_limit, int) and entry.stock_limit < stored.taken:
        file.note(f"{path}.stock_limit", f"已拼 {stored.taken} 件")
    slug = entry.product or (stored and stored.product)
    if slug and not file.doubts(f"{path}.product"):
        _judge_product(file, path, entry, goods.get(slug))


def _judge_product(file: Entries, path: str, entry: GroupBuyEntry, product: _Product | None) -> None:
    if product is None:
        file.note(f"{path}.product", "没有这个商品")
    elif product.exchange_only:
        file.note(f"{path}.product", "仅限积分兑换的商品不能拼团")
    elif entry.skus is not UNSET:
        _judge_prices(file, path, entry.skus, product)


def _judge_prices(file: Entries, path: str, prices: list[SkuPrice], product: _Product) -> None:
    seen = set[str]()
    for place, price in enumerate(prices):
        here = f"{path}.skus[{place}]"
        if price.code in seen:
            file.note(f"{here}.code", "重复")
        seen.add(price.code)
        if price.code not in product.skus:
            file.note(f"{here}.code", "不是这个商品的 SKU")
            continue
        _, list_fen = product.skus[price.code]
        if file.doubts(f"{here}.price_fen"):
            continue
        if price.price_fen > list_fen:
            file.note(f"{here}.price_fen", "拼团价不能高于售价")
        if price.leader_price_fen is not None and price.leader_price_fen > price.price_fen:
            file.note(f"{here}.leader_price_fen", "团长价不能高于拼团价")


async def _write(
    tx: db.Connection, entry: GroupBuyEntry, stored: _Stored | None, goods: Mapping[str, _Product], at: datetime
) -> None:
    fields = given_but(entry, _OWN)
    product = goods[stored.product if stored else str(entry.product)]
    if stored is None:
        fields = {"virtual_fill": False, "active": True} | fields
        fields |= {"product_id": product.id, "taken": 0, "created_at": at}
        places = ", ".join(f"${i}" for i in range(1, len(fields) + 1))
        sql = f"INSERT INTO group_buys ({', '.join(fields)}) VALUES ({places}) RETURNING id"  # noqa: S608 - our own names
    else:
        pairs = ", ".join(f"{name} = ${i}" for i, name in enumerate(fields, 1))
        sql = f"UPDATE group_buys SET {pairs} WHERE slug = $1 RETURNING id"  # noqa: S608 - our own names
    group_buy_id = await tx.fetchval(sql, *fields.values())
    if entry.skus is not UNSET:
        await tx.execute("DELETE FROM group_buy_skus WHERE group_buy_id = $1", group_buy_id)
        await tx.executemany(
            "INSERT INTO group_buy_skus (group_buy_id, sku_id, price_fen, leader_fen) VALUES ($1, $2, $3, $4)",
            [(group_buy_id, product.skus[one.code][0], one.price_fen, one.leader_price_fen) for one in entry.skus],
        )


def _list_prices(entry: GroupBuyEntry, stored: _Stored | None, goods: Mapping[str, _Product]) -> dict[str, int]:
    """Return the prices of the product's SKUs, in fen by code; without a known product none."""
    product = goods.get(stored.product if stored else str(entry.product))
    return {code: list_fen for code, (_, list_fen) in product.skus.items()} if product else {}


def _discounts(entry: GroupBuyEntry, stored: _Stored | None, goods: Mapping[str, _Product]) -> dict[str, int]:
    """Return the discounts of the SKUs that can be bought in more ways than before, in bp by SKU."""
    wider = stored is None or widens(*before_and_after(stored, given_but(entry, _OWN)))
    held = {one.code: one for one in stored.skus} if stored else {}
    prices = _list_prices(entry, stored, goods)
    found = {}
    for one in held.values() if entry.skus is UNSET else entry.skus:
        old = held.get(one.code)
        cheaper = old is None or one.price_fen < old.price_fen or one.lowest_fen < old.lowest_fen
        if (wider or cheaper) and one.code in prices:
            found[one.code] = discount_bp(prices[one.code], one.lowest_fen)
    return found


def _change(
    entry: GroupBuyEntry, stored: _Stored | None, goods: Mapping[str, _Product]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return before and after for the audit log, with only what changes; before a new price it is the SKU's."""
    fields = given_but(entry, _OWN)
    if entry.skus is not UNSET:
        fields["skus"] = sorted(entry.skus, key=lambda one: one.code)
    before, after = before_and_after(stored, fields)
    if "skus" in after:
        held = {one.code: one for one in stored.skus} if stored else {}
        prices = _list_prices(entry, stored, goods)
        new = [SkuPrice(code, list_fen) for code, list_fen in prices.items() if code not in held]
        named = {one.code for one in after["skus"]}
        before["skus"] = [*held.values(), *(one for one in new if one.code in named)]
    for told in (before, after):
        if "skus" in told:
            told["skus"] = [msgspec.structs.asdict(one) for one in told["skus"]]
    return before, after
