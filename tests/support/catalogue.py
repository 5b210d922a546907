"""What a database's catalogue holds, by kind and name: all that a migration makes, and nothing of its bookkeeping."""

from typing import TypeAlias

import asyncpg

from server import db
from tests.support.databases import administer

Catalogue: TypeAlias = dict[str, dict[str, str]]

QUERIES = {
    "columns": "SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),"
    " CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),"
    " 'IDENTITY ' || NULLIF(a.attidentity::text, ''), 'GENERATED ' || NULLIF(a.attgenerated::text, ''))"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    " AND c.relname <> 'tortoise_migrations'",
    "tables": "SELECT relname, concat_ws(' ', relpersistence, reloptions, obj_description(oid, 'pg_class'))"
    " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'tortoise_migrations'",
    "constraints": "SELECT conrelid::regclass || ': ' || conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    " AND conrelid::regclass::text <> 'tortoise_migrations'",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'",
    "functions": "SELECT proname, string_agg(pg_get_functiondef(oid), E'\\n' ORDER BY oid::regprocedure::text)"
    " FROM pg_proc WHERE pronamespace = 'public'::regnamespace GROUP BY proname",
    "triggers": "SELECT tgrelid::regclass || ': ' || tgname, tgenabled::text || ' ' || pg_get_triggerdef(oid)"
    " FROM pg_trigger WHERE NOT tgisinternal",
    "sequences": "SELECT sequencename, concat_ws(' ', data_type, start_value, increment_by, max_value, cycle)"
    " FROM pg_sequences WHERE schemaname = 'public' AND sequencename NOT LIKE 'tortoise_migrations%'",
    "anchor": "SELECT 'audit_anchor', string_agg(a::text, ' ') FROM audit_anchor a",
}
"""Each answers names and definitions. The row of `audit_anchor` is the only one that a migration writes."""


async def catalogue(url: str) -> Catalogue:
    """The whole catalogue of the database at `url`."""
    connection = await asyncpg.connect(url)
    try:
        empty = not await connection.fetchval("SELECT to_regclass('audit_anchor') IS NOT NULL")
        return {
            kind: {} if kind == "anchor" and empty else dict(await connection.fetch(query))
            for kind, query in QUERIES.items()
        }
    finally:
        await connection.close()


async def of_pool(kind: str) -> dict[str, str]:
    """One kind, from the database that this process is connected to."""
    return dict(await db.fetch(QUERIES[kind]))


def differences(one: Catalogue, other: Catalogue) -> list[str]:
    """`kind name` of all that only one has, or that is defined otherwise."""
    return [
        f"{kind} {name}"
        for kind in QUERIES
        for name in sorted(one[kind].keys() | other[kind].keys())
        if one[kind].get(name) != other[kind].get(name)
    ]


async def build(url: str, sql: str) -> Catalogue:
    """Run the SQL in the empty database at `url`; the catalogue it made."""
    await administer(url, sql)
    return await catalogue(url)
