"""Versions of the stacking matrix, which says which discounts go together; the newest is in force."""

from datetime import datetime

import msgspec

from server import db
from server.core.advisory import Advisory
from server.gateways.ports import Deps
from server.rules.stacking import Matrix, validate
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.terms.fresh import Fresh
from server.services.terms.versions import About, Versions, check_base


class Stacking(msgspec.Struct, frozen=True):
    """A version with its matrix. Version 0 is the default of a new shop; nobody published it."""

    version: int
    matrix: Matrix
    note: str
    operator: str
    published_at: datetime | None


VERSIONS = Versions("stacking_version", Matrix, Stacking, column="matrix")
FIRST = Stacking(0, Matrix(), "初始设置", "system", None)
"""The default of a new shop."""


async def newest() -> Stacking:
    """Read the newest version. Raises Busy."""
    return await VERSIONS.newest() or FIRST


_fresh = Fresh(newest)
current = _fresh.current


async def version(number: int) -> Stacking:
    """Return one version. Raises NotFound."""
    return await VERSIONS.one(number) if number else FIRST


async def publish(
    deps: Deps, matrix: Matrix, note: str, operator: str, base: int, leave: Leave | None = None
) -> Stacking:
    """Publish a new version, for orders placed from now on (within a second).

    Raises StackingInvalid, AboveLimit, and VersionStale if the newest version is not `base`, the version that the
    operator looked at.
    """
    validate(matrix)
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.STACKING)
        before = await VERSIONS.newest_on(tx) or FIRST
        check_base(base, before.version)
        made = Stacking(before.version + 1, matrix, note, operator, at)
        await VERSIONS.add(tx, made.version, matrix, About(note, operator, at))
        detail = {"before": msgspec.to_builtins(before.matrix), "after": msgspec.to_builtins(matrix), "reason": note}
        said = await approvals.weigh(tx, at, leave, detail, {"": 1}, base)
        await audit_log.record(tx, at, operator, "stacking_publish", f"stacking:{made.version}", said)
    _fresh.forget()
    return made
