"""Stock and all other catalogue changes by operators: one file, one transaction, one record in the audit log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.core.advisory import Advisory
from server.gateways.ports import Cipher, Deps
from server.rules.limits import price_step_bp
from server.services.catalogue import freight_entries
from server.services.catalogue.checks import (
    CARD_COLUMN,
    Known,
    ReadySku,
    Sheet,
    changes,
    repriced,
)
from server.services.catalogue.freight_entries import FreightEntry
from server.services.catalogue.products import RANGES
from server.services.catalogue.shapes import (
    CategoryEntry,
    ProductHead,
    SkuEntry,
    StoredCategory,
    StoredProduct,
    StoredSku,
)
from server.services.common import approvals, audit_log, locks, words
from server.services.common.approvals import Leave
from server.services.files.entries import Entries


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a file: how many of each it named, how many are new, and the pieces added (negative: removed)."""

    categories: int
    products: int
    products_new: int
    skus: int
    skus_new: int
    pieces: int


async def apply(
    deps: Deps,
    document: Mapping[str, Any],
    actor: str,
    reason: str = "",
    wrong: Collection[str] = (),
    leave: Leave | None = None,
) -> Applied:
    """Create or change what `{"categories": […], "freight": […], "products": […]}` names; for entries see shapes.py.

    All or nothing: raises FileInvalid with every problem found, also if the form that made the document found mistakes
    at the places `wrong`; AboveLimit for what it does to prices. This is the only writer of the catalogue: files, forms
    of the panel and the demo shop use it.
    """
    file = Entries(document, wrong)
    file.only("categories", "freight", "products")
    categories = [(path, file.read(raw, CategoryEntry, path)) for path, raw in file.each(file.root, "categories")]
    freight = [(path, file.read(raw, FreightEntry, path)) for path, raw in file.each(file.root, "freight")]
    products = [(path, file.read(raw, ProductHead, path)) for path, raw in file.each(file.root, "products")]
    raw_skus = {
        path: [(at, file.read(raw, SkuEntry, at)) for at, raw in file.each({"skus": head.skus}, "skus", path)]
        for path, head in products
        if head is not None
    }
    sheet = Sheet(
        file,
        [(path, entry) for path, entry in categories if entry is not None],
        [(path, head) for path, head in products if head is not None],
        {path: [(at, entry) for at, entry in found if entry is not None] for path, found in raw_skus.items()},
        [(path, entry) for path, entry in freight if entry is not None],
    )
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.CATALOGUE)
        at = deps.clock.now()  # read under the lock, so that no two changes have the same time
        known = await _known(tx, sheet)
        skus = sheet.judge(known, deps.cipher)
        await _refuse_known_cards(tx, file, known, skus)
        file.check()
        category_ids = await _write_categories(tx, sheet, known)
        freight_ids = await freight_entries.write(tx, sheet.freight, known.freight, at)
        product_ids = await _write_products(tx, sheet, known, category_ids, freight_ids, at)
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
        detail = changes(known, sheet, skus) | ({"reason": reason} if reason else {})
        prices = repriced(known, skus)
        uses = {f"sku:{code}": price_step_bp(old_fen, new_fen) for code, (old_fen, new_fen) in prices.items()}
        basis = {code: old_fen for code, (old_fen, _) in prices.items()}
        said = await approvals.weigh(tx, at, leave, detail, uses, basis)
        await audit_log.record(tx, at, actor, "product.apply", _subject(sheet), said)
    return applied


def _subject(sheet: Sheet) -> str:
    """Return the audit subject: the only thing that the file names, or the whole catalogue."""
    named = [
        *(f"product:{head.slug}" for _, head in sheet.products),
        *(f"category:{entry.slug}" for _, entry in sheet.categories),
        *(f"freight:{entry.slug}" for _, entry in sheet.freight),
    ]
    return named[0] if len(named) == 1 else "catalogue"


async def _known(tx: db.Connection, sheet: Sheet) -> Known:
    categories = await tx.fetch(
        "SELECT c.*, above.slug AS parent FROM categories c LEFT JOIN categories above ON above.id = c.parent_id"
    )
    products = await tx.fetch(
        "SELECT p.*, c.slug AS category, f.slug AS freight, t.slug AS coupon FROM products p"
        " JOIN categories c ON c.id = p.category_id LEFT JOIN freight_templates f ON f.id = p.freight_template_id"
        " LEFT JOIN coupon_templates t ON t.id = p.coupon_template_id WHERE p.slug = ANY($1::text[])",
        [head.slug for _, head in sheet.products],
    )
    skus = await tx.fetch(
        "SELECT s.*, p.slug AS product FROM skus s JOIN products p ON p.id = s.product_id"
        " WHERE s.code = ANY($1::text[]) ORDER BY s.id"
        " FOR NO KEY UPDATE OF s",  # house: lock - stock, ascending
        sheet.codes(),
    )
    coupons = await tx.fetch(
        "SELECT slug, id FROM coupon_templates WHERE slug = ANY($1::text[])",
        [head.coupon for _, head in sheet.products if isinstance(head.coupon, str)],
    )
    return Known(
        {category.slug: category for category in (db.typed(row, StoredCategory) for row in categories)},
        {product.slug: product for product in (db.typed(row, StoredProduct) for row in products)},
        {sku.code: sku for sku in (db.typed(row, StoredSku) for row in skus)},
        await freight_entries.known(tx),
        {row["slug"]: row["id"] for row in coupons},
    )


async def _refuse_known_cards(tx: db.Connection, file: Entries, known: Known, skus: list[ReadySku]) -> None:
    for sku in skus:
        old = known.skus.get(sku.entry.code)
        if old is None or not sku.blinds:
            continue
        rows = await tx.fetch(
            "SELECT blind FROM card_keys WHERE sku_id = $1 AND blind = ANY($2::text[])", old.id, list(sku.blinds)
        )
        for row in rows:
            file.note(f"{sku.path}.card_keys[{sku.blinds.index(row['blind'])}]", "该卡密已入库")


async def _write_categories(tx: db.Connection, sheet: Sheet, known: Known) -> dict[str, int]:
    """Write the categories of the file; return the ids of all categories by slug."""
    ids = {slug: category.id for slug, category in known.categories.items()}
    for _, entry in sheet.categories:
        fields = entry.fields()
        if "parent" in fields:
            parent = fields.pop("parent")
            fields["parent_id"] = ids[parent] if parent else None
        if entry.slug in ids:
            await _update(tx, "categories", ids[entry.slug], fields)
        else:
            ids[entry.slug] = await _insert(tx, "categories", {"icon": "", "position": 0, **fields, "slug": entry.slug})
    return ids


async def _write_products(
    tx: db.Connection,
    sheet: Sheet,
    known: Known,
    category_ids: dict[str, int],
    freight_ids: dict[str, int],
    at: datetime,
) -> dict[str, int]:
    """Write the products of the file; return their ids by slug. `_refresh` sets price ranges and search words later."""
    ids: dict[str, int] = {}
    blank = {"kind": "physical", "subtitle": "", "images": "[]", "detail": "", "on_sale": True, "words": ""}
    for _, head in sheet.products:
        fields = head.fields() | {"updated_at": at}
        if "category" in fields:
            fields["category_id"] = category_ids[fields.pop("category")]
        if "images" in fields:
            fields["images"] = orjson.dumps(fields["images"]).decode()
        if "freight" in fields:
            freight = fields.pop("freight")
            fields["freight_template_id"] = freight_ids[freight] if freight else None
        if "coupon" in fields:
            coupon = fields.pop("coupon")
            fields["coupon_template_id"] = known.coupons[coupon] if coupon else None
        old = known.products.get(head.slug)
        if old is not None:
            ids[head.slug] = old.id
            await _update(tx, "products", old.id, fields)
        else:
            new = {"slug": head.slug, "created_at": at, "min_price_fen": 0, "max_price_fen": 0, "sold_count": 0}
            ids[head.slug] = await _insert(tx, "products", {**blank, **new, **fields})
    return ids


async def _write_skus(
    tx: db.Connection, cipher: Cipher, known: Known, product_ids: dict[str, int], skus: list[ReadySku]
) -> None:
    blank = {"spec": "{}", "stocked_in": 0, "available": 0, "reserved": 0, "sold": 0, "alert_at": 0, "alerted": False}
    for sku in skus:
        fields = sku.entry.fields()
        if "spec" in fields:
            fields["spec"] = orjson.dumps(fields["spec"]).decode()
        old = known.skus.get(sku.entry.code)
        if old is None:
            new = {"code": sku.entry.code, "product_id": product_ids[sku.product], "position": sku.position}
            sku_id = await _insert(tx, "skus", {"on_sale": True, **blank, **new, **fields})
        else:
            sku_id = old.id
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
                (sku_id, cipher.seal(text, CARD_COLUMN), blind)
                for text, blind in zip(sku.entry.card_keys, sku.blinds, strict=True)
            ],
        )


async def _refresh(tx: db.Connection, product_ids: list[int], category_ids: list[int]) -> None:
    """Update price ranges and search words of changed products; a category's new name reaches all its products."""
    await tx.execute(
        f"UPDATE products p SET min_price_fen = s.lowest, max_price_fen = s.highest FROM ({RANGES}"  # noqa: S608
        " WHERE product_id = ANY($1::bigint[]) GROUP BY product_id) s WHERE s.product_id = p.id",  # our own text
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


async def _insert(tx: db.Connection, table: str, row: dict[str, Any]) -> int:
    places = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING id"  # noqa: S608 - our own names
    return int(await tx.fetchval(sql, *row.values()))


async def _update(tx: db.Connection, table: str, key: int, row: dict[str, Any]) -> None:
    if row:
        pairs = ", ".join(f"{name} = ${i}" for i, name in enumerate(row, 2))
        await tx.execute(f"UPDATE {table} SET {pairs} WHERE id = $1", key, *row.values())  # noqa: S608 - our own names
