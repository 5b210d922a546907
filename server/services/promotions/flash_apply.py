"""Flash sales from an operator's file: sessions by slug, items by SKU code. What it leaves out does not change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.rules import flash_sales as rules
from server.rules.flash_sales import Window
from server.rules.limits import discount_bp, widens
from server.services.catalogue.shapes import Code, Fen, Name, Slug
from server.services.common.changes import before_and_after, given, given_but
from server.services.files.entries import Entries
from server.services.promotions import parts
from server.services.promotions.parts import Change, Part

_LONGEST = timedelta(days=31)
_Moment = Annotated[datetime, Meta(tz=True)]


class ItemEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A SKU; a new one needs `price_fen` and `stock`. Stock 0 takes the SKU out of the session."""

    sku: Code
    price_fen: Fen | UnsetType = UNSET
    stock: Annotated[int, Meta(ge=0, le=100_000)] | UnsetType = UNSET
    per_member: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET


class SaleEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A session; a new one needs a name and times. Times carry their zone."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a session never changes another one."""
    name: Name | UnsetType = UNSET
    starts_at: _Moment | UnsetType = UNSET
    ends_at: _Moment | UnsetType = UNSET
    stop: bool = False
    """Stop the session for good: nothing can be bought in it any more."""
    items: Annotated[list[ItemEntry], Meta(max_length=50)] = msgspec.field(default_factory=list)


class _Sale(msgspec.Struct, frozen=True):
    """A stored session."""

    id: int
    slug: str
    name: str
    starts_at: datetime
    ends_at: datetime
    stopped_at: datetime | None


class _Sku(msgspec.Struct, frozen=True):
    """A SKU under its lock; `available` pieces can be sold, at `price_fen`."""

    id: int
    code: str
    on_sale: bool
    exchange_only: bool
    price_fen: int
    available: int


class _Item(msgspec.Struct, frozen=True):
    """A stored item with its SKU; `taken` pieces are sold or held by unpaid orders."""

    sale_id: int
    sku_id: int
    code: str
    list_price_fen: int
    price_fen: int
    stock: int
    per_member: int
    taken: int


@dataclass(slots=True)
class _ItemChange:
    path: str
    entry: ItemEntry
    sku: _Sku
    old: _Item | None

    @property
    def more(self) -> int:
        """How many pieces to reserve in addition to those already reserved; negative to give some back."""
        if isinstance(self.entry.stock, UnsetType):
            return 0
        return self.entry.stock - (self.old.stock if self.old else 0)

    @property
    def fields(self) -> dict[str, Any]:
        """What is given, by column."""
        return given_but(self.entry, ("sku",))

    @property
    def now(self) -> _Item:
        """The item after the change."""
        sku = self.sku
        blank = _Item(0, sku.id, sku.code, sku.price_fen, price_fen=0, stock=0, per_member=1, taken=0)
        return msgspec.structs.replace(self.old or blank, **self.fields)

    @property
    def wider(self) -> bool:
        """Whether the item is new, cheaper, or there is more of it."""
        return self.old is None or widens(*before_and_after(self.old, self.fields))

    def audit_detail(self) -> Change:
        """Return before and after for the audit log; what a new item cost before is the SKU's price."""
        before, after = before_and_after(self.old, self.fields)
        return before if self.old else {"price_fen": self.sku.price_fen}, after


@dataclass(slots=True)
class _SaleChange:
    """One session of the file, with the stored session and its items if there is one."""

    path: str
    entry: SaleEntry
    old: _Sale | None
    held: Sequence[_Item]
    items: list[_ItemChange] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, Any]:
        """What is given, by column."""
        return given(self.entry, "name", "starts_at", "ends_at")

    def audit_detail(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return before and after for the audit log, with only what changes."""
        before, after = before_and_after(self.old, self.fields)
        for item in self.items:
            was, becomes = item.audit_detail()
            if becomes:
                before[item.entry.sku], after[item.entry.sku] = was, becomes
        if self.entry.stop and (self.old is None or self.old.stopped_at is None):
            after["stopped"] = True
        return before, after

    def discounts(self) -> dict[str, int]:
        """Return the discounts of the items that can be bought in more ways than before, in bp by SKU."""
        if self.entry.stop:
            return {}
        longer = self.old is None or widens(*before_and_after(self.old, self.fields))
        now = {item.code: item for item in self.held if longer}
        now |= {item.sku.code: item.now for item in self.items if longer or item.wider}
        return {code: discount_bp(item.list_price_fen, item.price_fen) for code, item in now.items() if item.stock}


_OLD_ITEMS = """
SELECT i.sale_id, i.sku_id, k.code, k.price_fen AS list_price_fen, i.price_fen, i.stock, i.per_member,
  i.stock - i.returned - (SELECT count(*) FROM flash_units WHERE item_id = i.id AND order_id IS NULL
    AND NOT sold) AS taken
FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id JOIN skus k ON k.id = i.sku_id
WHERE s.slug = ANY ($1::text[])
"""


_SKUS = """
SELECT s.id, s.code, s.on_sale, s.price_fen, s.available,
  (SELECT exchange_only FROM products WHERE id = s.product_id) AS exchange_only
FROM skus s WHERE code = ANY ($1) ORDER BY id FOR NO KEY UPDATE
"""  # house: lock - stock, ascending, after its sessions


_SALES = f"""
SELECT {db.columns(_Sale)} FROM flash_sales WHERE slug = ANY ($1) ORDER BY id FOR UPDATE
"""  # noqa: S608 - our own names # house: lock - found by slug


async def judge(tx: db.Connection, file: Entries, at: datetime) -> Part:
    """Step: read the file's `flash_sales`, lock their sessions and SKUs, note problems, and return what to write.

    Writing raises FileInvalid if a stock is lowered but buyers took those pieces first.
    """
    sales = await _beside(tx, file, parts.entries(file, "flash_sales", SaleEntry))
    for change in sales:
        _judge_sale(file, change, at)
        started = change.old is not None and change.old.starts_at <= at
        for item in change.items:
            _judge_item(file, item, started=started)

    async def write(tx: db.Connection, at: datetime) -> None:
        await _write(tx, file, sales, at)

    told = {f"flash_sale:{change.entry.slug}": change.audit_detail() for change in sales}
    return Part(
        named=len(sales),
        new=sum(change.old is None for change in sales),
        changes={subject: (before, after) for subject, (before, after) in told.items() if after},
        discounts=parts.deepest(change.discounts() for change in sales),
        write=write,
    )


async def _beside(tx: db.Connection, file: Entries, entries: list[tuple[str, SaleEntry]]) -> list[_SaleChange]:
    """Pair the entries with the stored rows. Items that are named twice or do not exist are noted and left out."""
    slugs = [entry.slug for _, entry in entries]
    codes = [item.sku for _, entry in entries for item in entry.items]
    sales = {sale.slug: sale for sale in [db.typed(row, _Sale) for row in await tx.fetch(_SALES, slugs)]}
    skus = {sku.code: sku for sku in [db.typed(row, _Sku) for row in await tx.fetch(_SKUS, codes)]}
    old_items = [db.typed(row, _Item) for row in await tx.fetch(_OLD_ITEMS, slugs)]
    items = {(item.sale_id, item.sku_id): item for item in old_items}
    changes = []
    for path, entry in entries:
        sale = sales.get(entry.slug)
        held = [item for item in old_items if sale is not None and item.sale_id == sale.id]
        change = _SaleChange(path, entry, sale, held)
        for place, item in enumerate(entry.items):
            sku, where = skus.get(item.sku), f"{path}.items[{place}]"
            if sku is None or not sku.on_sale:
                file.note(f"{where}.sku", "没有在售的 SKU 用这个编码")
            elif sku.exchange_only:
                file.note(f"{where}.sku", "仅限积分兑换的商品不能秒杀")
            elif item.sku in [other.sku for other in entry.items[:place]]:
                file.note(f"{where}.sku", "重复")
            else:
                old = items.get((change.old.id, sku.id)) if change.old else None
                change.items.append(_ItemChange(where, item, sku, old))
        changes.append(change)
    return changes


def _judge_sale(file: Entries, change: _SaleChange, at: datetime) -> None:
    path, fields, old = change.path, change.fields, change.old
    if old is None:
        missing = [name for name in ("name", "starts_at", "ends_at") if name not in fields]
        for name in missing:
            file.lacks(path, name, f"新场次缺少字段 {name}")
        if not {"starts_at", "ends_at"} & set(missing):
            _judge_window(file, path, Window(fields["starts_at"], fields["ends_at"]), at)
        return
    if change.entry.new:
        file.note(f"{path}.slug", "已有这个场次")
    held = Window(old.starts_at, old.ends_at, old.stopped_at)
    if held.state(at) == "over":
        if any(change.audit_detail()) or change.items:
            file.note(path, "本场已结束，不能修改")
        return
    window = Window(fields.get("starts_at", held.starts_at), fields.get("ends_at", held.ends_at))
    if held.state(at) == "running" and window.starts_at != held.starts_at:
        file.note(f"{path}.starts_at", "开始后不能改开始时间")
    _judge_window(file, path, window, at)


def _judge_window(file: Entries, path: str, window: Window, at: datetime) -> None:
    if file.doubts(f"{path}.starts_at", f"{path}.ends_at"):
        return
    if not timedelta(0) < window.ends_at - window.starts_at <= _LONGEST:
        file.note(f"{path}.ends_at", f"结束时间须在开始之后，最长 {_LONGEST.days} 天")
    elif window.ends_at <= at:
        file.note(f"{path}.ends_at", "结束时间须在现在之后")


def _judge_item(file: Entries, change: _ItemChange, *, started: bool) -> None:
    entry, old, sku = change.entry, change.old, change.sku
    if old is None:
        for name in ("price_fen", "stock"):
            if getattr(entry, name) is UNSET:
                file.lacks(change.path, name, f"新商品缺少字段 {name}")
    wanted = rules.Item(
        price_fen=change.fields.get("price_fen"),
        stock=change.fields.get("stock"),
        list_price_fen=sku.price_fen,
        available=sku.available,
        old_price_fen=old.price_fen if old else None,
        old_stock=old.stock if old else 0,
        taken=old.taken if old else 0,
    )
    for name, problem in rules.problems(wanted, started=started):
        file.note(f"{change.path}.{name}", problem)


async def _write(tx: db.Connection, file: Entries, changes: list[_SaleChange], at: datetime) -> None:
    for change in changes:
        sale_id = await _write_sale(tx, change, at)
        for item in change.items:
            await _write_item(tx, file, sale_id, item)
    file.check()
    for moved, source, target in ((1, "available", "reserved"), (-1, "reserved", "available")):
        pieces = [
            {"sku": item.sku.id, "n": item.more * moved}
            for change in changes
            for item in change.items
            if item.more * moved > 0
        ]
        if pieces:
            stock = orjson.dumps(pieces).decode()
            await tx.execute("SELECT stock_move($1::jsonb, $2, $3, $4)", stock, source, target, at)


async def _write_sale(tx: db.Connection, change: _SaleChange, at: datetime) -> int:
    fields, old = change.fields, change.old
    sale_id: int = await tx.fetchval(
        "INSERT INTO flash_sales (slug, name, starts_at, ends_at, stopped_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name,"
        " starts_at = EXCLUDED.starts_at,"
        " ends_at = EXCLUDED.ends_at, stopped_at = COALESCE(flash_sales.stopped_at, EXCLUDED.stopped_at) RETURNING id",
        change.entry.slug,
        *(fields.get(name, old and getattr(old, name)) for name in ("name", "starts_at", "ends_at")),
        at if change.entry.stop else None,
        at,
    )
    return sale_id


async def _write_item(tx: db.Connection, file: Entries, sale_id: int, change: _ItemChange) -> None:
    now = change.now
    item_id = await tx.fetchval(
        "INSERT INTO flash_items (sale_id, sku_id, price_fen, stock, returned, per_member)"
        " VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (sale_id, sku_id)"
        " DO UPDATE SET price_fen = EXCLUDED.price_fen, stock = EXCLUDED.stock,"
        " per_member = EXCLUDED.per_member RETURNING id",
        sale_id,
        change.sku.id,
        now.price_fen,
        now.stock,
        now.per_member,
    )
    if change.more > 0:
        await tx.execute(
            "INSERT INTO flash_units (item_id, sold) SELECT $1, false FROM generate_series(1, $2::int)",
            item_id,
            change.more,
        )
    elif change.more < 0:
        # Buyers do not lock the session, so this waits for a buyer who is claiming a piece, and that buyer may keep it.
        tag = await tx.execute(
            "DELETE FROM flash_units WHERE id = ANY (ARRAY(SELECT id FROM flash_units WHERE item_id = $1"
            " AND order_id IS NULL AND NOT sold ORDER BY id DESC LIMIT $2"
            " FOR UPDATE))",  # house: lock - free pieces of a session that is locked
            item_id,
            -change.more,
        )
        if int(tag.split()[-1]) < -change.more:
            file.note(f"{change.path}.stock", "刚刚又有人下单，请刷新后重填")
