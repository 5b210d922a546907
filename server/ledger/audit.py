"""Run the proofs of ledger/proofs on the live database: read-only, in one snapshot, without stopping writes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from server import db
from server.ledger.proofs import PROOFS
from server.ledger.proofs.proof import Proof
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

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.wrong for check in self.checks)


async def audit(at: datetime) -> Report:
    """Run all proofs as of one moment. `at` is the clock's now; the proof of the jobs compares with it. Raises Busy."""
    async with db.snapshot() as reader:
        return await prove(reader, at)


async def prove(reader: db.Connection, at: datetime) -> Report:
    """Run all proofs on the caller's connection, which should be in a transaction that sees one snapshot."""
    rested = await _rested(reader)
    return Report(at, tuple([await _check(reader, proof, at, rested) for proof in PROOFS]))


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


async def _check(reader: db.Connection, proof: Proof, at: datetime, rested: datetime | None) -> Check:
    sql = _SUMMED.format(sql=proof.sql)
    found = await reader.fetchrow(sql, at, rested or _NEVER, MAX_OFFENDERS, timeout=_TIMEOUT_S)
    return Check(proof.name, proof.title, found["checked"], found["wrong"], orjson.loads(found["offenders"]))
