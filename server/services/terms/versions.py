"""Versions of what the shop publishes: numbered from 1, never changed, and the newest is in force.

Rebate rules, commission policies and the stacking matrix are stored like this, each kind in a table of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import asyncpg
import msgspec

from server import db
from server.core.errors import NotFound, VersionStale

Terms = TypeVar("Terms", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Versions(Generic[Terms]):
    """The versions of one kind. A version never changes, so a process keeps the terms that it has read."""

    name: str
    """What a refusal calls a version; its table is called the same in the plural."""
    kind: type[Terms]
    column: str = "terms"
    """Where the terms stand, as JSON."""
    starts_with: Mapping[str, int] = field(default_factory=dict)
    """Other columns, and what they are in a new version."""
    _kept: dict[tuple[int, int], Terms] = field(default_factory=dict)
    """By database and version."""

    @property
    def table(self) -> str:
        """Its table."""
        return f"{self.name}s"

    def terms(self, row: asyncpg.Record) -> Terms:
        """The terms in a row of the table."""
        return msgspec.json.decode(row[self.column], type=self.kind)

    async def terms_of(self, version: int) -> Terms:
        """The terms of a version. Raises NotFound."""
        key = (db.identity(), version)
        found = self._kept.get(key)
        if found is None:
            sql = f"SELECT {self.column} FROM {self.table} WHERE version = $1"  # noqa: S608 - our own names
            row = await db.fetch_row(sql, version)
            if row is None:
                raise NotFound(**{self.name: version})
            found = self._kept[key] = self.terms(row)
        return found

    async def row(self, version: int) -> asyncpg.Record:
        """A version's row, read now; a number too great for the column is one that is not there. Raises NotFound."""
        sql = f"SELECT * FROM {self.table} WHERE version::bigint = $1"  # noqa: S608 - our own names
        found = await db.fetch_row(sql, version)
        if found is None:
            raise NotFound(what=self.name)
        return found

    async def newest(self) -> asyncpg.Record | None:
        """The row of the version in force, read now; None before the first is published. Raises Busy."""
        async with db.connection() as connection:
            return await self.newest_on(connection)

    async def newest_on(self, connection: db.Connection) -> asyncpg.Record | None:
        """The same, by a connection that the caller holds."""
        sql = f"SELECT * FROM {self.table} ORDER BY version DESC LIMIT 1"  # noqa: S608 - our own names
        return await connection.fetchrow(sql)

    async def add(self, tx: db.Connection, version: int, terms: Terms, about: "About") -> None:
        """Step: write a version. The caller holds the kind's lock and has checked what the version follows."""
        row = {
            "version": version,
            self.column: msgspec.json.encode(terms).decode(),
            "note": about.note,
            "operator": about.operator,
            **self.starts_with,
            "published_at": about.at,
        }
        places = ", ".join(
            f"${place}::jsonb" if name == self.column else f"${place}" for place, name in enumerate(row, 1)
        )
        sql = f"INSERT INTO {self.table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - our own names
        await tx.execute(sql, *row.values())


@dataclass(frozen=True, slots=True)
class About:
    """Why there is a new version, who published it and when."""

    note: str
    operator: str
    at: datetime


def check_base(base: int | None, newest: int) -> None:
    """Raise VersionStale when the newest version is not `base`, the one that was looked at (0: none; None: any)."""
    if base is not None and base != newest:
        raise VersionStale(version=newest, problem=f"第 {newest} 版已经发布，请在它的基础上重新填写")
