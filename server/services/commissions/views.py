"""Read commissions; each comes with an explanation, line by line."""

from datetime import datetime

import asyncpg
import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.rules.waits import LABELS as WAITS
from server.rules.waits import WaitsFor, waits_for
from server.services.common import cursors

_LABELS = {"frozen": "冻结中", "settled": "已到账", "reversed": "已收回"}


class CommissionLine(msgspec.Struct):
    """What one line of the order brought: `earned_fen` by its policy; `amount_fen` is what the order's cap left."""

    title: str
    why: str
    base_fen: int
    earned_fen: int
    amount_fen: int


class CommissionExplanation(msgspec.Struct):
    """The calculation: the lines sum to `whole_fen`. Refunds took the difference between it and `amount_fen`."""

    version: int
    lines: list[CommissionLine]


class CommissionView(msgspec.Struct):
    """The commission from an order of a friend (`level` 1) or a friend's friend (2). `amount_fen`: after refunds."""

    id: int
    state: str
    state_label: str
    order_no: str
    level: int
    whole_fen: int
    amount_fen: int
    created_at: datetime
    release_at: datetime | None
    waits_for: WaitsFor | None
    """What it waits for beside the time of `release_at`."""
    waits_label: str | None
    settled_at: datetime | None
    reversed_at: datetime | None
    explanation: CommissionExplanation


_COMMISSIONS = """
SELECT c.*, o.order_no, (SELECT jsonb_object_agg(l.id, l.title) FROM order_lines l WHERE l.order_id = c.order_id)
    AS titles, c.state = 'frozen' AND refund_holds(c.order_id) AS refund_open,
    (SELECT state = 'blocked' FROM members WHERE id = c.member_id) AS blocked
  FROM commissions c JOIN orders o ON o.id = c.order_id WHERE c.member_id = $1
"""


async def page_of(member_id: int, cursor: str | None, limit: int) -> tuple[list[CommissionView], str | None]:
    """List the member's own commissions, newest first, and the next page's cursor.

    Raises BadRequest for a bad cursor.
    """
    before = cursors.unpack(cursor, tuple[cursors.Number])[0] if cursor else None
    page = f"{_COMMISSIONS} AND ($2::bigint IS NULL OR c.id < $2) ORDER BY c.id DESC LIMIT $3"
    rows = await db.fetch(page, member_id, before, limit + 1)
    return [_view(row) for row in rows[:limit]], cursors.pack((rows[limit - 1]["id"],)) if len(rows) > limit else None


async def one_of(member_id: int, commission_id: int) -> CommissionView:
    """Read the member's own commission. Raises NotFound."""
    row = await db.fetch_row(f"{_COMMISSIONS} AND c.id = $2", member_id, commission_id)
    if row is None:
        raise NotFound(what="commission")
    return _view(row)


def _view(row: asyncpg.Record) -> CommissionView:
    titles = orjson.loads(row["titles"])
    lines = [
        CommissionLine(titles[str(line.pop("line_id"))], **line) for line in orjson.loads(row["explanation"])["lines"]
    ]
    waits = waits_for(
        frozen=row["state"] == "frozen",
        release_at=row["release_at"],
        refund=row["refund_open"],
        blocked=row["blocked"],
    )
    return CommissionView(
        id=row["id"],
        state=row["state"],
        state_label=_LABELS[row["state"]],
        order_no=row["order_no"],
        level=row["level"],
        whole_fen=row["whole_fen"],
        amount_fen=row["granted_fen"],
        created_at=row["created_at"],
        release_at=row["release_at"],
        waits_for=waits,
        waits_label=waits and WAITS[waits],
        settled_at=row["settled_at"],
        reversed_at=row["reversed_at"],
        explanation=CommissionExplanation(row["version"], lines),
    )


class CommissionSums(msgspec.Struct):
    """Live commissions: how many, what has arrived and what is still frozen."""

    count: int
    settled_fen: int
    frozen_fen: int


async def sums_of(member_id: int) -> CommissionSums:
    """Sum up the member's own commissions."""
    row = await db.fetch_row(
        "SELECT count(*) AS count, COALESCE(sum(granted_fen) FILTER (WHERE state = 'settled'), 0)::bigint AS settled,"
        " COALESCE(sum(granted_fen) FILTER (WHERE state = 'frozen'), 0)::bigint AS frozen"
        " FROM commissions WHERE member_id = $1 AND state <> 'reversed'",
        member_id,
    )
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return CommissionSums(row["count"], row["settled"], row["frozen"])
