"""积分: earned at receipt, released after observation, taken back with refunds, given and taken by operators, expiring.

Every step runs under its member's lock. Every movement is one ledger entry with its own unique key.
"""

from datetime import datetime

import msgspec

from server import db, outbox
from server.core import ids
from server.core.clock import shanghai_day
from server.core.errors import BadRequest, NotFound
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.ledger.entries import Entry
from server.rules.levels import left_of
from server.rules.points import TELL_BEFORE, earned, ends_at, expiring, take_back
from server.rules.rebates import RuleTerms, release_at
from server.services.common import approvals, audit_log, batches, locks
from server.services.common.approvals import Leave
from server.services.common.locks import LockedOrder
from server.services.notices import messages
from server.services.terms import levels, policy
from server.services.terms.rebate_rules import terms_of

BATCH = 100
_LOOK = 20 * BATCH
"""How many ended credits are looked at for a batch. A member with many, who always fails, leaves room for others."""


async def earn(tx: db.Connection, order: LockedOrder, at: datetime) -> None:
    """Step, under the locks of the buyer and the order: freeze, once, the points that the order earns.

    The order is received at `at`.
    """
    shop = (await policy.read(tx)).policy
    net_fen = await tx.fetchval(
        "SELECT sum(cash_fen - refunded_cash_fen)::bigint FROM order_lines WHERE order_id = $1", order.id
    )
    points = earned(net_fen, shop.points_per_yuan, await _multiplied(tx, order.member_id))
    if not points:
        return
    # Without a rule nobody chose an observation: points wait until the order can no longer be returned.
    none = RuleTerms(observe_days=shop.refund_days)
    terms = none if order.rule_version is None else await terms_of(order.rule_version)
    new = await tx.fetchval(
        "INSERT INTO point_earnings (order_id, member_id, base_fen, granted, remaining, state, release_at, created_at)"
        " VALUES ($1, $2, $3, $4, $4, 'frozen', $5, $6) ON CONFLICT DO NOTHING RETURNING order_id",
        order.id,
        order.member_id,
        net_fen,
        points,
        release_at(terms, [at], at),
        at,
    )
    if new is not None:
        entry = entries.points_frozen(order.id, order.order_no, order.member_id, points)
        await book.post(tx, entry, at)


async def _multiplied(tx: db.Connection, member_id: int) -> int:
    position = await tx.fetchval("SELECT position FROM member_levels WHERE member_id = $1", member_id)
    return levels.points_bp(await levels.read(tx), position or 0)


async def reduce(tx: db.Connection, order: LockedOrder, refund_no: str, net_fen: int, at: datetime) -> None:
    """Step, under the buyer's lock: take back points after a refund that left the order with this net cash."""
    row = await tx.fetchrow(
        "SELECT * FROM point_earnings WHERE order_id = $1 FOR NO KEY UPDATE",  # house: lock - taken after its order
        order.id,
    )
    if row is None:
        return
    left = left_of(row["granted"], row["base_fen"], net_fen)
    if left == row["remaining"]:
        return
    wallet = await statement.wallet(tx, row["member_id"])
    frozen = wallet.frozen_points.get(entries.point_source(order.id), 0)
    taken = take_back(row["remaining"] - left, frozen, wallet.points)
    entry = entries.points_take_back(order.id, order.order_no, refund_no, row["member_id"], taken)
    await book.post(tx, entry, at)
    await tx.execute(
        "UPDATE point_earnings SET remaining = $2, state = CASE WHEN $3 THEN 'reversed' ELSE state END"
        " WHERE order_id = $1",
        order.id,
        left,
        left == 0,
    )


async def release_due(deps: Deps) -> int:
    """Release the points of orders whose observation period is over, at most one batch; return how many."""
    rows = await db.fetch(
        "SELECT e.order_id AS id, e.member_id FROM point_earnings e JOIN members m ON m.id = e.member_id"
        " WHERE e.state = 'frozen' AND e.release_at <= $1 AND m.state <> 'blocked' AND NOT refund_holds(e.order_id)"
        " ORDER BY e.release_at LIMIT $2",
        deps.clock.now(),
        batches.SIZE,
    )
    due = [db.typed(row, batches.Due) for row in rows]
    return await batches.each(deps, "points", due, lambda one: _release(deps, one.member_id, one.id))


async def _release(deps: Deps, member_id: int, order_id: int) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        if await locks.member(tx, member_id) == "blocked":
            return
        row = await tx.fetchrow(
            "UPDATE point_earnings e SET state = 'settled' FROM orders o WHERE e.order_id = $1 AND e.state = 'frozen'"
            " AND e.release_at <= $2 AND o.id = e.order_id AND NOT refund_holds(o.id)"
            " RETURNING e.remaining, o.order_no",
            order_id,
            at,
        )
        if row is not None:
            debts = (await statement.wallet(tx, member_id)).point_debts
            entry = entries.points_release(order_id, row["order_no"], member_id, row["remaining"], debts)
            await _credit(tx, entry, member_id, at)


async def _lock(tx: db.Connection, member_id: int) -> None:
    if await locks.member(tx, member_id) is None:
        raise NotFound(what="member")


async def _credit(tx: db.Connection, entry: Entry, member_id: int, at: datetime) -> None:
    """Post an entry that gives points; the points that reach the balance become a credit that expires."""
    await book.post(tx, entry, at)
    reached = sum(line.amount for line in entry.lines if line.account.code == "points")
    if reached:
        months = (await policy.read(tx)).policy.points_months
        await tx.execute(
            "INSERT INTO point_credits (member_id, source, points, ends_at, settled, told)"
            " VALUES ($1, $2, $3, $4, false, false)",
            member_id,
            entry.key,
            reached,
            ends_at(at, months),
        )


async def give(tx: db.Connection, member_id: int, key: str, kind: str, why: str, points: int, at: datetime) -> None:
    """Step, under the member's lock: give points from the shop; `key` must not have been used before."""
    debts = (await statement.wallet(tx, member_id)).point_debts
    await _credit(tx, entries.points_given(key, kind, why, member_id, points, debts), member_id, at)


_LATER = "SELECT COALESCE(sum(points), 0)::bigint FROM point_credits WHERE member_id = $1 AND ends_at > $2"


async def expire_due(deps: Deps) -> int:
    """Expire what is left of ended credits, for at most one batch of members; return how many members. Raises Busy."""
    rows = await db.fetch(
        "SELECT DISTINCT member_id AS id, member_id FROM (SELECT member_id FROM point_credits"
        " WHERE NOT settled AND ends_at <= $1 ORDER BY ends_at LIMIT $3) due ORDER BY member_id LIMIT $2",
        deps.clock.now(),
        BATCH,
        _LOOK,
    )
    due = [db.typed(row, batches.Due) for row in rows]
    return await batches.each(deps, "member", due, lambda one: _expire(deps, one.member_id))


async def _expire(deps: Deps, member_id: int) -> None:
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        at = deps.clock.now()
        ended = await tx.fetch(
            "UPDATE point_credits SET settled = true WHERE member_id = $1 AND NOT settled AND ends_at <= $2"
            " RETURNING id",
            member_id,
            at,
        )
        if not ended:
            return
        points = (await statement.wallet(tx, member_id)).points
        gone = expiring(points, await tx.fetchval(_LATER, member_id, at))
        key = f"points-expired:{ids.number('X', at)}"
        await book.post(tx, entries.points_gone(key, "points_expired", "积分到期", member_id, gone), at)


async def reopen_ended(tx: db.Connection, member_id: int, at: datetime) -> None:
    """Step, under the member's lock: spent points came back, so let the next run expire those that ended meanwhile."""
    await tx.execute(
        "UPDATE point_credits SET settled = false WHERE member_id = $1 AND settled AND ends_at <= $2", member_id, at
    )


async def tell_expiring(deps: Deps) -> int:
    """Notify members whose points expire soon, once per expiry time; return how many. One batch. Raises Busy."""
    at = deps.clock.now()
    rows = await db.fetch(
        "SELECT DISTINCT member_id AS id, ends_at FROM (SELECT member_id, ends_at FROM point_credits"
        " WHERE NOT told AND ends_at <= $1 ORDER BY ends_at LIMIT $2) near ORDER BY ends_at, member_id",
        at + TELL_BEFORE,
        BATCH,
    )
    due = [db.typed(row, _Ending) for row in rows]
    return await batches.each(deps, "member", due, lambda one: _tell_expiring(one.id, one.ends_at, at))


class _Ending(msgspec.Struct, frozen=True):
    """A member, and when points of the member expire."""

    id: int
    ends_at: datetime


async def _tell_expiring(member_id: int, end: datetime, at: datetime) -> None:
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        await tx.execute("UPDATE point_credits SET told = true WHERE member_id = $1 AND ends_at = $2", member_id, end)
        gone = expiring((await statement.wallet(tx, member_id)).points, await tx.fetchval(_LATER, member_id, end))
        if gone:
            values = {"points": f"{gone}", "date": f"{shanghai_day(end):%Y-%m-%d}"}
            await outbox.put(tx, [messages.notice_job(member_id, "points_expiring", values)], at)


async def adjust(
    deps: Deps, member_id: int, points: int, key: str, reason: str, operator: str, leave: Leave | None = None
) -> bool:
    """Give a member points as an operator, or take available ones (negative `points`), once per `key`.

    Return False when `key` was used before. Raises NotFound, BadRequest (zero, or more than the member has),
    AboveLimit, Busy.
    """
    at = deps.clock.now()
    key = f"points-adjusted:{key}"
    async with db.transaction() as tx:
        await _lock(tx, member_id)
        if await tx.fetchval("SELECT EXISTS (SELECT FROM ledger_entries WHERE key = $1)", key):
            return False
        held = (await statement.wallet(tx, member_id)).points
        if not points or held + points < 0:
            raise BadRequest(field="points", problem=f"可用积分现在是 {held}，不能为 0，也不能多扣")
        if points > 0:
            await give(tx, member_id, key, "points_gift", reason, points, at)
        else:
            await book.post(tx, entries.points_gone(key, "points_deduct", reason, member_id, -points), at)
        detail = {"before": held, "points": points, "reason": reason}
        said = await approvals.weigh(tx, at, leave, detail, {"": abs(points)})
        await audit_log.record(tx, at, operator, "member.points", f"member:{member_id}", said)
    return True
