"""What a migrated database holds: the frozen catalogue, the comments on tables and the one row that there is."""

import asyncpg

from scripts.frozen.catalogue import BOOKKEEPING, objects
from scripts.frozen.compare import Objects
from tests.support.databases import administer

_COMMENTS = (
    "SELECT 'comment on ' || relname, obj_description(oid, 'pg_class') FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_class') IS NOT NULL AND relname <> $1"
)
_ANCHOR = "SELECT 'row of audit_anchor', string_agg(a::text, ' ') FROM audit_anchor a"
"""The only row that a migration writes."""


async def catalogue(url: str) -> Objects:
    """Everything in the database at `url`, by kind and name: `table orders`, `column orders.id`."""
    connection = await asyncpg.connect(url)
    try:
        found: dict[str, str] = dict(await connection.fetch(_COMMENTS, BOOKKEEPING))
        if await connection.fetchval("SELECT to_regclass('audit_anchor') IS NOT NULL"):
            found |= dict(await connection.fetch(_ANCHOR))
    finally:
        await connection.close()
    return {**found, **await objects(url)}


def of_kind(found: Objects, kind: str) -> dict[str, str]:
    """The objects of one kind, by their names alone: `orders.id`; of functions without their arguments."""
    start = f"{kind} "
    return {name.removeprefix(start).partition("(")[0]: text for name, text in found.items() if name.startswith(start)}


def differences(one: Objects, other: Objects) -> list[str]:
    """All that only one has, or that is defined otherwise."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


async def build(url: str, sql: str) -> Objects:
    """Run the SQL in the empty database at `url`; what it made."""
    await administer(url, sql)
    return await catalogue(url)
