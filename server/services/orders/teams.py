"""Teams whose time is over: close the unpaid seats, then decide the team. A failed team's orders are refunded."""

import contextlib

from server import db, outbox
from server.core.errors import WeChatUnavailable
from server.gateways.ports import Deps
from server.rules.group_buys import Fate, TeamState, fate
from server.services.checkout import closing
from server.services.common import batches
from server.services.promotions import group_buys

BATCH = 50

# A team that cannot be decided yet (WeChat is silent about a seat) must not block the others.
_CLAIM = """
UPDATE teams SET due_at = $1::timestamptz + interval '10 seconds' WHERE id = ANY (ARRAY(SELECT id FROM teams
    WHERE state IN ('open', 'full') AND due_at <= $1 ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
  RETURNING id, team_no AS number
"""  # house: lock - a queue skips rows that are locked


async def close_due(deps: Deps) -> int:
    """Decide teams whose time is over; returns how many were due. One without a decision is tried again next round.

    Raises Busy.
    """
    rows = await db.fetch(_CLAIM, deps.clock.now(), BATCH)
    due = [db.typed(row, batches.DueNumber) for row in rows]
    await batches.each(deps, "team", due, lambda one: _close_due(deps, one.id), "number")
    return len(rows)


async def _close_due(deps: Deps, team_id: int) -> None:
    with contextlib.suppress(WeChatUnavailable):  # the next round asks again
        await close(deps, team_id)


async def close(deps: Deps, team_id: int) -> None:
    """Close a team's unpaid seats, then decide it; a payment that arrives before counts.

    Safe to repeat, at any time after the team's time is over. Raises WeChatUnavailable, Busy.
    """
    unpaid = await db.fetch("SELECT order_no FROM orders WHERE team_id = $1 AND status = 'pending'", team_id)
    for row in unpaid:
        await closing.close(deps, row["order_no"], "team_over")
    at = deps.clock.now()
    async with db.transaction() as tx:
        team = await tx.fetchrow(
            "SELECT t.state, t.taken, t.paid, g.virtual_fill FROM teams t JOIN group_buys g ON g.id = t.group_buy_id"
            " WHERE t.id = $1 FOR NO KEY UPDATE OF t",  # house: lock - fetches and locks in one round trip
            team_id,
        )
        match fate(TeamState(team["state"]), team["taken"], team["paid"], fill=team["virtual_fill"]):
            case Fate.SUCCEED:
                jobs = await group_buys.succeed(tx, team_id, at)
            case Fate.FAIL:
                jobs = await group_buys.fail(tx, team_id, at)
            case _:
                return
        await outbox.put(tx, jobs, at)
