"""Run the proofs of ledger/proofs on the live database: read-only, in one snapshot, without stopping writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from server import db
from server.ledger import named
from server.ledger.proofs import PROOFS
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.replays import REPLAYS, Known, Replay, known
from server.ledger.proofs.scope import PREFIXES, Scope
from server.rules.running import Run, rested_since

MAX_OFFENDERS = 100
_NEVER = datetime(1, 1, 2, tzinfo=UTC)
_TIMEOUT_S = 3600
"""A proof reads whole tables. That takes minutes on a large shop; the usual statement timeout is too short for it."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one proof.

    `wrong` counts all failures; `offenders` holds the first `MAX_OFFENDERS` of them, with ids and figures in fen.
    """

    name: str
    title: str
    checked: int
    wrong: int
    offenders: list[dict[str, Any]]  # house: typed-rows - evidence for people, of another shape in each proof


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all checks, from one snapshot."""

    at: datetime
    checks: tuple[Check, ...]
    mark: named.Mark
    """How far it saw, for a quick audit later."""
    members: int | None
    """How many members a quick audit looked at; None for the full audit."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.wrong for check in self.checks)


Tell = Callable[[str, int, int], None]
"""A progress callback: the title of the proof that begins, how many are done, and how many there are in all."""


def untold(_title: str, _done: int, _of: int) -> None:
    """Tell nobody."""


async def audit(at: datetime, tell: Tell = untold) -> Report:
    """Run all proofs as of `at`, the clock's now, with which the proofs of what rests compare. Raises Busy."""
    async with db.snapshot() as reader:
        return await prove(reader, at, tell)


async def audit_since(at: datetime, seen: named.Mark) -> Report | None:
    """Run the proofs of the members whom anything names that was written since `seen`. Raises Busy.

    Sums of the whole shop are left to the full audit. None if so much was written that the full audit is quicker.
    """
    async with db.snapshot() as reader:
        members = await named.members_since(reader, seen)
        return None if members is None else await prove(reader, at, members=members)


async def prove(
    reader: db.Connection, at: datetime, tell: Tell = untold, members: Sequence[int] | None = None
) -> Report:
    """Run the proofs on the caller's connection, which should be in a transaction that sees one snapshot.

    With `members` only those that say something about members, and only about these.
    """
    rested = await _rested(reader)
    chosen = [proof for proof in PROOFS if members is None or proof.scope is not Scope.SHOP]
    checks = []
    for done, proof in enumerate(chosen):
        tell(proof.title, done, len(chosen) + len(REPLAYS))
        checks.append(await _check(reader, proof, at, rested, members))
    terms = await known(reader)
    for done, replay in enumerate(REPLAYS, len(chosen)):
        tell(replay.title, done, len(chosen) + len(REPLAYS))
        checks.append(await _replay(reader, replay, terms, members))
    return Report(at, tuple(checks), await named.mark(reader), None if members is None else len(members))


async def _rested(reader: db.Connection) -> datetime | None:
    """Return the moment by which everything due had time enough to be done; None if the scheduler ran too little."""
    rows = await reader.fetch("SELECT started_at, beat_at FROM scheduler_runs ORDER BY id DESC")
    return rested_since(Run(**row) for row in rows)


# The last condition is always true. It only uses the parameters, so that every query takes the same ones.
_SUMMED = """
SELECT count(*) AS checked, count(*) FILTER (WHERE wrong IS NOT FALSE) AS wrong,
  COALESCE(to_jsonb((array_agg(to_jsonb(p) - 'wrong') FILTER (WHERE wrong IS NOT FALSE))[1:$3]), '[]') AS offenders
FROM ({sql}) p WHERE ($1::timestamptz, $2::timestamptz) IS NOT NULL
"""


async def _check(
    reader: db.Connection, proof: Proof, at: datetime, rested: datetime | None, members: Sequence[int] | None
) -> Check:
    values: list[object] = [at, rested or _NEVER, MAX_OFFENDERS]
    sql = proof.sql
    if members is not None:
        values.append(members)
        sql = f"{PREFIXES[proof.scope]}SELECT * FROM ({sql}) restricted"  # noqa: S608 - our own text
    found = await reader.fetchrow(_SUMMED.format(sql=sql), *values, timeout=_TIMEOUT_S)
    return Check(proof.name, proof.title, found["checked"], found["wrong"], orjson.loads(found["offenders"]))


_ROWS_AT_A_TIME = 2_000


async def _replay(reader: db.Connection, replay: Replay, terms: Known, members: Sequence[int] | None) -> Check:
    """Stream the rows of a replay through its rule, in bounded memory."""
    sql, values = replay.sql, list[object]()
    if members is not None:
        sql, values = f"{PREFIXES[replay.scope].replace('$4', '$1')}{replay.sql}", [members]
    checked, wrong, offenders = 0, 0, list[dict[str, Any]]()
    async for row in reader.cursor(sql, *values, prefetch=_ROWS_AT_A_TIME, timeout=_TIMEOUT_S):
        checked += 1
        offender = replay.judge(terms, row[0])
        if offender is not None:
            wrong += 1
            if len(offenders) < MAX_OFFENDERS:
                offenders.append(offender)
    return Check(replay.name, replay.title, checked, wrong, offenders)
