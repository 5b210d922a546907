"""What migrations made, read from the database's catalogue. The order of a table's columns is ignored."""

from typing import Any

import asyncpg

from scripts.frozen.compare import Objects

BOOKKEEPING = "tortoise_migrations"
"""Tortoise's table of migrations that ran; it is not part of the schema."""

_OURS = f"c.relnamespace = 'public'::regnamespace AND c.relname <> '{BOOKKEEPING}'"
CATALOGUE = {
    "tables": f"""
SELECT c.relname, c.relkind::text, c.relpersistence::text, c.reloptions::text, c.relrowsecurity
  FROM pg_class c WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
""",  # noqa: S608 - our own text
    "columns": f"""
SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
""",  # noqa: S608 - our own text
    "constraints": f"""
SELECT k.conname, c.relname, k.contype::text, pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE {_OURS}
""",  # noqa: S608 - our own text
    "indexes": f"""
SELECT x.relname, pg_get_indexdef(x.oid), i.indisvalid
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid WHERE {_OURS}
""",  # noqa: S608 - our own text
    "triggers": f"""
SELECT g.tgname, c.relname, g.tgenabled::text, pg_get_triggerdef(g.oid)
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE {_OURS} AND NOT g.tgisinternal
""",  # noqa: S608 - our own text
    "functions": """
SELECT p.proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid)
  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
""",
    "sequences": f"""
SELECT s.relname, format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
    q.seqcycle, c.relname || '.' || a.attname
  FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid
  LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0
  LEFT JOIN pg_class c ON c.oid = d.refobjid
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
  WHERE s.relnamespace = 'public'::regnamespace AND c.relname IS DISTINCT FROM '{BOOKKEEPING}'
""",  # noqa: S608 - our own text
    "types": """
SELECT t.typname, CASE t.typtype WHEN 'e' THEN (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder)
    FROM pg_enum WHERE enumtypid = t.oid) ELSE format_type(t.typbasetype, t.typtypmod) END
  FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r')
""",
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "grants": f"""
SELECT 'table ' || c.relname, string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
  FROM pg_class c, aclexplode(c.relacl) x WHERE {_OURS} AND x.grantee = 0 GROUP BY 1
UNION ALL SELECT 'function ' || p.oid::regprocedure, x.privilege_type
  FROM pg_proc p, aclexplode(p.proacl) x WHERE p.pronamespace = 'public'::regnamespace AND x.grantee = 0
UNION ALL SELECT 'column ' || c.relname || '.' || a.attname, a.attacl::text
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE {_OURS} AND a.attacl IS NOT NULL
""",  # noqa: S608 - our own text
}
"""The queries by kind of object: the name comes first, then the properties that are compared.

Of the grants, these are what everybody may do. What the application's role may do is not made by migrations; a test
compares it with server/models/rights.py.
"""

_KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}


async def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that migrations make, by kind, in an order that depends only on the contents."""
    connection = await asyncpg.connect(url)
    try:
        return {
            kind: sorted((tuple(row) for row in await connection.fetch(sql)), key=repr)
            for kind, sql in CATALOGUE.items()
        }
    finally:
        await connection.close()


async def objects(url: str) -> Objects:
    """Return the catalogue's objects as texts. Raises ValueError if two have the same name."""
    found: dict[str, str] = {}
    for kind, some in (await rows(url)).items():
        for row in some:
            name, text = _TOLD[kind](*row)
            if name in found:
                raise ValueError(f"there are two of {name}")
            found[name] = text
    return found


def _list(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _table(name: str, kind: str, persistence: str, options: str | None, secured: bool) -> tuple[str, str]:  # noqa: FBT001 - a row
    kept = "unlogged" if persistence == "u" else "logged"
    return f"table {name}", _list(_KINDS[kind], kept, options, "row security" if secured else None)


def _column(*row: Any) -> tuple[str, str]:  # noqa: ANN401 - a row
    name, sql_type, not_null, default, identity, generated, collation = row
    worth = default and (f"generated {default}" if generated else f"default {default}")
    told = {"": None, "a": "identity always", "d": "identity by default"}[identity]
    collated = f"collate {collation}" if collation else None
    return f"column {name}", _list(sql_type, "not null" if not_null else "null", worth, told, collated)


def _constraint(name: str, table: str, _kind: str, definition: str) -> tuple[str, str]:
    return f"constraint {table}.{name}", definition


def _index(name: str, definition: str, valid: bool) -> tuple[str, str]:  # noqa: FBT001 - a row
    return f"index {name}", _list(definition, None if valid else "invalid")


def _trigger(name: str, table: str, enabled: str, definition: str) -> tuple[str, str]:
    return f"trigger {table}.{name}", _list(definition, None if enabled == "O" else f"enabled {enabled}")


def _function(name: str, arguments: str, definition: str) -> tuple[str, str]:
    return f"function {name}({arguments})", definition.rstrip("\n")


def _sequence(*row: Any) -> tuple[str, str]:  # noqa: ANN401 - a row
    name, sql_type, start, step, least, most, cache, cycles, owner = row
    numbers = f"from {start} by {step} within {least} to {most}, cache {cache}"
    return f"sequence {name}", _list(sql_type, numbers, "cycles" if cycles else None, owner and f"of {owner}")


_TOLD: dict[str, Any] = {
    "tables": _table,
    "columns": _column,
    "constraints": _constraint,
    "indexes": _index,
    "triggers": _trigger,
    "functions": _function,
    "sequences": _sequence,
    "types": lambda name, text: (f"type {name}", text or ""),
    "extensions": lambda name, version: (f"extension {name}", version),
    "grants": lambda name, text: (f"grants on {name}", text),
}
