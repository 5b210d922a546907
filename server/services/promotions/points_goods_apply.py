"""The points mall from an operator's file: goods by slug, their SKU by code. Absent goods and fields do not change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.rules import points_goods as rules
from server.rules.limits import discount_bp, widens
from server.services.catalogue.shapes import Code, Count, Slug
from server.services.common.changes import before_and_after, given_but
from server.services.files.entries import Entries
from server.services.promotions import parts
from server.services.promotions.parts import Part
from server.services.terms import policy

_Points = Annotated[int, Meta(ge=1, le=10**9)]


class GoodEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A good; a new one needs its SKU, points and stock. Amounts are per piece."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a good never changes another one."""
    sku: Code | UnsetType = UNSET
    """The SKU's code; it cannot be changed later."""
    points: _Points | UnsetType = UNSET
    price_fen: Annotated[int, Meta(ge=0, le=10**9)] | UnsetType = UNSET
    """The cash price in addition to the points; a new good starts with 0."""
    stock: Count | UnsetType = UNSET
    """Pieces that may be exchanged in total, including those exchanged already."""
    per_member: Annotated[int, Meta(ge=1, le=10**6)] | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


_NEEDED = ("sku", "points", "stock")
_OWN = ("slug", "new", "sku")
"""Fields that are not written as columns."""


class _Stored(msgspec.Struct, frozen=True):
    """A row of `points_goods` with its SKU's code; the defaults are those of a new good."""

    slug: str
    sku: str
    points: int
    stock: int
    price_fen: int = 0
    taken: int = 0
    per_member: int | None = None
    active: bool = True


class _Sku(msgspec.Struct, frozen=True):
    """A SKU; `available` pieces can be sold."""

    id: int
    code: str
    list_price_fen: int
    available: int


_KNOWN = """
SELECT g.slug, g.points, g.stock, g.price_fen, g.taken, g.per_member, g.active, k.code AS sku
  FROM points_goods g JOIN skus k ON k.id = g.sku_id WHERE g.slug = ANY ($1::text[])
  FOR NO KEY UPDATE OF g
"""  # house: lock - they are found and locked by slug in one round trip
_SKUS = "SELECT id, code, price_fen AS list_price_fen, available FROM skus WHERE code = ANY ($1::text[])"


async def judge(tx: db.Connection, file: Entries, _at: datetime) -> Part:
    """Step: read the file's `points_goods`, note problems, and return what to write."""
    entries = parts.entries(file, "points_goods", GoodEntry)
    rows = await tx.fetch(_KNOWN, [entry.slug for _, entry in entries])
    known = {stored.slug: stored for stored in (db.typed(row, _Stored) for row in rows)}
    codes = [entry.sku for _, entry in entries if entry.sku is not UNSET] + [good.sku for good in known.values()]
    skus = {sku.code: sku for sku in (db.typed(row, _Sku) for row in await tx.fetch(_SKUS, codes))}
    for path, entry in entries:
        _judge(file, path, entry, known.get(entry.slug), skus)

    async def write(tx: db.Connection, at: datetime) -> None:
        for _, entry in entries:
            await _write(tx, entry, known.get(entry.slug), skus, at)

    changes = {f"points_good:{entry.slug}": _change(entry, known.get(entry.slug), skus) for _, entry in entries}
    per_fen = (await policy.read(tx)).policy.points_per_fen
    return Part(
        named=len(entries),
        new=sum(entry.slug not in known for _, entry in entries),
        changes={subject: one for subject, one in changes.items() if one[1]},
        discounts=parts.deepest(_discount(entry, known.get(entry.slug), skus, per_fen) for _, entry in entries),
        write=write,
    )


def _judge(
    file: Entries,
    path: str,
    entry: GoodEntry,
    stored: _Stored | None,
    skus: Mapping[str, _Sku],
) -> None:
    if stored is None:
        missing = [name for name in _NEEDED if getattr(entry, name) is UNSET]
        for name in missing:
            file.lacks(path, name, f"新商品缺少字段 {name}")
        if "sku" in missing:
            return
    elif entry.new:
        file.note(f"{path}.slug", "已有这个积分商品")
        return
    elif entry.sku not in (UNSET, stored.sku):
        file.note(f"{path}.sku", "不能更换 SKU")
        return
    now = _now(entry, stored)
    sku = skus.get(now.sku)
    if sku is None:
        file.note(f"{path}.sku", "没有这个 SKU")
        return
    good = rules.Good(
        points=now.points,
        price_fen=now.price_fen,
        list_price_fen=sku.list_price_fen,
        stock=now.stock,
        taken=now.taken,
        available=sku.available,
        per_member=now.per_member,
        active=now.active,
    )
    for name, problem in rules.problems(good):
        file.note(f"{path}.{name}", problem)


def _now(entry: GoodEntry, stored: _Stored | None) -> _Stored:
    """Return the good as it is after the entry."""
    before = stored or _Stored(entry.slug, str(entry.sku), points=0, stock=0)
    return msgspec.structs.replace(before, **given_but(entry, _OWN))


async def _write(
    tx: db.Connection,
    entry: GoodEntry,
    stored: _Stored | None,
    skus: Mapping[str, _Sku],
    at: datetime,
) -> None:
    now = _now(entry, stored)
    await tx.execute(
        "INSERT INTO points_goods (slug, sku_id, points, price_fen, stock, taken, per_member, active, created_at)"
        " VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) ON CONFLICT (slug) DO UPDATE SET points = EXCLUDED.points,"
        " price_fen = EXCLUDED.price_fen, stock = EXCLUDED.stock, per_member = EXCLUDED.per_member,"
        " active = EXCLUDED.active",
        entry.slug,
        skus[now.sku].id,
        now.points,
        now.price_fen,
        now.stock,
        now.per_member,
        now.active,
        at,
    )


def _discount(entry: GoodEntry, stored: _Stored | None, skus: Mapping[str, _Sku], per_fen: int) -> dict[str, int]:
    """Return the discount in bp, by SKU, if the good gives more than before. Points count as what they pay."""
    now = _now(entry, stored)
    sku = skus.get(now.sku)
    if sku is None or (stored is not None and not widens(*before_and_after(stored, given_but(entry, _OWN)))):
        return {}
    return {sku.code: discount_bp(sku.list_price_fen, now.price_fen + now.points // per_fen)}


def _change(
    entry: GoodEntry, stored: _Stored | None, skus: Mapping[str, _Sku]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return before and after for the audit log, with only what changes; before a new good it is the SKU's price."""
    fields = given_but(entry, _OWN)
    if stored is not None:
        return before_and_after(stored, fields)
    sku = skus.get(str(entry.sku))
    after = {"price_fen": 0} | fields | {"sku": entry.sku}
    return ({"price_fen": sku.list_price_fen} if sku else {}), after
