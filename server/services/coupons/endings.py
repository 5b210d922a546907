"""Notify members, once per coupon, that a coupon of theirs expires soon."""

from datetime import datetime, timedelta

from server import db, outbox
from server.core.clock import SHANGHAI
from server.gateways.ports import Deps
from server.outbox import Job
from server.services.notices import messages

AHEAD = timedelta(days=3)
"""How long before its end a coupon is announced. A coupon that is valid for a shorter time is not announced."""
_ROWS = 500

_DUE = """
WITH due AS (
  SELECT id FROM coupons WHERE state = 'unused' AND warned_at IS NULL AND expires_at > $1 AND expires_at <= $2
    ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE coupons c SET warned_at = $1 FROM due WHERE c.id = due.id
  RETURNING c.id, c.member_id, c.name, c.expires_at, c.expires_at - GREATEST(c.starts_at, c.created_at) > $4 AS long,
    EXISTS (SELECT FROM notice_credits n WHERE n.member_id = c.member_id AND n.template = 'coupon_ending'
      AND n.credits > 0) AS allowed
"""  # house: lock - a queue waits for nobody


async def warn(deps: Deps) -> None:
    """Send a notice for every coupon that expires within `AHEAD`, one batch per transaction. Raises Busy."""
    at = deps.clock.now()
    found = _ROWS
    while found == _ROWS:
        async with db.transaction() as tx:
            rows = await tx.fetch(_DUE, at, at + AHEAD, _ROWS, AHEAD)
            told = sorted((row for row in rows if row["long"] and row["allowed"]), key=lambda row: row["id"])
            await outbox.put(tx, [_notice(row["member_id"], row["name"], row["expires_at"]) for row in told], at)
        found = len(rows)


def _notice(member_id: int, name: str, expires_at: datetime) -> Job:
    values = {"name": name, "expires_at": f"{expires_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"}
    return messages.notice_job(member_id, "coupon_ending", values)
