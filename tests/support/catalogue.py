"""The contents of a migrated database: the frozen catalogue, the comments on tables and the only row."""

import asyncpg

from scripts.frozen.catalogue import BOOKKEEPING, objects
from scripts.frozen.compare import Objects
from tests.support.databases import administer

_COMMENTS = (
    "SELECT 'comment on ' || relname, obj_description(oid, 'pg_class') FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND obj_description(oid, 'pg_class') IS NOT NULL AND relname <> $1"
)
_ANCHOR = "SELECT 'row of audit_anchor', string_agg(a::text, ' ') FROM audit_anchor a"
"""The only row that a migration inserts."""


async def catalogue(url: str) -> Objects:
    """Return everything in the database at `url`, by kind and name: `table orders`, `column orders.id`."""
    connection = await asyncpg.connect(url)
    try:
        found: dict[str, str] = dict(await connection.fetch(_COMMENTS, BOOKKEEPING))
        if await connection.fetchval("SELECT to_regclass('audit_anchor') IS NOT NULL"):
            found |= dict(await connection.fetch(_ANCHOR))
    finally:
        await connection.close()
    return {**found, **await objects(url)}


def of_kind(found: Objects, kind: str) -> dict[str, str]:
    """Return the objects of one kind by name: `orders.id`; functions without their arguments."""
    start = f"{kind} "
    return {name.removeprefix(start).partition("(")[0]: text for name, text in found.items() if name.startswith(start)}


def differences(one: Objects, other: Objects) -> list[str]:
    """Return the objects that only one of the two has, or that are defined differently."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


async def build(url: str, sql: str) -> Objects:
    """Run the SQL in the empty database at `url`; return its objects."""
    await administer(url, sql)
    return await catalogue(url)
