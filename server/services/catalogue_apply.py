"""Stock in, and everything else that operators change in the catalogue: one file, one transaction, one audit record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import orjson
from msgspec import UNSET

from server import db
from server.gateways.ports import Cipher, Deps
from server.services import audit_log, words
from server.services.apply_file import ApplyFile
from server.services.catalogue_shapes import CategoryEntry, ProductHead, SkuEntry

_LOCK = 7_224_100_011
"""Advisory lock of changing the catalogue: one file at a time."""

_CARD_COLUMN = "card_keys.sealed"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a file did: how many of each it named, of them new, and the pieces taken in (or out, below zero)."""

    categories: int
    products: int
    products_new: int
    skus: int
    skus_new: int
    pieces: int


@dataclass(frozen=True, slots=True)
class _Sku:
    path: str
    product: str
    virtual: bool
    entry: SkuEntry
    blinds: Sequence[str]
    position: int

    @property
    def pieces(self) -> int:
        return len(self.entry.card_keys) if self.virtual else self.entry.stock_add


async def apply(deps: Deps, text: str, actor: str) -> Applied:
    """Create or change what the file names. All or nothing: raises FileInvalid with every problem found."""
    file = ApplyFile(text)
    file.only("categories", "products")
    categories = [(path, file.read(raw, CategoryEntry, path)) for path, raw in file.each(file.root, "categories")]
    products = [(path, file.read(raw, ProductHead, path)) for path, raw in file.each(file.root, "products")]
    raw_skus = {
        path: [(at, file.read(raw, SkuEntry, at)) for at, raw in file.each({"skus": head.skus}, "skus", path)]
        for path, head in products
        if head is not None
    }
    file.check()
    sheet = _Sheet(
        file,
        [(path, entry) for path, entry in categories if entry is not None],
        [(path, head) for path, head in products if head is not None],
        {path: [(at, entry) for at, entry in found if entry is not None] for path, found in raw_skus.items()},
    )
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        known = await _known(tx, sheet)
        skus = sheet.judge(known, deps.cipher)
        await _refuse_known_cards(tx, file, known, skus)
        file.check()
        category_ids = await _write_categories(tx, sheet, known)
        product_ids = await _write_products(tx, sheet, known, category_ids, at)
        await _write_skus(tx, deps.cipher, known, product_ids, skus)
        await _refresh(tx, list(product_ids.values()), list(category_ids.values()))
        applied = Applied(
            categories=len(sheet.categories),
            products=len(sheet.products),
            products_new=sum(head.slug not in known.products for _, head in sheet.products),
            skus=len(skus),
            skus_new=sum(sku.entry.code not in known.skus for sku in skus),
            pieces=sum(sku.pieces for sku in skus),
        )
        await audit_log.record(tx, at, actor, "product.apply", "catalogue", _told(sheet, skus))
    return applied


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database has under the names in the file; the SKUs are locked."""

    categories: dict[str, int]
    parents: dict[str, str | None]
    products: dict[str, asyncpg.Record]
    skus: dict[str, asyncpg.Record]


async def _known(tx: db.Connection, sheet: "_Sheet") -> _Known:
    categories = await tx.fetch(
        "SELECT c.id, c.slug, above.slug AS parent"
        " FROM categories c LEFT JOIN categories above ON above.id = c.parent_id"
    )
    products = await tx.fetch(
        "SELECT id, slug, kind FROM products WHERE slug = ANY($1::text[])", [head.slug for _, head in sheet.products]
    )
    skus = await tx.fetch(
        "SELECT s.id, s.code, s.available, p.slug AS product FROM skus s JOIN products p ON p.id = s.product_id"
        " WHERE s.code = ANY($1::text[]) ORDER BY s.id FOR NO KEY UPDATE OF s",
        sheet.codes(),
    )
    return _Known(
        {row["slug"]: row["id"] for row in categories},
        {row["slug"]: row["parent"] for row in categories},
        {row["slug"]: row for row in products},
        {row["code"]: row for row in skus},
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The file's entries, each well formed by itself, with their paths."""

    file: ApplyFile
    categories: list[tuple[str, CategoryEntry]]
    products: list[tuple[str, ProductHead]]
    skus: dict[str, list[tuple[str, SkuEntry]]]
    """By the path of their product."""

    def codes(self) -> list[str]:
        return [entry.code for found in self.skus.values() for _, entry in found]

    def judge(self, known: _Known, cipher: Cipher) -> list[_Sku]:
        """The SKUs ready to be written; notes in the file what does not fit together or with the database."""
        self._twice([(f"{path}.slug", entry.slug) for path, entry in self.categories])
        self._twice([(f"{path}.slug", head.slug) for path, head in self.products])
        self._twice([(f"{path}.code", entry.code) for found in self.skus.values() for path, entry in found])
        self._judge_categories(known)
        found: list[_Sku] = []
        for path, head in self.products:
            virtual = self._judge_head(path, head, known)
            for position, (at, entry) in enumerate(self.skus[path]):
                blinds = [cipher.blind(text, _CARD_COLUMN) for text in entry.card_keys]
                found.append(_Sku(at, head.slug, virtual, entry, blinds, position))
        for sku in found:
            self._judge_sku(sku, known)
        return found

    def _judge_categories(self, known: _Known) -> None:
        parents = dict(known.parents)
        for path, entry in self.categories:
            if entry.slug not in known.categories and entry.name is UNSET:
                self.file.note(path, "新分类缺少字段 name")
            if isinstance(entry.parent, str) and entry.parent not in parents:
                self.file.note(f"{path}.parent", f"没有分类 {entry.parent}，上级须先于下级")
            parents.setdefault(entry.slug, None)
            if entry.parent is not UNSET:
                parents[entry.slug] = entry.parent
            if _goes_round(parents, entry.slug):
                self.file.note(f"{path}.parent", "分类不能在自己的下级之下")

    def _judge_head(self, path: str, head: ProductHead, known: _Known) -> bool:
        """Whether the product is virtual."""
        old = known.products.get(head.slug)
        named = {entry.slug for _, entry in self.categories}
        if isinstance(head.category, str) and head.category not in known.categories and head.category not in named:
            self.file.note(f"{path}.category", f"没有分类 {head.category}")
        if old is None:
            for name in ("category", "title"):
                if getattr(head, name) is UNSET:
                    self.file.note(path, f"新商品缺少字段 {name}")
            if not head.skus:
                self.file.note(path, "新商品至少要有一个 SKU")
            return head.kind == "virtual"
        if head.kind is not UNSET and head.kind != old["kind"]:
            self.file.note(f"{path}.kind", "已有商品不能改变类型")
        return bool(old["kind"] == "virtual")

    def _judge_sku(self, sku: _Sku, known: _Known) -> None:
        note, path, entry = self.file.note, sku.path, sku.entry
        old = known.skus.get(entry.code)
        if old is None and entry.price_fen is UNSET:
            note(path, "新 SKU 缺少字段 price_fen")
        if old is not None and old["product"] != sku.product:
            note(f"{path}.code", f"SKU {entry.code} 属于商品 {old['product']}")
        if sku.virtual and entry.stock_add:
            note(f"{path}.stock_add", "虚拟商品的库存就是卡密的数量，请用 card_keys")
        if not sku.virtual and entry.card_keys:
            note(f"{path}.card_keys", "实物商品没有卡密")
        free = old["available"] if old is not None else 0
        if not sku.virtual and free + entry.stock_add < 0:
            note(f"{path}.stock_add", f"可用库存只有 {free}，不能减少 {-entry.stock_add}")
        self._twice([(f"{path}.card_keys[{i}]", blind) for i, blind in enumerate(sku.blinds)])

    def _twice(self, places: list[tuple[str, str]]) -> None:
        seen = set[str]()
        for path, name in places:
            if name in seen:
                self.file.note(path, "重复")
            seen.add(name)


async def _refuse_known_cards(tx: db.Connection, file: ApplyFile, known: _Known, skus: list[_Sku]) -> None:
    for sku in skus:
        old = known.skus.get(sku.entry.code)
        if old is None or not sku.blinds:
            continue
        rows = await tx.fetch(
            "SELECT blind FROM card_keys WHERE sku_id = $1 AND blind = ANY($2::text[])", old["id"], list(sku.blinds)
        )
        for row in rows:
            file.note(f"{sku.path}.card_keys[{sku.blinds.index(row['blind'])}]", "该卡密已入库")


async def _write_categories(tx: db.Connection, sheet: _Sheet, known: _Known) -> dict[str, int]:
    """All category ids by slug."""
    ids = dict(known.categories)
    for _, entry in sheet.categories:
        fields = _given(entry, "name", "icon", "position")
        if isinstance(entry.parent, str):
            fields["parent_id"] = ids[entry.parent]
        elif entry.parent is None:
            fields["parent_id"] = None
        if entry.slug in ids:
            await _update(tx, "categories", ids[entry.slug], fields)
        else:
            ids[entry.slug] = await _insert(tx, "categories", {"icon": "", "position": 0, **fields, "slug": entry.slug})
    return ids


async def _write_products(
    tx: db.Connection, sheet: _Sheet, known: _Known, category_ids: dict[str, int], at: datetime
) -> dict[str, int]:
    """Ids by slug of the products in the file. Prices and words follow in `_refresh`."""
    ids: dict[str, int] = {}
    blank = {"kind": "physical", "subtitle": "", "images": "[]", "detail": "", "on_sale": True, "words": ""}
    for _, head in sheet.products:
        fields = _given(head, "kind", "title", "subtitle", "detail", "on_sale") | {"updated_at": at}
        if isinstance(head.category, str):
            fields["category_id"] = category_ids[head.category]
        if isinstance(head.images, list):
            fields["images"] = orjson.dumps(head.images).decode()
        old = known.products.get(head.slug)
        if old is not None:
            ids[head.slug] = old["id"]
            await _update(tx, "products", old["id"], fields)
        else:
            new = {"slug": head.slug, "created_at": at, "min_price_fen": 0, "max_price_fen": 0, "sold_count": 0}
            ids[head.slug] = await _insert(tx, "products", {**blank, **new, **fields})
    return ids


async def _write_skus(
    tx: db.Connection, cipher: Cipher, known: _Known, product_ids: dict[str, int], skus: list[_Sku]
) -> None:
    blank = {"spec": "{}", "stocked_in": 0, "available": 0, "reserved": 0, "sold": 0, "alert_at": 0, "alerted": False}
    for sku in skus:
        fields = _given(sku.entry, "price_fen", "market_price_fen", "alert_at", "on_sale")
        if isinstance(sku.entry.spec, dict):
            fields["spec"] = orjson.dumps(sku.entry.spec).decode()
        old = known.skus.get(sku.entry.code)
        if old is None:
            new = {"code": sku.entry.code, "product_id": product_ids[sku.product], "position": sku.position}
            sku_id = await _insert(tx, "skus", {"on_sale": True, **blank, **new, **fields})
        else:
            sku_id = old["id"]
            await _update(tx, "skus", sku_id, fields)
        await tx.execute(
            "UPDATE skus SET stocked_in = stocked_in + $2, available = available + $2,"
            " alerted = alerted AND available + $2 <= alert_at WHERE id = $1",
            sku_id,
            sku.pieces,
        )
        await tx.executemany(
            "INSERT INTO card_keys (sku_id, sealed, blind) VALUES ($1, $2, $3)",
            [
                (sku_id, cipher.seal(text, _CARD_COLUMN), blind)
                for text, blind in zip(sku.entry.card_keys, sku.blinds, strict=True)
            ],
        )


async def _refresh(tx: db.Connection, product_ids: list[int], category_ids: list[int]) -> None:
    """Price ranges and search words of what was touched; a category's new name reaches all its products."""
    await tx.execute(
        "UPDATE products p SET min_price_fen = s.lowest, max_price_fen = s.highest FROM ("
        " SELECT product_id, COALESCE(min(price_fen) FILTER (WHERE on_sale), min(price_fen)) AS lowest,"
        " COALESCE(max(price_fen) FILTER (WHERE on_sale), max(price_fen)) AS highest"
        " FROM skus WHERE product_id = ANY($1::bigint[]) GROUP BY product_id) s WHERE s.product_id = p.id",
        product_ids,
    )
    rows = await tx.fetch(
        "SELECT p.id, p.words, concat_ws(' ', p.title, p.subtitle, c.name, above.name) AS text FROM products p"
        " JOIN categories c ON c.id = p.category_id LEFT JOIN categories above ON above.id = c.parent_id"
        " WHERE p.id = ANY($1::bigint[]) OR c.id = ANY($2::bigint[]) OR above.id = ANY($2::bigint[])",
        product_ids,
        category_ids,
    )
    cut = [(row["id"], words.cut(row["text"]), row["words"]) for row in rows]
    await tx.executemany(
        "UPDATE products SET words = $2 WHERE id = $1", [(key, new) for key, new, old in cut if new != old]
    )


def _goes_round(parents: dict[str, str | None], slug: str) -> bool:
    above = parents.get(slug)
    for _ in parents:
        if above is None or above == slug:
            break
        above = parents.get(above)
    return above is not None


def _given(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """The named fields that the file gives."""
    return {name: value for name in names if (value := getattr(entry, name)) is not UNSET}


async def _insert(tx: db.Connection, table: str, row: dict[str, Any]) -> int:
    places = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING id"  # noqa: S608 - our own names
    return int(await tx.fetchval(sql, *row.values()))


async def _update(tx: db.Connection, table: str, key: int, row: dict[str, Any]) -> None:
    if row:
        pairs = ", ".join(f"{name} = ${i}" for i, name in enumerate(row, 2))
        await tx.execute(f"UPDATE {table} SET {pairs} WHERE id = $1", key, *row.values())  # noqa: S608 - our own names


def _told(sheet: _Sheet, skus: list[_Sku]) -> dict[str, Any]:
    """The change for the audit log: texts and card keys stay out."""
    heads = {head.slug: _given(head, "category", "kind", "title", "on_sale") for _, head in sheet.products}
    prices: Iterator[tuple[str, dict[str, Any]]] = (
        (sku.entry.code, _given(sku.entry, "price_fen", "alert_at", "on_sale") | {"pieces": sku.pieces}) for sku in skus
    )
    return {"categories": [entry.slug for _, entry in sheet.categories], "products": heads, "skus": dict(prices)}
