"""Resets a migrated database: removes what a test left, restores what the migrations had inserted."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

from tests.support.databases import administer

_ROWS_WORTH_TRUNCATING = 2_000
"""Below this number of rows, DELETE is cheaper than TRUNCATE, which makes new files for a table and its indexes."""

_TABLES = """
    SELECT c.oid::regclass::text AS name,
      EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 8 > 0) AS kept,
      ARRAY(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k
            WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS refers_to
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE '%migrations%' ORDER BY 1
"""
_REWIND = """
    SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
    WHERE c.relnamespace = 'public'::regnamespace AND pg_sequence_last_value(seqrelid) IS NOT NULL
"""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user AND xact_start IS NOT NULL
"""


@dataclass(frozen=True)
class Contents:
    """Rows of some tables in PostgreSQL's binary COPY format, and the values of the sequences."""

    rows: dict[str, bytes]
    sequences: dict[str, int]


class Emptying:
    """One database, and its contents when it was new."""

    def __init__(
        self, connection: asyncpg.Connection, tables: list[str], kept: set[str], first: Contents, database_url: str
    ) -> None:
        self._connection = connection
        self._database_url = database_url
        self._tables = tables
        """Tables that others refer to come first."""
        self._kept = kept
        """Tables whose rows a trigger protects from deletion."""
        self._first = first
        counted = ", ".join(
            f"(SELECT count(*) FROM (SELECT FROM {t} LIMIT {_ROWS_WORTH_TRUNCATING}) x)" for t in tables
        )
        self._count = f"SELECT ARRAY[{counted}]"

    @classmethod
    async def of(cls, owner_url: str, database_url: str) -> "Emptying":
        """Take a newly migrated database, on a connection of its own as the owner of its tables."""
        connection = await asyncpg.connect(owner_url)
        await connection.execute("SET lock_timeout = '5s'")
        found = await connection.fetch(_TABLES)
        tables = list(TopologicalSorter({row["name"]: row["refers_to"] for row in found}).static_order())
        kept = {row["name"] for row in found if row["kept"]}
        return cls(connection, tables, kept, await _contents(connection, tables), database_url)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def empty(self) -> None:
        """Restore the first contents. Connections that still hold a lock in the database are terminated."""
        await self.put(self._first)

    async def contents(self) -> Contents:
        """Return everything the database holds now."""
        return await _contents(self._connection, self._tables)

    async def put(self, contents: Contents) -> None:
        """Make the database hold exactly these contents."""
        try:
            await self._put(contents)
        except asyncpg.LockNotAvailableError:
            await self._connection.execute(_END_OTHERS)
            await administer(self._database_url, _END_OTHERS)  # a role may end its own connections
            await self._put(contents)

    async def _put(self, contents: Contents) -> None:
        counts = dict(zip(self._tables, await self._connection.fetchval(self._count), strict=True))
        full = [table for table in reversed(self._tables) if counts[table]]
        large = [table for table in full if counts[table] >= _ROWS_WORTH_TRUNCATING]
        kept = self._kept if large else self._kept.intersection(full)
        async with self._connection.transaction():
            await self._run(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in kept)
            if large:
                await self._connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
            await self._run(f"DELETE FROM {table}" for table in full)
            await self._connection.execute(_REWIND)
            for table, rows in contents.rows.items():
                await self._connection.copy_to_table(table.strip('"'), source=io.BytesIO(rows), format="binary")
            for name, value in contents.sequences.items():
                await self._connection.execute("SELECT setval($1::regclass, $2)", name, value)
            await self._run(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in kept)

    async def _run(self, statements: Iterable[str]) -> None:
        await self._connection.execute(";".join(statements) or "SELECT")


async def _contents(connection: asyncpg.Connection, tables: list[str]) -> Contents:
    rows: dict[str, bytes] = {}
    for table in tables:
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            copied = io.BytesIO()
            await connection.copy_from_table(table.strip('"'), output=copied, format="binary")
            rows[table] = copied.getvalue()
    found: list[Any] = await connection.fetch(
        "SELECT seqrelid::regclass::text AS name, pg_sequence_last_value(seqrelid) AS value FROM pg_sequence"
        " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
    )
    return Contents(rows, {row["name"]: row["value"] for row in found})
