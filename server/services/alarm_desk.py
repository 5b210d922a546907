"""What operators must know, until somebody says that it was seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.services import audit_log, cursors

_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Alarm:
    """One of them; `seen_at` is None while it waits."""

    id: int
    kind: str
    subject: str
    detail: dict[str, Any]
    at: datetime
    seen_at: datetime | None


async def listed(*, unseen: bool, cursor: str | None, limit: int) -> tuple[list[Alarm], str | None]:
    """A page of alarms, newest first, and the next page's cursor. Raises BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else _NEWEST
    only = "AND seen_at IS NULL" if unseen else ""
    rows = await db.fetch(
        f"SELECT id, kind, subject, detail, at, seen_at FROM alarms WHERE id < $1 {only} ORDER BY id DESC LIMIT $2",  # noqa: S608 - our own words
        before,
        limit + 1,
    )
    found = [Alarm(**{**row, "detail": orjson.loads(row["detail"])}) for row in rows[:limit]]
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None


async def see(deps: Deps, alarm_id: int, operator: str) -> None:
    """Somebody takes care of it. Raises NotFound, also for one that was seen already."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(
            "UPDATE alarms SET seen_at = $2 WHERE id = $1 AND seen_at IS NULL RETURNING kind, subject", alarm_id, at
        )
        if row is None:
            raise NotFound(what="alarm")
        detail = {"kind": row["kind"], "of": row["subject"]}
        await audit_log.record(tx, at, operator, "alarm.seen", f"alarm:{alarm_id}", detail)
