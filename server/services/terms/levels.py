"""等级: the shop's levels, which operators change, and the level of a member."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db, outbox
from server.core.advisory import Advisory
from server.core.errors import FormInvalid, VersionStale
from server.core.money import WHOLE_BP
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.levels import YEAR, Level, Privilege, privileges, problems
from server.rules.pricing import LevelTerms
from server.rules.stacking import Matrix
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.terms import stacking
from server.services.terms.fresh import Fresh

_COLUMNS = Level.__struct_fields__
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM levels ORDER BY place"  # noqa: S608 - our own columns


async def _read_now() -> tuple[Level, ...]:
    async with db.connection() as connection:
        return await read(connection)


_fresh = Fresh(_read_now)
current = _fresh.current
"""Return the levels in force, lowest first."""


async def read(connection: db.Connection) -> tuple[Level, ...]:
    """Read the levels from the table, lowest first, for a caller that already holds a connection."""
    return tuple(db.typed(row, Level) for row in await connection.fetch(_ALL))


def version(known: Sequence[Level]) -> str:
    """Return a short hash that identifies a set of levels."""
    return hashlib.sha256(msgspec.json.encode(list(known))).hexdigest()[:16]


async def change(
    deps: Deps, wanted: Sequence[Level], seen: str, reason: str, operator: str, leave: Leave | None = None
) -> bool:
    """Replace the levels of version `seen` by these; a job then raises members who reach a higher level.

    Return False if nothing changes. Raises FormInvalid with every problem, VersionStale if another version is in force,
    AboveLimit, Busy.
    """
    if found := problems(wanted):
        raise FormInvalid(problems=[{"field": "levels", "label": "", "problem": one} for one in found])
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.LEVELS)
        held = await read(tx)
        if version(held) != seen:
            raise VersionStale(problem="等级已被别人修改，请刷新页面后再改")
        if held == tuple(wanted):
            return False
        await tx.execute("DELETE FROM levels")
        places = ", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 2))
        await tx.executemany(
            f"INSERT INTO levels (place, {', '.join(_COLUMNS)}) VALUES ({places})",  # noqa: S608 - our own columns
            [(position, *msgspec.structs.astuple(level)) for position, level in enumerate(wanted)],
        )
        await outbox.put(tx, [Job("judge_levels", {"after": 0})], at)
        detail = {"before": msgspec.to_builtins(held), "after": msgspec.to_builtins(list(wanted)), "reason": reason}
        said = await approvals.weigh(tx, at, leave, detail, {"": 1}, seen)
        await audit_log.record(tx, at, operator, "levels.change", "levels", said)
    _fresh.forget()
    return True


@dataclass(frozen=True, slots=True)
class NextLevel:
    """The next level, the growth it needs, and how much growth is missing."""

    name: str
    growth: int
    lacks: int


@dataclass(frozen=True, slots=True)
class ShownLevel:
    """A member's level as its member sees it. `growth` is what was earned within a year."""

    position: int
    name: str
    colour: str
    icon: str
    kept_until: datetime | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A member's level, growth and privileges; `level` is None in a shop without levels."""

    level: ShownLevel | None
    growth: int
    privileges: list[Privilege]
    next_level: NextLevel | None


GROWTH = """
SELECT GREATEST(0, COALESCE(sum(amount), 0))::bigint FROM growth_entries
  WHERE member_id = $1 AND counts_at > $2 AND counts_at <= $3
"""
"""The growth of member $1 between the times $2 (exclusive) and $3."""


async def membership(member_id: int, at: datetime) -> Membership:
    """Return a member's level, growth and privileges at the time `at`. Raises Busy."""
    levels, combined = await current(), await stacking.current()
    async with db.connection() as connection:
        growth: int = await connection.fetchval(GROWTH, member_id, at - YEAR, at)
        row = await connection.fetchrow(
            "SELECT position, kept_until FROM member_levels WHERE member_id = $1", member_id
        )
    position, kept_until = (row["position"], row["kept_until"]) if row else (0, None)
    return _membership(levels, combined.matrix, position, kept_until, growth)


def _membership(
    levels: Sequence[Level], matrix: Matrix, stored: int, kept_until: datetime | None, growth: int
) -> Membership:
    if not levels:
        return Membership(None, growth, [], None)
    position = place(levels, stored)
    level = levels[position]
    above = levels[position + 1] if position + 1 < len(levels) else None
    return Membership(
        ShownLevel(position, level.name, level.colour, level.icon, kept_until),
        growth,
        privileges(level, matrix),
        NextLevel(above.name, above.growth, max(0, above.growth - growth)) if above else None,
    )


def place(levels: Sequence[Level], position: int) -> int:
    """Limit a stored position to the levels in force: above the highest counts as the highest until judged again."""
    return min(position, max(0, len(levels) - 1))


def points_bp(levels: Sequence[Level], position: int) -> int:
    """Return by what the points of a member on this level are multiplied."""
    return levels[place(levels, position)].points_bp if levels else WHOLE_BP


class Needed(msgspec.Struct):
    """The lowest level whose members may buy something, and its position; 0 is the lowest of all."""

    position: int
    name: str


def needed(levels: Sequence[Level], position: int | None) -> Needed | None:
    """Return the level of a stored position; None if that is the lowest, which everybody has."""
    found = place(levels, position or 0)
    return Needed(found, levels[found].name) if found else None


def price_terms(levels: Sequence[Level], position: int) -> LevelTerms | None:
    """Return how the level of a stored position changes prices; None in a shop without levels."""
    if not levels:
        return None
    level = levels[place(levels, position)]
    return LevelTerms(level.name, level.discount_bp, level.free_freight)
