"""Run the proofs of ledger/proofs on the live database: read-only, in one snapshot, without stopping writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.ledger.proofs import PROOFS
from server.ledger.proofs.proof import Proof

MAX_OFFENDERS = 100
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
    return Report(at, tuple([await _check(reader, proof, at) for proof in PROOFS]))


# The last condition is always true. It only uses `$1`, so that every query takes the same parameters.
_SUMMED = """
SELECT count(*) AS checked, count(*) FILTER (WHERE wrong IS NOT FALSE) AS wrong,
  COALESCE(to_jsonb((array_agg(to_jsonb(p) - 'wrong') FILTER (WHERE wrong IS NOT FALSE))[1:$2]), '[]') AS offenders
FROM ({sql}) p WHERE $1::timestamptz IS NOT NULL
"""


async def _check(reader: db.Connection, proof: Proof, at: datetime) -> Check:
    found = await reader.fetchrow(_SUMMED.format(sql=proof.sql), at, MAX_OFFENDERS, timeout=_TIMEOUT_S)
    return Check(proof.name, proof.title, found["checked"], found["wrong"], orjson.loads(found["offenders"]))
