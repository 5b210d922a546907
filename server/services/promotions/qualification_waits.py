"""Qualifications that wait: for the receipt of their order, or for its team."""

from datetime import datetime

from server import db
from server.outbox import Job


async def go_on(tx: db.Connection, order_ids: list[int], at: datetime) -> list[Job]:
    """Step: what waited on these orders counts; it is held while its referrer is blocked."""
    rows = await tx.fetch(
        "UPDATE qualifications q SET state = CASE WHEN m.state = 'active' THEN 'counted' ELSE 'held' END,"
        " held_for = CASE WHEN m.state = 'active' THEN NULL ELSE 'referrer_blocked' END,"
        " counted_at = CASE WHEN m.state = 'active' THEN $2::timestamptz END"
        " FROM members m WHERE q.order_id = ANY ($1::bigint[]) AND q.state = 'pending' AND m.id = q.referrer_id"
        " RETURNING q.referrer_id",
        order_ids,
        at,
    )
    return [Job("close_cycle", {"member_id": row["referrer_id"]}) for row in rows]
