"""Check that a catalogue file is consistent in itself and with the database, and compute what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from server.gateways.ports import Cipher
from server.services.catalogue import freight_entries
from server.services.catalogue.shapes import (
    CategoryEntry,
    ProductHead,
    SkuEntry,
    StoredCategory,
    StoredProduct,
    StoredSku,
)
from server.services.common.changes import before_and_after, given
from server.services.files.entries import Entries

CARD_COLUMN = "card_keys.sealed"

Pieces = Literal["goods", "keys", "coupons"]
"""What one piece of a SKU is: a physical good, a card key or a coupon."""


@dataclass(frozen=True, slots=True)
class ReadySku:
    """A SKU with a readable entry, its path in the file, and the blind indexes of its card keys."""

    path: str
    product: str
    pieces_are: Pieces
    entry: SkuEntry
    blinds: Sequence[str]
    position: int

    @property
    def pieces(self) -> int:
        """How many pieces are added to the stock; negative to remove pieces."""
        return len(self.entry.card_keys) if self.pieces_are == "keys" else self.entry.stock_add


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has under the names in the file. The SKU rows are locked."""

    categories: dict[str, StoredCategory]
    products: dict[str, StoredProduct]
    skus: dict[str, StoredSku]
    freight: dict[str, freight_entries.StoredFreight]
    coupons: dict[str, int]
    """Coupon template ids by slug."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file's entries with their paths. Each entry is valid by itself."""

    file: Entries
    categories: list[tuple[str, CategoryEntry]]
    products: list[tuple[str, ProductHead]]
    skus: dict[str, list[tuple[str, SkuEntry]]]
    """SKU entries by the path of their product."""
    freight: freight_entries.Templates

    def codes(self) -> list[str]:
        """Return the codes of all SKUs in the file."""
        return [entry.code for found in self.skus.values() for _, entry in found]

    def judge(self, known: Known, cipher: Cipher) -> list[ReadySku]:
        """Return the SKUs ready to write; note in the file what is inconsistent in itself or with the database."""
        self._twice([(f"{path}.slug", entry.slug) for path, entry in self.categories])
        self._twice([(f"{path}.slug", entry.slug) for path, entry in self.freight])
        self._twice([(f"{path}.slug", head.slug) for path, head in self.products])
        self._twice([(f"{path}.code", entry.code) for found in self.skus.values() for path, entry in found])
        self._judge_categories(known)
        freight_entries.judge(self.file, self.freight, known.freight)
        found: list[ReadySku] = []
        for path, head in self.products:
            pieces_are = self._judge_head(path, head, known)
            for position, (at, entry) in enumerate(self.skus[path]):
                blinds = [cipher.blind(text, CARD_COLUMN) for text in entry.card_keys]
                found.append(ReadySku(at, head.slug, pieces_are, entry, blinds, position))
        for sku in found:
            self._judge_sku(sku, known)
        return found

    def _judge_categories(self, known: Known) -> None:
        parents = {slug: category.parent for slug, category in known.categories.items()}
        for path, entry in self.categories:
            if entry.slug not in known.categories and entry.name is UNSET:
                self.file.lacks(path, "name", "新分类缺少字段 name")
            if entry.new and entry.slug in known.categories:
                self.file.note(f"{path}.slug", "已有这个分类")
            if isinstance(entry.parent, str) and entry.parent not in parents:
                self.file.note(f"{path}.parent", f"没有分类 {entry.parent}，上级须先于下级")
            parents.setdefault(entry.slug, None)
            if entry.parent is not UNSET:
                parents[entry.slug] = entry.parent
            if _goes_round(parents, entry.slug):
                self.file.note(f"{path}.parent", "分类不能在自己的下级之下")

    def _judge_head(self, path: str, head: ProductHead, known: Known) -> Pieces:
        """Check a product; return what its pieces are."""
        old = known.products.get(head.slug)
        named = {entry.slug for _, entry in self.categories}
        if isinstance(head.category, str) and head.category not in known.categories and head.category not in named:
            self.file.note(f"{path}.category", f"没有分类 {head.category}")
        self._judge_terms(path, head, known)
        if old is None:
            self._judge_new(path, head, known)
            return _pieces(head.kind, head.coupon)
        if head.new:
            self.file.note(f"{path}.slug", "已有这个商品")
        if head.seen is not UNSET and head.seen != old.updated_at:
            self.file.note(f"{path}.seen", "商品刚刚被修改过，请刷新页面后再改")
        if head.kind is not UNSET and head.kind != old.kind:
            self.file.note(f"{path}.kind", "已有商品不能改变类型")
        if head.coupon not in (UNSET, old.coupon):
            self.file.note(f"{path}.coupon", "已有商品不能改变发放的优惠券")
        return _pieces(old.kind, old.coupon)

    def _judge_new(self, path: str, head: ProductHead, known: Known) -> None:
        for name in ("category", "title"):
            if getattr(head, name) is UNSET:
                self.file.lacks(path, name, f"新商品缺少字段 {name}")
        if not head.skus:
            self.file.lacks(path, "skus", "新商品至少要有一个 SKU")
        if not isinstance(head.coupon, str):
            return
        if head.kind != "virtual" and not self.file.doubts(f"{path}.kind"):
            self.file.note(f"{path}.coupon", "只有虚拟商品可以是优惠券")
        if head.coupon not in known.coupons:
            self.file.note(f"{path}.coupon", f"没有优惠券 {head.coupon}")

    def _judge_terms(self, path: str, head: ProductHead, known: Known) -> None:
        templates = known.freight.keys() | {entry.slug for _, entry in self.freight}
        if isinstance(head.freight, str) and head.freight not in templates:
            self.file.note(f"{path}.freight", f"没有运费模板 {head.freight}")
        stored = known.products.get(head.slug)
        times = {"on_from": stored.on_from, "off_from": stored.off_from} if stored else {}
        times |= given(head, "on_from", "off_from")
        on_from, off_from = times.get("on_from"), times.get("off_from")
        unclear = self.file.doubts(f"{path}.on_from", f"{path}.off_from")
        if not unclear and on_from is not None and off_from is not None and off_from <= on_from:
            self.file.note(f"{path}.off_from", "定时下架要晚于定时上架")

    def _judge_sku(self, sku: ReadySku, known: Known) -> None:
        note, path, entry = self.file.note, sku.path, sku.entry
        old = known.skus.get(entry.code)
        if old is None and entry.price_fen is UNSET:
            self.file.lacks(path, "price_fen", "新 SKU 缺少字段 price_fen")
        if old is not None and old.product != sku.product:
            note(f"{path}.code", f"SKU {entry.code} 属于商品 {old.product}")
        keyed = sku.pieces_are == "keys"
        if keyed and entry.stock_add:
            note(f"{path}.stock_add", "虚拟商品的库存就是卡密的数量，请用 card_keys")
        if not keyed and entry.card_keys:
            note(f"{path}.card_keys", "实物商品没有卡密" if sku.pieces_are == "goods" else "发放优惠券的商品没有卡密")
        free = old.available if old is not None else 0
        if not keyed and free + entry.stock_add < 0:
            note(f"{path}.stock_add", f"可用库存只有 {free}，不能减少 {-entry.stock_add}")
        self._twice([(f"{path}.card_keys[{i}]", blind) for i, blind in enumerate(sku.blinds)])

    def _twice(self, places: list[tuple[str, str]]) -> None:
        seen = set[str]()
        for path, name in places:
            if name in seen:
                self.file.note(path, "重复")
            seen.add(name)


def _pieces(kind: object, coupon: object) -> Pieces:
    if kind != "virtual":
        return "goods"
    return "coupons" if coupon else "keys"


def _goes_round(parents: dict[str, str | None], slug: str) -> bool:
    above = parents.get(slug)
    for _ in parents:
        if above is None or above == slug:
            break
        above = parents.get(above)
    return above is not None


def repriced(known: Known, skus: Sequence[ReadySku]) -> dict[str, tuple[int, int]]:
    """Return the SKUs whose price changes, by code: the price before and the new one, in fen.

    A new SKU of a known product is one if it is cheaper than all others that the product sells: else a product could
    be sold for next to nothing through a new SKU.
    """
    found = {}
    for sku in skus:
        new_fen, old, product = sku.entry.price_fen, known.skus.get(sku.entry.code), known.products.get(sku.product)
        if new_fen is UNSET:
            continue
        if old is not None and old.price_fen != new_fen:
            found[sku.entry.code] = (old.price_fen, new_fen)
        elif old is None and product is not None and new_fen < product.min_price_fen:
            found[sku.entry.code] = (product.min_price_fen, new_fen)
    return found


def changes(known: Known, sheet: Sheet, skus: Sequence[ReadySku]) -> dict[str, Any]:
    """Return `before` and `after` for the audit log, by category, product and SKU, with only what changes.

    The detail text is recorded only by its length, and card keys only by their number.
    """
    found = _Changes()
    for _, entry in sheet.categories:
        found.compare("categories", entry.slug, known.categories.get(entry.slug), entry.fields())
    for _, one in sheet.freight:
        found.compare("freight", one.slug, known.freight.get(one.slug), given(one, "name", "terms"))
    for _, head in sheet.products:
        found.compare("products", head.slug, known.products.get(head.slug), head.fields())
    for sku in skus:
        old = known.skus.get(sku.entry.code)
        fields = sku.entry.fields()
        if sku.pieces:
            fields["stocked_in"] = (old.stocked_in if old is not None else 0) + sku.pieces
        found.compare("skus", sku.entry.code, old, fields)
    return {"before": found.before, "after": found.after}


class _Changes:
    def __init__(self) -> None:
        self.before: dict[str, dict[str, dict[str, Any]]] = {}
        self.after: dict[str, dict[str, dict[str, Any]]] = {}

    def compare(self, kind: str, name: str, old: msgspec.Struct | None, fields: dict[str, Any]) -> None:
        was, becomes = before_and_after(old, fields)
        if old is not None and becomes:
            self.before.setdefault(kind, {})[name] = {field: _said(field, value) for field, value in was.items()}
        if becomes:
            self.after.setdefault(kind, {})[name] = {field: _said(field, value) for field, value in becomes.items()}


def _said(field: str, value: Any) -> Any:  # noqa: ANN401 - a column's value
    if field == "terms":
        return msgspec.to_builtins(value)
    return f"{len(value)} 字" if field == "detail" else value
