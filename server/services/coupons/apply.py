"""Coupon templates from an operator's file: created or changed by slug, audited, all or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.core.advisory import Advisory
from server.gateways.ports import Deps
from server.rules.coupon_claims import Audience
from server.rules.levels import MOST_LEVELS
from server.rules.limits import widens
from server.services.catalogue import coupon_scopes
from server.services.catalogue.shapes import Fen, Name, ProductSlug, Slug
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.common.changes import before_and_after, given_but
from server.services.files.entries import Entries

_Count = Annotated[int, Meta(ge=1, le=10**8)]
_Goods = Annotated[list[Annotated[int, Meta(ge=1, le=2**63 - 1)] | ProductSlug], Meta(min_length=1, max_length=500)]
_Levels = Annotated[list[Annotated[int, Meta(ge=0, le=MOST_LEVELS - 1)]], Meta(min_length=1, max_length=MOST_LEVELS)]
_Time = Annotated[datetime, Meta(tz=True)]


class TemplateEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A template; a new one needs `name` and its worth. Null removes a limit, a scope or a period.

    These are pairs, and setting one of a pair clears the other: an amount or a percentage; valid some days from the
    claim or between two times; for some products or some categories (ids or slugs).
    """

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a template never changes another one."""
    name: Name | UnsetType = UNSET
    amount_fen: Fen | UnsetType = UNSET
    off_bp: Annotated[int, Meta(ge=1, le=9999)] | UnsetType = UNSET
    most_fen: Fen | UnsetType | None = UNSET
    threshold_fen: Annotated[int, Meta(ge=0, le=10**9)] | UnsetType = UNSET
    products: _Goods | UnsetType | None = UNSET
    categories: _Goods | UnsetType | None = UNSET
    valid_days: Annotated[int, Meta(ge=1, le=3650)] | UnsetType = UNSET
    starts_at: _Time | UnsetType = UNSET
    ends_at: _Time | UnsetType = UNSET
    claim_from: _Time | UnsetType | None = UNSET
    claim_until: _Time | UnsetType | None = UNSET
    audience: Audience | UnsetType = UNSET
    levels: _Levels | UnsetType | None = UNSET
    """Positions of levels (0 is the lowest) whose members may claim it, or get it as a birthday gift."""
    listed: bool | UnsetType = UNSET
    birthday_gift: bool | UnsetType = UNSET
    total: _Count | UnsetType | None = UNSET
    per_member: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


_UNSAYS: dict[str, dict[str, Any]] = {
    "amount_fen": {"off_bp": 0, "most_fen": None},
    "off_bp": {"amount_fen": 0},
    "valid_days": {"starts_at": None, "ends_at": None},
    "ends_at": {"valid_days": None},
    "products": {"categories": None},
    "categories": {"products": None},
}
"""Fields that are reset when a field is given: the other one of its pair."""
_JSON = frozenset({"products", "categories", "levels"})
_NOUNS = {"products": "商品", "categories": "分类"}


class _Template(msgspec.Struct, frozen=True):
    """A row of `coupon_templates`; the defaults are those of a new template."""

    slug: str
    name: str = ""
    amount_fen: int = 0
    off_bp: int = 0
    most_fen: int | None = None
    threshold_fen: int = 0
    products: list[int] | None = None
    categories: list[int] | None = None
    valid_days: int | None = 30
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    claim_from: datetime | None = None
    claim_until: datetime | None = None
    audience: Audience = "all"
    levels: list[int] | None = None
    listed: bool = True
    birthday_gift: bool = False
    total: int | None = None
    per_member: int = 1
    active: bool = True
    claimed: int = 0


_KNOWN = f"""
SELECT {db.columns(_Template)} FROM coupon_templates WHERE slug = ANY($1::text[]) FOR NO KEY UPDATE
"""  # noqa: S608 - our own names # house: lock - they are found and locked by slug in one round trip


@dataclass(frozen=True, slots=True)
class Applied:
    """How many templates the file named, and how many of them are new."""

    templates: int
    templates_new: int


@dataclass(frozen=True, slots=True)
class _Change:
    """One entry: the template before and after it, and the columns that it sets."""

    path: str
    entry: TemplateEntry
    before: _Template | None
    after: _Template
    names: tuple[str, ...]

    def audit_detail(self) -> tuple[dict[str, Any], dict[str, Any]]:  # house: typed-rows - JSON of the audit log
        """Return before and after for the audit log, with only what changes."""
        return before_and_after(self.before, {name: getattr(self.after, name) for name in self.names})


async def apply(
    deps: Deps,
    document: Mapping[str, Any],  # house: typed-rows - the content of a file; `Entries` reads it
    actor: str,
    reason: str = "",
    wrong: Collection[str] = (),
    leave: Leave | None = None,
) -> Applied:
    """Create or change the templates in `{"templates": […]}`.

    Raises FileInvalid with every problem found, also if the form that made the document found mistakes, at the places
    `wrong`; AboveLimit if too many templates are new or give more than before.

    Coupons that were claimed earlier keep their terms.
    """
    file = Entries(document, wrong)
    file.only("templates")
    read = [(path, file.read(raw, TemplateEntry, path)) for path, raw in file.each(file.root, "templates")]
    entries = [(path, entry) for path, entry in read if entry is not None]
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.COUPON_TEMPLATES)
        rows = await tx.fetch(_KNOWN, [entry.slug for _, entry in entries])
        known = {template.slug: template for template in (db.typed(row, _Template) for row in rows)}
        changes = [await _change(tx, file, path, entry, known.get(entry.slug)) for path, entry in entries]
        _judge(file, changes)
        file.check()
        for change in changes:
            await _write(tx, change, at)
        told = {change.entry.slug: change.audit_detail() for change in changes}
        detail: dict[str, Any] = {
            "before": {slug: before for slug, (before, after) in told.items() if after and slug in known},
            "after": {slug: after for slug, (_, after) in told.items() if after},
        }
        detail |= {"reason": reason} if reason else {}
        subject = f"coupon:{changes[0].entry.slug}" if len(changes) == 1 else "templates"
        wider = [slug for slug, (before, after) in told.items() if slug not in known or widens(before, after)]
        said = await approvals.weigh(tx, at, leave, detail, {"": len(wider)}, detail["before"])
        await audit_log.record(tx, at, actor, "coupon.apply", subject, said)
    return Applied(len(entries), len(entries) - len(known))


async def _change(
    tx: db.Connection, file: Entries, path: str, entry: TemplateEntry, before: _Template | None
) -> _Change:
    """Return what the entry changes; note in the file what it names but does not exist."""
    said = given_but(entry, ("new",))
    for noun, label in _NOUNS.items():
        if said.get(noun):
            said[noun], missing = await coupon_scopes.resolve(tx, noun, said[noun])
            for one in missing:
                file.note(f"{path}.{noun}", f"没有{label} {one}")
    unsaid = {
        name: value for given in said if said[given] is not None for name, value in _UNSAYS.get(given, {}).items()
    }
    fields = unsaid | said
    return _Change(
        path, entry, before, msgspec.structs.replace(before or _Template(entry.slug), **fields), tuple(fields)
    )


async def _write(tx: db.Connection, change: _Change, at: datetime) -> None:
    row = msgspec.structs.asdict(change.after)
    row = row | {"created_at": at} if change.before is None else {name: row[name] for name in change.names}
    values = [
        orjson.dumps(value).decode() if name in _JSON and value is not None else value for name, value in row.items()
    ]
    places = [f"${i}" for i in range(1, len(row) + 1)]
    if change.before is None:
        sql = f"INSERT INTO coupon_templates ({', '.join(row)}) VALUES ({', '.join(places)})"  # noqa: S608 - our own names
    else:
        pairs = ", ".join(f"{name} = {place}" for name, place in zip(row, places, strict=True))
        sql = f"UPDATE coupon_templates SET {pairs} WHERE slug = {places[list(row).index('slug')]}"  # noqa: S608 - our own names
    await tx.execute(sql, *values)


def _judge(file: Entries, changes: Sequence[_Change]) -> None:
    seen = set[str]()
    for change in changes:
        path, entry, before = change.path, change.entry, change.before
        if entry.slug in seen:
            file.note(f"{path}.slug", "重复")
        seen.add(entry.slug)
        if before is None and entry.name is UNSET:
            file.lacks(path, "name", "新优惠券缺少字段 name")
        if before is not None and entry.new:
            file.note(f"{path}.slug", "已有这个优惠券")
        elif before is not None and isinstance(entry.total, int) and entry.total < before.claimed:
            file.note(f"{path}.total", f"已领出 {before.claimed} 张")
        for name, problem in _problems(change.after):
            if not file.doubts(*(f"{path}.{one}" for one in _TOGETHER[name])):
                file.note(f"{path}.{name}", problem)


_TOGETHER = {
    "amount_fen": ("amount_fen", "off_bp"),
    "most_fen": ("most_fen", "off_bp"),
    "products": ("products", "categories"),
    "ends_at": ("starts_at", "ends_at", "valid_days"),
    "claim_until": ("claim_from", "claim_until"),
}
"""The fields that a problem of `_problems` is about. If one of them is wrong, nobody knows whether they fit."""


def _problems(template: _Template) -> list[tuple[str, str]]:
    """Return what does not fit together in a template, as (field, problem) pairs."""
    found = []
    if bool(template.amount_fen) == bool(template.off_bp):
        found.append(("amount_fen", "面额和折扣要填一个，也只能填一个"))
    if template.most_fen is not None and not template.off_bp:
        found.append(("most_fen", "最多优惠只用于折扣券"))
    if template.products is not None and template.categories is not None:
        found.append(("products", "商品和分类只能限定一种"))
    starts, ends = template.starts_at, template.ends_at
    if (starts is None) != (ends is None) or (ends is None) == (template.valid_days is None):
        found.append(("ends_at", "有效期要么是领取后的天数，要么是开始和结束时间"))
    elif starts is not None and ends is not None and starts >= ends:
        found.append(("ends_at", "结束要晚于开始"))
    claim_from, claim_until = template.claim_from, template.claim_until
    if claim_from is not None and claim_until is not None and claim_from >= claim_until:
        found.append(("claim_until", "结束要晚于开始"))
    return found
