"""The only way to background work: a job is a row, written in the transaction that causes it.

The row is relay and sweeper in one. Handing it out moves its `due_at` on, so a row whose job never came to its end
(Redis emptied, worker killed) is due again and goes out under its next attempt. Only `done` ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from server import db
from server.db import Connection

ATTEMPTS_BEFORE_ALARM = 12
KEEP_DONE = timedelta(days=7)
"""How long done rows and answered idempotency keys stay; the latter is promised to clients."""

_ERROR_CHARS = 300
_CLEAN_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Job:
    """Work for later: `name` is in `jobs/registry.py`, `args` is JSON and holds ids only, `due` None is at once."""

    name: str
    args: dict[str, Any]
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is to be handed to a worker; `attempts` counts this time too."""

    id: int
    job: str
    args: dict[str, Any]
    attempts: int


def as_json(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Jobs in the form that SQL functions take (`outbox_put`, `settle_write`)."""
    return [{"job": job.name, "args": job.args, "due": job.due and job.due.isoformat()} for job in jobs]


async def put(tx: Connection, jobs: Sequence[Job], at: datetime) -> None:
    """Write the jobs in the caller's transaction: they exist if and only if it commits."""
    if jobs:
        await tx.execute("SELECT outbox_put($1::jsonb, $2)", orjson.dumps(as_json(jobs)).decode(), at)


async def is_due(at: datetime) -> bool:
    """Whether `claim` would find anything; cheap enough to ask many times a second. Raises Busy."""
    due = await db.fetch_value("SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND due_at <= $1)", at)
    return bool(due)


# The wait before a row goes out again covers a job's longest run and its time in the queue; a job that reports its
# failure is tried again sooner (see _FAILED). A row that never reports, because it kills its worker, is told of here.
# The alarm is part of this statement, and _TELL writes its own: the outbox lies below the services, alarms among them.
_CLAIM = """
WITH taken AS (
  UPDATE outbox SET attempts = attempts + 1,
      due_at = $1::timestamptz + LEAST(interval '1 hour', interval '30 seconds' * (1 << LEAST(attempts, 7)))
    WHERE id = ANY (ARRAY(SELECT id FROM outbox WHERE done_at IS NULL AND due_at <= $1
                   ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING id, job, args, attempts, last_error
), told AS (
  INSERT INTO alarms (kind, subject, detail, at)
    SELECT 'job_failing', job || ' #' || id, jsonb_build_object('attempts', attempts - 1, 'error', last_error), $1
      FROM taken WHERE attempts = $3 + 1
)
SELECT id, job, args, attempts FROM taken ORDER BY id
"""


async def claim(tx: Connection, at: datetime, limit: int) -> list[Claimed]:
    """Take up to `limit` due rows, which the caller hands to workers before it commits.

    Rows that another relay is taking are left to it. A rollback leaves all as it was, so a queue that is down costs
    no attempt; a crash after handing over only means that a row may be handed over twice.
    """
    rows = await tx.fetch(_CLAIM, at, limit, ATTEMPTS_BEFORE_ALARM)
    return [Claimed(row["id"], row["job"], orjson.loads(row["args"]), row["attempts"]) for row in rows]


async def find(outbox_id: int) -> Claimed | None:
    """A row that is still to be done; None when it is done or gone. Raises Busy."""
    row = await db.fetch_row("SELECT job, args, attempts FROM outbox WHERE id = $1 AND done_at IS NULL", outbox_id)
    return row and Claimed(outbox_id, row["job"], orjson.loads(row["args"]), row["attempts"])


async def hurry(tx: Connection, outbox_id: int, at: datetime) -> Claimed | None:
    """Make a row that is not done due at once; None when it is done or gone."""
    row = await tx.fetchrow(
        "UPDATE outbox SET due_at = LEAST(due_at, $2) WHERE id = $1 AND done_at IS NULL RETURNING job, args, attempts",
        outbox_id,
        at,
    )
    return row and Claimed(outbox_id, row["job"], orjson.loads(row["args"]), row["attempts"])


@dataclass(frozen=True, slots=True)
class State:
    """How the outbox stands: rows that are not done, and for how long the oldest due one has been due."""

    open: int
    lag_s: float


async def state(at: datetime) -> State:
    """How the outbox stands at this moment, for monitoring. Raises Busy."""
    row = await db.fetch_row("SELECT count(*) AS open, min(due_at) AS due FROM outbox WHERE done_at IS NULL")
    waited = (at - row["due"]).total_seconds() if row and row["due"] else 0
    return State(open=row["open"] if row else 0, lag_s=max(waited, 0))


async def done(tx: Connection, outbox_id: int, at: datetime) -> bool:
    """Mark the row done, in the transaction of its effect where there is one; False when it was done before."""
    tag = await tx.execute("UPDATE outbox SET done_at = $2 WHERE id = $1 AND done_at IS NULL", outbox_id, at)
    return bool(tag == "UPDATE 1")


_FAILED = """
UPDATE outbox SET last_error = $3,
    due_at = $2::timestamptz + LEAST(interval '1 hour', interval '1 second' * (1 << LEAST(attempts, 12)))
  WHERE id = $1 AND done_at IS NULL
"""
_TELL = """
INSERT INTO alarms (kind, subject, detail, at) SELECT 'job_unknown', $1::varchar, $2, $3
  WHERE NOT EXISTS (SELECT FROM alarms WHERE kind = 'job_unknown' AND subject = $1 AND seen_at IS NULL)
"""


async def failed(outbox_id: int, error: str, at: datetime) -> None:
    """Record why an attempt failed and let the next one come in 2, 4, 8 … seconds, at most an hour. Raises Busy.

    `error` is seen by operators and must hold nothing personal; it is cut to its column.
    """
    async with db.transaction() as tx:
        await tx.execute(_FAILED, outbox_id, at, error[:_ERROR_CHARS])


async def unknown(row: Claimed, at: datetime) -> None:
    """Record that nobody knows this job's name, with one alarm a name: the row stays due. Raises Busy."""
    async with db.transaction() as tx:
        await tx.execute(_FAILED, row.id, at, "unknown job")
        await tx.execute(_TELL, row.job, orjson.dumps({"outbox_id": row.id}).decode(), at)


_CLEAN = (
    (
        "DELETE FROM outbox WHERE id = ANY"
        " (ARRAY(SELECT id FROM outbox WHERE done_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))"
    ),
    "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE created_at < $1 LIMIT $2)",
)


async def clean(at: datetime) -> int:
    """Delete what is older than `KEEP_DONE`, in batches of their own transactions; how many rows. Raises Busy."""
    total = 0
    for statement in _CLEAN:
        gone = _CLEAN_ROWS
        while gone == _CLEAN_ROWS:
            async with db.transaction() as tx:
                tag = await tx.execute(statement, at - KEEP_DONE, _CLEAN_ROWS)
            gone = int(tag.split()[-1])
            total += gone
    return total
