"""Freight templates in a catalogue file: `{"freight": [{slug, name, terms}]}`, created or changed by slug."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import orjson
from msgspec import UNSET, UnsetType

from server import db
from server.rules.freight import FreightTerms
from server.services.catalogue.shapes import Name, Slug
from server.services.common.changes import given
from server.services.files.entries import Entries


class FreightEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A template; a new one needs `name` and `terms`."""

    slug: Slug
    new: bool = False
    """If true, an existing slug is refused, so that creating a template never changes another one."""
    name: Name | UnsetType = UNSET
    terms: FreightTerms | UnsetType = UNSET

    def fields(self) -> dict[str, Any]:
        """Return the columns in the file, with `terms` as plain JSON values."""
        found = given(self, "name")
        if isinstance(self.terms, FreightTerms):
            found["terms"] = orjson.loads(msgspec.json.encode(self.terms))
        return found


_MAKE = "INSERT INTO freight_templates (slug, name, terms, updated_at) VALUES ($1, $2, $3::jsonb, $4) RETURNING id"
_CHANGE = (
    "UPDATE freight_templates SET name = COALESCE($2, name), terms = COALESCE($3::jsonb, terms), updated_at = $4"
    " WHERE slug = $1 RETURNING id"
)

Templates = list[tuple[str, FreightEntry]]
"""Entries with their paths in the file."""


async def known(tx: db.Connection) -> dict[str, asyncpg.Record]:
    """Return all templates by slug."""
    return {row["slug"]: row for row in await tx.fetch("SELECT id, slug, name, terms FROM freight_templates")}


def judge(file: Entries, entries: Templates, held: Mapping[str, asyncpg.Record]) -> None:
    """Note in the file what is inconsistent in itself or with the database."""
    for path, entry in entries:
        if entry.slug not in held:
            for name in ("name", "terms"):
                if getattr(entry, name) is UNSET:
                    file.note(path, f"新运费模板缺少字段 {name}")
        elif entry.new:
            file.note(f"{path}.slug", "已有这个运费模板")
        if isinstance(entry.terms, FreightTerms) and (twice := entry.terms.named_twice()):
            file.note(f"{path}.terms", f"地区重复：{'、'.join(twice)}")


async def write(
    tx: db.Connection, entries: Templates, held: Mapping[str, asyncpg.Record], at: datetime
) -> dict[str, int]:
    """Write the entries; return the ids of all templates by slug."""
    ids = {slug: int(row["id"]) for slug, row in held.items()}
    for _, entry in entries:
        fields = entry.fields()
        terms = orjson.dumps(fields["terms"]).decode() if "terms" in fields else None
        ids[entry.slug] = await tx.fetchval(
            _CHANGE if entry.slug in held else _MAKE,
            entry.slug,
            fields.get("name"),
            terms,
            at,
        )
    return ids
