"""Qualifications that wait for the receipt of their order or for the success of its team."""

from collections import Counter
from datetime import datetime

from server import db
from server.outbox import Job
from server.rules.members import masked_name
from server.rules.qualifications import after_waiting
from server.services.notices import messages


async def go_on(tx: db.Connection, order_ids: list[int], at: datetime) -> list[Job]:
    """Step: count the qualifications that waited for these orders, or hold them if their referrer is blocked.

    Return the jobs that notify the referrers and try to close their cycles.
    """
    active, other = after_waiting(referrer_active=True), after_waiting(referrer_active=False)
    rows = await tx.fetch(
        "UPDATE qualifications q SET state = s.state, held_for = s.held_for,"
        " counted_at = CASE WHEN s.state = 'counted' THEN $2::timestamptz END"
        " FROM members m JOIN (VALUES (true, $3::text, $4::text), (false, $5, $6)) AS s (active, state, held_for)"
        " ON s.active = (m.state = 'active')"
        " WHERE q.order_id = ANY ($1::bigint[]) AND q.state = 'pending' AND m.id = q.referrer_id"
        " RETURNING q.referrer_id, q.state, (SELECT nickname FROM members WHERE id = q.referee_id) AS nickname,"
        " (SELECT count(*) FROM qualifications c WHERE c.referrer_id = q.referrer_id AND c.state = 'counted')"
        "   AS before",
        order_ids,
        at,
        active.state,
        active.held_for,
        other.state,
        other.held_for,
    )
    jobs, joined = [], Counter[int]()
    for row in rows:
        referrer_id = row["referrer_id"]
        jobs.append(Job("close_cycle", {"member_id": referrer_id}))
        if row["state"] == "counted":
            joined[referrer_id] += 1
            jobs.append(counted_notice(referrer_id, row["nickname"], row["before"] + joined[referrer_id]))
    earlier = await tx.fetch(_EARLIER, order_ids)
    return jobs + [Job("requalify", {"member_id": row["referee_id"]}) for row in earlier]


# An order that waits takes no qualification away from a later one. Now it may.
_EARLIER = """
SELECT q.referee_id FROM orders o JOIN qualifications q ON q.referee_id = o.member_id
  WHERE o.id = ANY ($1::bigint[]) AND q.state IN ('pending', 'held', 'counted')
    AND (q.paid_at, q.order_id) > (o.paid_at, o.id)
"""


def counted_notice(referrer_id: int, nickname: str, nth: int) -> Job:
    """Build the notice that a friend counts, as the `nth` who waits for the cycle to close."""
    values = {"name": masked_name(nickname), "progress": f"第{nth}位有效推荐"}
    return messages.notice_job(referrer_id, "qualified", values)
