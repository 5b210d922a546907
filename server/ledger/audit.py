"""Run the proofs of ledger/proofs on the live database: read-only, in one snapshot, without stopping writes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from server import db
from server.ledger import named
from server.ledger.proofs import PROOFS
from server.ledger.proofs import scope as scopes
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.replay import Known, Replay, known
from server.ledger.proofs.replays import REPLAYS
from server.ledger.proofs.scope import Scope
from server.rules.running import Run, rested_since

MAX_OFFENDERS = 100
ALL: tuple[Proof | Replay, ...] = (*PROOFS, *REPLAYS)
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
    rested: datetime | None
    """What was due by then had had time enough to be done; None if the scheduler ran too little."""
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
    """Run all proofs as of `at`, the clock's now, with which the proofs of what rests compare. Raises Busy.

    Two connections share one snapshot and the work: while rows of one are judged here, the database sums for the other.
    """
    async with db.snapshot() as reader, db.snapshot(of=reader) as other:
        return await _prove([reader, other], at, tell, ALL)


async def audit_since(at: datetime, seen: named.Mark) -> Report | None:
    """Run the proofs of what may rest, and of the members whom anything names that was written since `seen`.

    Sums of the whole shop are left to the full audit. None if so much was written that the full audit is quicker.
    Raises Busy.
    """
    async with db.snapshot(scratch=True) as reader:
        members = await named.members_since(reader, seen)
        return None if members is None else await prove_members(reader, at, members)


async def prove(
    reader: db.Connection, at: datetime, tell: Tell = untold, proofs: Sequence[Proof | Replay] = ALL
) -> Report:
    """Run these proofs on the caller's connection, which should be in a transaction that sees one snapshot."""
    return await _prove([reader], at, tell, proofs)


async def _prove(
    readers: Sequence[db.Connection], at: datetime, tell: Tell, proofs: Sequence[Proof | Replay]
) -> Report:
    """Share the proofs among connections that see one snapshot."""
    run = await _Run.begin(readers[0], at)
    left, checks = list(proofs), dict[str, Check]()

    async def work(mine: _Run) -> None:
        while left:
            proof = left.pop()  # the longest are last in the list
            tell(proof.title, len(proofs) - len(left) - 1, len(proofs))
            checks[proof.name] = await mine.check(proof)

    try:
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(work(replace(run, reader=reader)))  # house: task - the group ends with it
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return Report(at, tuple(checks[proof.name] for proof in proofs), run.rested, await named.mark(readers[0]), None)


async def prove_members(
    connection: db.Connection, at: datetime, members: Sequence[int], proofs: Sequence[Proof | Replay] = ALL
) -> Report:
    """Run those of these proofs that a quick audit runs: of what may rest, and those about members only for these.

    `connection` may make temporary tables.
    """
    run = await _Run.begin(connection, at)
    mark = await named.mark(connection)
    checks = [await run.check(proof) for proof in proofs if proof.scope is Scope.RESTING]
    await scopes.name(connection, members)
    for scope in (Scope.WALLET, Scope.BUYER, Scope.EARNER):
        chosen = [proof for proof in proofs if proof.scope is scope]
        if not chosen:
            continue
        tables = await scopes.enter(connection, scope, [proof.sql for proof in chosen])
        checks += [await run.check(proof) for proof in chosen]
        await scopes.leave(connection, tables)
    return Report(at, tuple(checks), run.rested, mark, len(members))


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
_STREAMED = {"prefetch": 2_000, "timeout": _TIMEOUT_S}


@dataclass(frozen=True, slots=True)
class _Run:
    """What all checks of one audit share."""

    reader: db.Connection
    at: datetime
    rested: datetime | None
    known: Known

    @classmethod
    async def begin(cls, reader: db.Connection, at: datetime) -> "_Run":
        return cls(reader, at, await _rested(reader), await known(reader))

    async def check(self, proof: Proof | Replay) -> Check:
        return await (self._replay(proof) if isinstance(proof, Replay) else self._sum(proof))

    async def _sum(self, proof: Proof) -> Check:
        sql = _SUMMED.format(sql=proof.sql)
        found = await self.reader.fetchrow(sql, self.at, self.rested or _NEVER, MAX_OFFENDERS, timeout=_TIMEOUT_S)
        return Check(proof.name, proof.title, found["checked"], found["wrong"], orjson.loads(found["offenders"]))

    async def _replay(self, replay: Replay) -> Check:
        """Stream the rows of a replay through its rule, in bounded memory."""
        checked, wrong, offenders = 0, 0, list[dict[str, Any]]()
        judge = replay.judge(self.known)
        async for row in self.reader.cursor(replay.sql, self.rested or _NEVER, **_STREAMED):
            checked += 1
            offender = judge(row[0])
            if offender is not None:
                wrong += 1
                if len(offenders) < MAX_OFFENDERS:
                    offenders.append(offender)
        return Check(replay.name, replay.title, checked, wrong, offenders)
