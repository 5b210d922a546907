"""Versions of the matrix of what goes together: published once, never changed; the newest is in force.

Read at most once a second per process, as the shop's policy.
"""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from server import db
from server.core.advisory import Advisory
from server.core.clock import stopwatch
from server.core.errors import NotFound, VersionStale
from server.gateways.ports import Deps
from server.rules.stacking import Matrix, validate
from server.services.common import audit_log, locks

_FRESH_S = 1.0
_cached: dict[int, tuple[float, "Stacking"]] = {}


@dataclass(frozen=True, slots=True)
class Stacking:
    """A version with its matrix. Version 0 is what a shop starts with; nobody published it."""

    version: int
    matrix: Matrix
    note: str
    operator: str
    published_at: datetime | None


FIRST = Stacking(0, Matrix(), "初始设置", "system", None)
"""What a shop starts with."""


async def current() -> Stacking:
    """The matrix in force."""
    key = db.identity()
    held = _cached.get(key)
    if held is not None and stopwatch() - held[0] < _FRESH_S:
        return held[1]
    found = await newest()
    _cached[key] = (stopwatch(), found)
    return found


async def newest() -> Stacking:
    """The newest version, read now. Raises Busy."""
    row = await db.fetch_row("SELECT * FROM stacking_versions ORDER BY version DESC LIMIT 1")
    return read(row) if row else FIRST


async def version(number: int) -> Stacking:
    """One version. Raises NotFound."""
    if number == 0:
        return FIRST
    row = await db.fetch_row("SELECT * FROM stacking_versions WHERE version = $1", number)
    if row is None:
        raise NotFound(what="stacking_version")
    return read(row)


def read(row: asyncpg.Record) -> Stacking:
    """A row of `stacking_versions`."""
    matrix = msgspec.json.decode(row["matrix"], type=Matrix)
    return Stacking(row["version"], matrix, row["note"], row["operator"], row["published_at"])


async def publish(deps: Deps, matrix: Matrix, note: str, operator: str, base: int) -> Stacking:
    """Make a new version, in force for orders placed from now on (within a second).

    Raises StackingInvalid, and VersionStale when the newest version is not `base`, the one that was looked at.
    """
    validate(matrix)
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.STACKING)
        row = await tx.fetchrow("SELECT * FROM stacking_versions ORDER BY version DESC LIMIT 1")
        before = read(row) if row else FIRST
        if base != before.version:
            raise VersionStale(
                version=before.version, problem=f"第 {before.version} 版已经发布，请在它的基础上重新填写"
            )
        made = Stacking(before.version + 1, matrix, note, operator, at)
        await tx.execute(
            "INSERT INTO stacking_versions (version, matrix, note, operator, published_at)"
            " VALUES ($1, $2::jsonb, $3, $4, $5)",
            made.version,
            msgspec.json.encode(matrix).decode(),
            note,
            operator,
            at,
        )
        detail = {"before": msgspec.to_builtins(before.matrix), "after": msgspec.to_builtins(matrix), "reason": note}
        await audit_log.record(tx, at, operator, "stacking_publish", f"stacking:{made.version}", detail)
    _cached.pop(db.identity(), None)
    return made
