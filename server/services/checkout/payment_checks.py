"""Query WeChat about pending orders whose payment was opened but not reported, at growing intervals."""

import contextlib

from server import db
from server.core.errors import WeChatUnavailable
from server.gateways.ports import Deps
from server.services.checkout import payments

BATCH = 50

# The next check follows after 20 s, 40 s, 80 s …, at most ten minutes.
_CLAIM = """
UPDATE orders SET checks = checks + 1,
    check_at = $1::timestamptz + LEAST(interval '10 minutes', interval '20 seconds' * (1 << LEAST(checks, 6)))
  WHERE id = ANY (ARRAY(SELECT id FROM orders WHERE status = 'pending' AND check_at <= $1 ORDER BY check_at LIMIT $2
                 FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING order_no
"""  # house: lock - a queue skips rows that are locked


async def check_due(deps: Deps) -> int:
    """Query WeChat about payments that are due, at most a batch; returns how many.

    A payment without an answer is queried again later.
    """
    rows = await db.fetch(_CLAIM, deps.clock.now(), BATCH)
    for row in rows:
        with contextlib.suppress(WeChatUnavailable):  # check_at is already set to the next time
            await payments.check(deps, row["order_no"])
    return len(rows)
