"""Alarms: what operators must know, told once until somebody has seen it."""

from datetime import datetime

from server.db import Connection

_SUBJECT_CHARS = 60


async def sound(tx: Connection, kind: str, subject: str, at: datetime, problem: str) -> None:
    """Step: one open alarm per subject and kind."""
    await tx.execute(
        "INSERT INTO alarms (kind, subject, detail, at)"
        " SELECT $1::text, $2::text, jsonb_build_object('problem', $4::text), $3::timestamptz"
        " WHERE NOT EXISTS (SELECT 1 FROM alarms WHERE kind = $1 AND subject = $2 AND seen_at IS NULL)",
        kind,
        subject[:_SUBJECT_CHARS],
        at,
        problem,
    )
