"""The only way to start background work: a job is a row, written in the transaction that causes it.

The same row serves the relay and the retry. Handing a row out moves its `due_at` into the future. If its job never ends
(Redis was emptied, the worker was killed), the row becomes due again and is handed out as its next attempt. Only `done`
ends a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson

from server import db
from server.db import Connection

ATTEMPTS_BEFORE_ALARM = 12
KEEP_DONE = timedelta(days=7)
"""How long done rows and answered idempotency keys are kept. Clients are promised this time for their keys."""

_ERROR_CHARS = 300
_CLEAN_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Job:
    """Work for later. `name` is in `jobs/registry.py`; `args` is JSON and holds ids only; `due` None means at once."""

    name: str
    args: dict[str, Any]
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row to hand to a worker; `attempts` includes this attempt."""

    id: int
    job: str
    args: dict[str, Any]
    attempts: int


class JobRow(msgspec.Struct, frozen=True):
    """A job in the form that SQL functions take (`outbox_put`, `settle_write`)."""

    job: str
    args: dict[str, Any]
    due: datetime | None


def as_rows(jobs: Sequence[Job]) -> list[JobRow]:
    """Return jobs in the form that SQL functions take."""
    return [JobRow(job.name, job.args, job.due) for job in jobs]


async def put(tx: Connection, jobs: Sequence[Job], at: datetime) -> None:
    """Write the jobs in the caller's transaction: they exist if and only if it commits."""
    if jobs:
        await tx.execute("SELECT outbox_put($1::jsonb, $2)", msgspec.json.encode(as_rows(jobs)).decode(), at)


async def is_due(at: datetime) -> bool:
    """Return whether `claim` would find anything; cheap enough to call many times a second. Raises Busy."""
    due = await db.fetch_value("SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND due_at <= $1)", at)
    return bool(due)


# The wait until the new `due_at` covers a job's longest run and its time in the queue. A job that reports its failure
# is retried sooner (see _FAILED). A job that kills its worker never reports, so the alarm for it is raised here. This
# statement and _TELL insert alarms themselves, because the outbox is below the services and may not import their
# alarms.
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
    """Take up to `limit` due rows. The caller hands them to workers before it commits.

    Rows that another relay is taking are skipped. A rollback leaves every row unchanged, so a queue that is down costs
    no attempt. After a crash between handing over and commit, a row may be handed over twice.
    """
    rows = await tx.fetch(_CLAIM, at, limit, ATTEMPTS_BEFORE_ALARM)
    return [Claimed(row["id"], row["job"], orjson.loads(row["args"]), row["attempts"]) for row in rows]


async def find(outbox_id: int) -> Claimed | None:
    """Return a row that is not done; None when it is done or deleted. Raises Busy."""
    row = await db.fetch_row("SELECT job, args, attempts FROM outbox WHERE id = $1 AND done_at IS NULL", outbox_id)
    return row and Claimed(outbox_id, row["job"], orjson.loads(row["args"]), row["attempts"])


async def hurry(tx: Connection, outbox_id: int, at: datetime) -> Claimed | None:
    """Make a row that is not done due at once; return None when it is done or deleted."""
    row = await tx.fetchrow(
        "UPDATE outbox SET due_at = LEAST(due_at, $2) WHERE id = $1 AND done_at IS NULL RETURNING job, args, attempts",
        outbox_id,
        at,
    )
    return row and Claimed(outbox_id, row["job"], orjson.loads(row["args"]), row["attempts"])


@dataclass(frozen=True, slots=True)
class State:
    """The state of the outbox: how many rows are not done, and how long the oldest due row has waited, in seconds."""

    open: int
    lag_s: float


async def state(at: datetime) -> State:
    """Return the state of the outbox at this moment, for monitoring. Raises Busy."""
    row = await db.fetch_row("SELECT count(*) AS open, min(due_at) AS due FROM outbox WHERE done_at IS NULL")
    waited = (at - row["due"]).total_seconds() if row and row["due"] else 0
    return State(open=row["open"] if row else 0, lag_s=max(waited, 0))


async def done(tx: Connection, outbox_id: int, at: datetime) -> bool:
    """Mark the row done, in the transaction of the job's effect if it has one; return False if it was done before."""
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
    """Record why an attempt failed and retry it in 2, 4, 8 … seconds, at most an hour. Raises Busy.

    Operators see `error`, so it must hold no personal data; it is cut to the length of its column.
    """
    async with db.transaction() as tx:
        await tx.execute(_FAILED, outbox_id, at, error[:_ERROR_CHARS])


async def unknown(row: Claimed, at: datetime) -> None:
    """Record that no job has this name, with one open alarm per name. The row stays to be retried. Raises Busy."""
    async with db.transaction() as tx:
        await tx.execute(_FAILED, row.id, at, "unknown job")
        await tx.execute(_TELL, row.job, orjson.dumps({"outbox_id": row.id}).decode(), at)


_CLEAN = (
    (
        "DELETE FROM outbox WHERE id = ANY"
        " (ARRAY(SELECT id FROM outbox WHERE done_at < $1 AND id < (SELECT max(id) FROM outbox) LIMIT $2"
        " FOR UPDATE SKIP LOCKED))"
    ),
    "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE created_at < $1 LIMIT $2)",
)


async def clean(at: datetime) -> int:
    """Delete what is older than `KEEP_DONE`, one transaction per batch; return the number of rows. Raises Busy.

    The newest job stays, so that an outbox which was emptied otherwise is noticed.
    """
    total = 0
    for statement in _CLEAN:
        gone = _CLEAN_ROWS
        while gone == _CLEAN_ROWS:
            async with db.transaction() as tx:
                tag = await tx.execute(statement, at - KEEP_DONE, _CLEAN_ROWS)
            gone = int(tag.split()[-1])
            total += gone
    return total
