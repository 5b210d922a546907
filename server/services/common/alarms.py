"""Alarms for operators: one open alarm per subject and kind until somebody has seen it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from server.db import Connection

_SUBJECT_CHARS = 60
_SOUND = """
INSERT INTO alarms (kind, subject, detail, at) SELECT $1::text, $2::text, $4::jsonb, $3::timestamptz
  WHERE NOT EXISTS (SELECT 1 FROM alarms WHERE kind = $1 AND subject = $2 AND
"""
_UNSEEN = f"{_SOUND} seen_at IS NULL)"
_SINCE = f"{_SOUND} at > $5)"


async def sound(tx: Connection, kind: str, subject: str, at: datetime, problem: str | Mapping[str, Any]) -> None:
    """Step: raise an alarm unless one of this subject and kind is open.

    `problem` is a sentence, or the fields of the alarm's detail by name.
    """
    await tx.execute(_UNSEEN, kind, subject[:_SUBJECT_CHARS], at, _detail(problem))


async def sound_at_most_every(
    pause: timedelta, tx: Connection, kind: str, subject: str, at: datetime, detail: Mapping[str, Any]
) -> None:
    """Step: raise an alarm unless one of this subject and kind was raised within `pause`, seen or not.

    A problem that lasts is therefore reported again.
    """
    await tx.execute(_SINCE, kind, subject[:_SUBJECT_CHARS], at, _detail(detail), at - pause)


def _detail(problem: str | Mapping[str, Any]) -> str:
    return orjson.dumps({"problem": problem} if isinstance(problem, str) else problem).decode()
