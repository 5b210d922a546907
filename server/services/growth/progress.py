"""成长值: earned by completed orders and by counted friends, taken back on refunds; and the levels that follow.

Every change is a row with a unique key, written under its member's lock. The member's level is judged right after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server import db, outbox
from server.core.errors import BadRequest, NotFound
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.levels import YEAR, Level, Standing, left_of, raised, rejudged, spend_growth
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.notices import messages
from server.services.terms import levels, policy

BATCH = 100


@dataclass(frozen=True, slots=True)
class _Entry:
    """One change of growth, see models/levels.py."""

    member_id: int
    key: str
    source: str
    kind: str
    amount: int
    counts_at: datetime
    why: str
    base_fen: int = 0
    operator: str | None = None


async def grow(deps: Deps, order_id: int) -> None:
    """Give growth for a completed order: to the buyer by its cost, to the referrer for the friend.

    It is safe to repeat and to run late.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        found = await tx.fetchrow("SELECT member_id, referrer_id FROM orders WHERE id = $1", order_id)
        owners = [found["member_id"], found["referrer_id"]]
        await locks.members(tx, owners)
        order = await tx.fetchrow(
            "SELECT o.order_no, o.completed_at, (SELECT sum(cash_fen - refunded_cash_fen)::bigint FROM order_lines"
            "   WHERE order_id = o.id) AS net FROM orders o WHERE o.id = $1 AND o.status = 'completed'"
            " FOR NO KEY UPDATE OF o",  # house: lock - fetches and locks in one round trip
            order_id,
        )
        if order is None:
            return
        shop = (await policy.read(tx)).policy
        gained = spend_growth(order["net"], shop.growth_per_yuan)
        source, why = f"order:{order_id}", f"订单 {order['order_no']} 完成"
        entry = _Entry(found["member_id"], source, source, "spend", gained, order["completed_at"], why, order["net"])
        if gained:
            await _add(tx, [entry], at)
        if found["referrer_id"] is not None:
            await referrals(tx, found["referrer_id"], at, order_id)


_REFERRALS = """
SELECT q.id, o.completed_at FROM qualifications q JOIN orders o ON o.id = q.order_id
  WHERE q.referrer_id = $1 AND q.state IN ('counted', 'consumed') AND o.status = 'completed'
    AND ($2::bigint IS NULL OR q.order_id = $2)
    AND NOT EXISTS (SELECT FROM growth_entries WHERE key = 'qualification:' || q.id)
  ORDER BY o.completed_at, q.id
"""


async def referrals(tx: db.Connection, referrer_id: int, at: datetime, order_id: int | None = None) -> None:
    """Step, under the referrer's lock: give growth for each counted friend whose order is completed.

    With `order_id` only for the friend of that order.
    """
    rows = await tx.fetch(_REFERRALS, referrer_id, order_id)
    if not rows:
        return
    gained = (await policy.read(tx)).policy.growth_per_referral
    if gained:
        keys = [(f"qualification:{row['id']}", row["completed_at"]) for row in rows]
        await _add(tx, [_Entry(referrer_id, key, key, "referral", gained, when, "有效推荐") for key, when in keys], at)


async def take_back_growth(tx: db.Connection, qualification_id: int, referrer_id: int, at: datetime) -> None:
    """Step, under the referrer's lock: take back the growth that a now void qualification brought."""
    source = f"qualification:{qualification_id}"
    await _take_back(tx, referrer_id, source, f"{source}:void", "推荐不再有效", 0, at)


async def reduce(
    tx: db.Connection, order_id: int, member_id: int, refund_no: str, net_cash_fen: int, at: datetime
) -> None:
    """Step, under the buyer's lock: take back growth after a refund that left the order with this net cash."""
    source = f"order:{order_id}"
    await _take_back(tx, member_id, source, f"{source}:refund:{refund_no}", "订单退款", net_cash_fen, at)


async def _take_back(
    tx: db.Connection, member_id: int, source: str, key: str, why: str, net_cash_fen: int, at: datetime
) -> None:
    given = await tx.fetchrow(
        "SELECT sum(amount)::bigint AS now, max(amount) AS first, max(base_fen) AS base, min(counts_at) AS since"
        " FROM growth_entries WHERE member_id = $1 AND source = $2",
        member_id,
        source,
    )
    if not given["now"]:
        return
    left = left_of(given["first"], given["base"], net_cash_fen) if net_cash_fen else 0
    if left < given["now"]:
        await _add(tx, [_Entry(member_id, key, source, "taken_back", left - given["now"], given["since"], why)], at)


_INSERT = """
INSERT INTO growth_entries (member_id, key, source, kind, amount, counts_at, why, base_fen, operator, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (key) DO NOTHING RETURNING id
"""


async def _add(tx: db.Connection, entries: Sequence[_Entry], at: datetime, *, anew: bool = False) -> bool:
    """Write the entries of one locked member and judge the level; return whether any entry was new.

    With `anew` the level is judged as at the end of a year, so that it may also fall.
    """
    new = False
    for one in entries:
        values = [getattr(one, name) for name in _Entry.__dataclass_fields__]
        new = await tx.fetchval(_INSERT, *values, at) is not None or new
    if new:
        await _judge(tx, await levels.read(tx), entries[0].member_id, at, anew=anew)
    return new


async def _judge(
    tx: db.Connection, known: Sequence[Level], member_id: int, at: datetime, *, anew: bool = False
) -> None:
    """Judge a locked member's level: raise it at once, lower it only at the end of the member's year.

    The end of the year counts, however late the job notices it.
    """
    if not known:
        return
    row = await tx.fetchrow("SELECT position, kept_until FROM member_levels WHERE member_id = $1", member_id)
    standing = Standing(row["position"], row["kept_until"]) if row else Standing()
    while standing.kept_until is not None and standing.kept_until <= at:
        over = standing.kept_until
        growth = await _growth(tx, member_id, over)
        standing = await _stand(tx, known, member_id, standing, rejudged(known, growth, over), growth, "year", at)
    growth = await _growth(tx, member_id, at)
    if anew:
        after, why = rejudged(known, growth, at), "correction"
    else:
        after, why = raised(known, standing, growth, at), "growth"
    await _stand(tx, known, member_id, standing, after, growth, why, at)


async def _growth(tx: db.Connection, member_id: int, at: datetime) -> int:
    found: int = await tx.fetchval(levels.GROWTH, member_id, at - YEAR, at)
    return found


async def _stand(  # noqa: PLR0913, PLR0917 - one step from standing to standing
    tx: db.Connection,
    known: Sequence[Level],
    member_id: int,
    before: Standing,
    after: Standing,
    growth: int,
    why: str,
    at: datetime,
) -> Standing:
    """Write the member's new standing. If the level changes, also write its history and notify the member."""
    if after != before:
        await tx.execute(
            "INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, $2, $3)"
            " ON CONFLICT (member_id) DO UPDATE SET position = EXCLUDED.position, kept_until = EXCLUDED.kept_until",
            member_id,
            after.position,
            after.kept_until,
        )
    if after.position != before.position:
        name = known[after.position].name
        await tx.execute(
            "INSERT INTO level_changes (member_id, before, after, name, growth, why, at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            member_id,
            before.position,
            after.position,
            name,
            growth,
            why,
            at,
        )
        state = "已升级" if after.position > before.position else "已调整"
        await outbox.put(tx, [messages.notice_job(member_id, "level", {"level": name, "state": state})], at)
    return after


async def position_at(tx: db.Connection, member_id: int, at: datetime) -> int:
    """Step: return the level position that a member had at the time `at`."""
    found = await tx.fetchval(
        "SELECT after FROM level_changes WHERE member_id = $1 AND at <= $2 ORDER BY id DESC LIMIT 1", member_id, at
    )
    return found or 0


async def judge_due(deps: Deps) -> int:
    """Judge members whose year is over, at most one batch; return how many. Raises Busy."""
    rows = await db.fetch(
        "SELECT member_id FROM member_levels WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2",
        deps.clock.now(),
        BATCH,
    )
    await _judge_each(deps, [row["member_id"] for row in rows])
    return len(rows)


async def judge_all(deps: Deps, after: int) -> None:
    """Judge one batch of members with growth entries after the levels changed; put a job for the next batch."""
    rows = await db.fetch(
        "SELECT member_id FROM growth_entries WHERE member_id > $1 GROUP BY member_id ORDER BY member_id LIMIT $2",
        after,
        BATCH,
    )
    await _judge_each(deps, [row["member_id"] for row in rows])
    if len(rows) == BATCH:
        async with db.transaction() as tx:
            await outbox.put(tx, [Job("judge_levels", {"after": rows[-1]["member_id"]})], deps.clock.now())


async def _judge_each(deps: Deps, members: Sequence[int]) -> None:
    for member_id in members:
        async with db.transaction() as tx:
            await locks.member(tx, member_id)
            await _judge(tx, await levels.read(tx), member_id, deps.clock.now())


async def correct(  # noqa: PLR0913 - what a correction says
    deps: Deps,
    member_id: int,
    amount: int,
    key: str,
    reason: str,
    operator: str,
    leave: Leave | None = None,
    *,
    anew: bool,
) -> bool:
    """Give or take growth as an operator, once per `key`. With `anew` the level is judged at once and may fall.

    Return False when `key` was used before. Raises NotFound, BadRequest (zero, or more than the member has),
    AboveLimit, Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        if await locks.member(tx, member_id) is None:
            raise NotFound(what="member")
        growth = await _growth(tx, member_id, at)
        entry = _Entry(
            member_id, f"correction:{key}", "correction", "correction", amount, at, reason, operator=operator
        )
        if await tx.fetchval("SELECT EXISTS (SELECT FROM growth_entries WHERE key = $1)", entry.key):
            return False
        if not amount or growth + amount < 0:
            raise BadRequest(field="amount", problem=f"成长值现在是 {growth}，不能为 0，也不能扣到负数")
        await _add(tx, [entry], at, anew=anew)
        detail: dict[str, Any] = {"before": growth, "after": growth + amount, "reason": reason, "anew": anew}
        said = await approvals.weigh(tx, at, leave, detail, {"": abs(amount)})
        await audit_log.record(tx, at, operator, "member.growth", f"member:{member_id}", said)
    return True
