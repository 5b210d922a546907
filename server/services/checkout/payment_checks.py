"""If no notice comes we ask: pending orders whose payment was opened, at growing intervals."""

import contextlib

from server import db
from server.core.errors import WeChatUnavailable
from server.gateways.ports import Deps
from server.services.checkout import payments

BATCH = 50

# 20 s, 40 s, 80 s … at most ten minutes after the last time.
_CLAIM = """
UPDATE orders SET checks = checks + 1,
    check_at = $1::timestamptz + LEAST(interval '10 minutes', interval '20 seconds' * (1 << LEAST(checks, 6)))
  WHERE id = ANY (ARRAY(SELECT id FROM orders WHERE status = 'pending' AND check_at <= $1 ORDER BY check_at LIMIT $2
                 FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING order_no
"""  # house: lock - a queue waits for nobody


async def check_due(deps: Deps) -> int:
    """Ask WeChat about every silent payment that is due; returns how many. No answer: it is asked again later."""
    rows = await db.fetch(_CLAIM, deps.clock.now(), BATCH)
    for row in rows:
        with contextlib.suppress(WeChatUnavailable):  # check_at has moved on: it is asked again then
            await payments.check(deps, row["order_no"])
    return len(rows)
