"""Versions of what the shop publishes: numbered from 1, never changed; the newest is in force.

For an order that is the newest one at its `paid_at`. WeChat tells whole seconds, so a version that was published in
that second does not apply yet. `settle_facts` finds the rebate rule, `earnings` the commission policies.

Rebate rules, commission policies and the stacking matrix are stored this way, each kind in its own table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from server import db
from server.core.errors import NotFound, VersionStale

Terms = TypeVar("Terms", bound=msgspec.Struct)
Published = TypeVar("Published", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Versions(Generic[Terms, Published]):
    """The versions of one kind. A version never changes, so a process caches the terms that it has read."""

    name: str
    """The name of a version in refusals; the table has the same name with an `s`."""
    kind: type[Terms]
    published: type[Published]
    """A version with its terms: the columns that readers want."""
    column: str = "terms"
    """The column that holds the terms as JSON."""
    starts_with: Mapping[str, int] = field(default_factory=dict)
    """Other columns and their values in a new version."""
    _kept: dict[tuple[int, int], Terms] = field(default_factory=dict)
    """Cached terms by (database, version)."""

    @property
    def table(self) -> str:
        """The name of the table."""
        return f"{self.name}s"

    async def terms_of(self, version: int) -> Terms:
        """Return the terms of a version, cached. Raises NotFound."""
        key = (db.identity(), version)
        found = self._kept.get(key)
        if found is None:
            sql = f"SELECT {self.column} FROM {self.table} WHERE version = $1"  # noqa: S608 - our own names
            stored: str | None = await db.fetch_value(sql, version)
            if stored is None:
                raise NotFound(**{self.name: version})
            found = self._kept[key] = msgspec.json.decode(stored, type=self.kind)
        return found

    async def one(self, version: int) -> Published:
        """Read a version. Raises NotFound, also for a number that is too big for the column."""
        sql = f"SELECT {db.columns(self.published)} FROM {self.table} WHERE version::bigint = $1"  # noqa: S608 - our own names
        row = await db.fetch_row(sql, version)
        if row is None:
            raise NotFound(what=self.name)
        return db.typed(row, self.published)

    async def newest(self) -> Published | None:
        """Read the version in force; None before the first one is published. Raises Busy."""
        async with db.connection() as connection:
            return await self.newest_on(connection)

    async def newest_on(self, connection: db.Connection) -> Published | None:
        """Do the same as `newest`, on a connection that the caller holds."""
        sql = f"SELECT {db.columns(self.published)} FROM {self.table} ORDER BY version DESC LIMIT 1"  # noqa: S608 - our own names
        row = await connection.fetchrow(sql)
        return None if row is None else db.typed(row, self.published)

    async def add(self, tx: db.Connection, version: int, terms: Terms, about: "About") -> None:
        """Step: write a version. The caller holds the kind's lock and has checked the number of the last version."""
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
    """Why a new version was published, by whom and when."""

    note: str
    operator: str
    at: datetime


def check_base(base: int | None, newest: int) -> None:
    """Raise VersionStale if the newest version is not `base`, the one the operator looked at (0: none; None: any)."""
    if base is not None and base != newest:
        raise VersionStale(version=newest, problem=f"第 {newest} 版已经发布，请在它的基础上重新填写")
