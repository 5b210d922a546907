"""Coupon templates out of an operator's file: created or changed by slug, audited, all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from server import db
from server.gateways.ports import Deps
from server.services import audit_log
from server.services.apply_file import ApplyFile
from server.services.catalogue_shapes import Fen, Name, Slug

_LOCK = 7_224_100_012
"""Advisory lock of changing templates: one file at a time."""

_Count = Annotated[int, Meta(ge=1, le=10**8)]


class TemplateEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A template; `name` and `amount_fen` are needed for a new one. `total` null means without end."""

    slug: Slug
    new: bool = False
    """Refused where it is there already, so that making it changes no other one."""
    name: Name | UnsetType = UNSET
    amount_fen: Fen | UnsetType = UNSET
    threshold_fen: Annotated[int, Meta(ge=0, le=10**9)] | UnsetType = UNSET
    valid_days: Annotated[int, Meta(ge=1, le=3650)] | UnsetType = UNSET
    total: _Count | UnsetType | None = UNSET
    per_member: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Applied:
    """How many templates the file named, of them new."""

    templates: int
    templates_new: int


async def apply(deps: Deps, text: str, actor: str, reason: str = "") -> Applied:
    """Create or change what `{"templates": […]}` names. Raises FileInvalid with every problem found.

    Coupons that were claimed before keep their terms.
    """
    file = ApplyFile(text)
    file.only("templates")
    read = [(path, file.read(raw, TemplateEntry, path)) for path, raw in file.each(file.root, "templates")]
    entries = [(path, entry) for path, entry in read if entry is not None]
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        rows = await tx.fetch(
            "SELECT * FROM coupon_templates WHERE slug = ANY($1::text[]) FOR NO KEY UPDATE",
            [entry.slug for _, entry in entries],
        )
        known = {row["slug"]: row for row in rows}
        _judge(file, entries, {slug: row["claimed"] for slug, row in known.items()})
        file.check()
        given = [_given(entry) for _, entry in entries]
        for fields in given:
            if fields["slug"] in known:
                pairs = ", ".join(f"{name} = ${i}" for i, name in enumerate(fields, 1))
                await tx.execute(f"UPDATE coupon_templates SET {pairs} WHERE slug = $1", *fields.values())  # noqa: S608 - our own names
            else:
                row = {"threshold_fen": 0, "valid_days": 30, "per_member": 1, "active": True, **fields}
                row |= {"claimed": 0, "created_at": at}
                places = ", ".join(f"${i}" for i in range(1, len(row) + 1))
                sql = f"INSERT INTO coupon_templates ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - our own names
                await tx.execute(sql, *row.values())
        detail = _changes(known, given) | ({"reason": reason} if reason else {})
        subject = f"coupon:{given[0]['slug']}" if len(given) == 1 else "templates"
        await audit_log.record(tx, at, actor, "coupon.apply", subject, detail)
    return Applied(len(entries), len(entries) - len(known))


def _given(entry: TemplateEntry) -> dict[str, Any]:
    fields = msgspec.structs.asdict(entry)
    return {name: value for name, value in fields.items() if name != "new" and value is not UNSET}


def _changes(known: Mapping[str, asyncpg.Record], given: list[dict[str, Any]]) -> dict[str, Any]:
    """`before` and `after` by slug: only what changes."""
    before, after = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()
    for fields in given:
        row = known.get(fields["slug"])
        changed = [name for name, value in fields.items() if row is None or row[name] != value]
        if changed:
            after[fields["slug"]] = {name: fields[name] for name in changed}
        if changed and row is not None:
            before[fields["slug"]] = {name: row[name] for name in changed}
    return {"before": before, "after": after}


def _judge(file: ApplyFile, entries: list[tuple[str, TemplateEntry]], claimed: dict[str, int]) -> None:
    seen = set[str]()
    for path, entry in entries:
        if entry.slug in seen:
            file.note(f"{path}.slug", "重复")
        seen.add(entry.slug)
        if entry.slug not in claimed:
            for name in ("name", "amount_fen"):
                if getattr(entry, name) is UNSET:
                    file.note(path, f"新优惠券缺少字段 {name}")
        elif entry.new:
            file.note(f"{path}.slug", "已有这个优惠券")
        elif isinstance(entry.total, int) and entry.total < claimed[entry.slug]:
            file.note(f"{path}.total", f"已领出 {claimed[entry.slug]} 张")
