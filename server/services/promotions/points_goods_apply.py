"""The points mall from an operator's file: goods by slug, their SKU by code. Absent goods and fields do not change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.rules import points_goods as rules
from server.services.catalogue.shapes import Code, Count, Slug
from server.services.common.changes import before_and_after, given_but
from server.services.files.entries import Entries
from server.services.promotions import parts
from server.services.promotions.parts import Part
from server.services.promotions.points_goods import standing

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
_NEW = {"price_fen": 0, "taken": 0, "per_member": None, "active": True}

_KNOWN = """
SELECT g.*, k.code AS sku FROM points_goods g JOIN skus k ON k.id = g.sku_id WHERE g.slug = ANY ($1::text[])
  FOR NO KEY UPDATE OF g
"""  # house: lock - they are found and locked by slug in one round trip
_SKUS = "SELECT id, code, price_fen AS list_price_fen, available FROM skus WHERE code = ANY ($1::text[])"


async def judge(tx: db.Connection, file: Entries, _at: datetime) -> Part:
    """Step: read the file's `points_goods`, note problems, and return what to write."""
    entries = parts.entries(file, "points_goods", GoodEntry)
    rows = await tx.fetch(_KNOWN, [entry.slug for _, entry in entries])
    known: dict[str, Mapping[str, Any]] = {row["slug"]: row for row in rows}
    codes = [entry.sku for _, entry in entries if entry.sku is not UNSET] + [row["sku"] for row in rows]
    skus = {row["code"]: row for row in await tx.fetch(_SKUS, codes)}
    for path, entry in entries:
        _judge(file, path, entry, known.get(entry.slug), skus)

    async def write(tx: db.Connection, at: datetime) -> None:
        for _, entry in entries:
            await _write(tx, entry, known.get(entry.slug), skus, at)

    changes = {f"points_good:{entry.slug}": _change(entry, known.get(entry.slug)) for _, entry in entries}
    new = sum(entry.slug not in known for _, entry in entries)
    return Part(len(entries), new, {subject: one for subject, one in changes.items() if one[1]}, write)


def _judge(
    file: Entries,
    path: str,
    entry: GoodEntry,
    row: Mapping[str, Any] | None,
    skus: Mapping[str, asyncpg.Record],
) -> None:
    if row is None:
        missing = [name for name in _NEEDED if getattr(entry, name) is UNSET]
        for name in missing:
            file.note(path, f"新商品缺少字段 {name}")
        if missing:
            return
    elif entry.new:
        file.note(f"{path}.slug", "已有这个积分商品")
        return
    elif entry.sku not in (UNSET, row["sku"]):
        file.note(f"{path}.sku", "不能更换 SKU")
        return
    sku = skus.get(str(row["sku"] if row else entry.sku))
    if sku is None:
        file.note(f"{path}.sku", "没有这个 SKU")
        return
    for name, problem in rules.problems(standing({**_NEW, **(row or {}), **given_but(entry, _OWN), **sku})):
        file.note(f"{path}.{name}", problem)


async def _write(
    tx: db.Connection,
    entry: GoodEntry,
    row: Mapping[str, Any] | None,
    skus: Mapping[str, asyncpg.Record],
    at: datetime,
) -> None:
    now = {**_NEW, **(row or {}), **given_but(entry, _OWN)}
    await tx.execute(
        "INSERT INTO points_goods (slug, sku_id, points, price_fen, stock, taken, per_member, active, created_at)"
        " VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) ON CONFLICT (slug) DO UPDATE SET points = EXCLUDED.points,"
        " price_fen = EXCLUDED.price_fen, stock = EXCLUDED.stock, per_member = EXCLUDED.per_member,"
        " active = EXCLUDED.active",
        entry.slug,
        skus[str(row["sku"] if row else entry.sku)]["id"],
        *(now[name] for name in ("points", "price_fen", "stock", "per_member", "active")),
        at,
    )


def _change(entry: GoodEntry, row: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return before and after for the audit log, with only what changes."""
    return before_and_after(row, given_but(entry, _OWN) | ({"sku": entry.sku} if row is None else {}))
