"""Qualifications that wait for the receipt of their order or for the success of its team."""

from datetime import datetime

from server import db
from server.outbox import Job
from server.rules.qualifications import after_waiting


async def go_on(tx: db.Connection, order_ids: list[int], at: datetime) -> list[Job]:
    """Step: count the qualifications that waited for these orders, or hold them if their referrer is blocked.

    Return the jobs that try to close the referrers' cycles.
    """
    active, other = after_waiting(referrer_active=True), after_waiting(referrer_active=False)
    rows = await tx.fetch(
        "UPDATE qualifications q SET state = s.state, held_for = s.held_for,"
        " counted_at = CASE WHEN s.state = 'counted' THEN $2::timestamptz END"
        " FROM members m JOIN (VALUES (true, $3::text, $4::text), (false, $5, $6)) AS s (active, state, held_for)"
        " ON s.active = (m.state = 'active')"
        " WHERE q.order_id = ANY ($1::bigint[]) AND q.state = 'pending' AND m.id = q.referrer_id"
        " RETURNING q.referrer_id",
        order_ids,
        at,
        active.state,
        active.held_for,
        other.state,
        other.held_for,
    )
    return [Job("close_cycle", {"member_id": row["referrer_id"]}) for row in rows]
