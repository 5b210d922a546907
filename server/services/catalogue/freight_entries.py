"""Freight templates in a catalogue file: `{"freight": [{slug, name, terms}]}`, created or changed by slug."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from server import db
from server.rules.freight import FreightTerms
from server.services.catalogue.shapes import Name, Slug
from server.services.files.entries import Entries


class FreightEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A template; a new one needs `name` and `terms`."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a template never changes another one."""
    name: Name | UnsetType = UNSET
    terms: FreightTerms | UnsetType = UNSET


class StoredFreight(msgspec.Struct, frozen=True):
    """A stored template."""

    id: int
    slug: str
    name: str
    terms: FreightTerms


_MAKE = "INSERT INTO freight_templates (slug, name, terms, updated_at) VALUES ($1, $2, $3::jsonb, $4) RETURNING id"
_CHANGE = (
    "UPDATE freight_templates SET name = COALESCE($2, name), terms = COALESCE($3::jsonb, terms), updated_at = $4"
    " WHERE slug = $1 RETURNING id"
)

Templates = list[tuple[str, FreightEntry]]
"""Entries with their paths in the file."""


async def known(tx: db.Connection) -> dict[str, StoredFreight]:
    """Return all templates by slug."""
    rows = await tx.fetch(f"SELECT {db.columns(StoredFreight)} FROM freight_templates")  # noqa: S608 - our own names
    return {template.slug: template for template in (db.typed(row, StoredFreight) for row in rows)}


def judge(file: Entries, entries: Templates, held: Mapping[str, StoredFreight]) -> None:
    """Note in the file what is inconsistent in itself or with the database."""
    for path, entry in entries:
        if entry.slug not in held:
            for name in ("name", "terms"):
                if getattr(entry, name) is UNSET:
                    file.lacks(path, name, f"新运费模板缺少字段 {name}")
        elif entry.new:
            file.note(f"{path}.slug", "已有这个运费模板")
        if isinstance(entry.terms, FreightTerms) and (twice := entry.terms.named_twice()):
            file.note(f"{path}.terms", f"地区重复：{'、'.join(twice)}")


async def write(
    tx: db.Connection, entries: Templates, held: Mapping[str, StoredFreight], at: datetime
) -> dict[str, int]:
    """Write the entries; return the ids of all templates by slug."""
    ids = {slug: template.id for slug, template in held.items()}
    for _, entry in entries:
        ids[entry.slug] = await tx.fetchval(
            _CHANGE if entry.slug in held else _MAKE,
            entry.slug,
            None if entry.name is UNSET else entry.name,
            None if entry.terms is UNSET else msgspec.json.encode(entry.terms).decode(),
            at,
        )
    return ids
