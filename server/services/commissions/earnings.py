"""分润: an order's commissions are decided after payment, released after receipt, and taken back by refunds.

Locks: the earning members (ascending), then the order, then its commissions. Every function may run twice, at any time,
concurrently.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import orjson

from server import db, outbox
from server.core.clock import month_start
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.outbox import Job
from server.rules import commissions as rules
from server.rules.commissions import CommissionTerms, Earner, Grant, Line, LineNow
from server.services.common import batches, locks, take_backs
from server.services.growth import progress
from server.services.notices import messages
from server.services.terms import levels
from server.services.terms.commission_policies import terms_of


class _PaidOrder(msgspec.Struct, frozen=True):
    id: int
    order_no: str
    referrer_id: int | None
    ancestor2_id: int | None
    paid_at: datetime
    version: int
    """The version of the commission rules in force when the order was paid."""


_PAID = """
SELECT id, order_no, referrer_id, ancestor2_id, paid_at,
    (SELECT max(version) FROM commission_versions WHERE published_at < date_trunc('second', orders.paid_at)) AS version
  FROM orders WHERE id = $1
"""


async def decide(deps: Deps, order_id: int) -> None:
    """Grant frozen commissions for a paid order to its snapshotted referrers, by the version in force at payment.

    A refund that was granted before has the same effect as a later one. Closed accounts earn nothing. A blocked
    referrer's commission is not released before the block ends.
    """
    found = await db.fetch_row(_PAID, order_id)
    if found is None or found["version"] is None:
        return
    order = db.typed(found, _PaidOrder)
    terms = await terms_of(order.version)
    chain = dict(enumerate((order.referrer_id, order.ancestor2_id)[: terms.depth], start=1))
    at = deps.clock.now()
    async with db.transaction() as tx:
        members = await locks.members(tx, chain.values())
        await locks.order(tx, order_id)
        if await tx.fetchval("SELECT EXISTS (SELECT FROM commissions WHERE order_id = $1)", order_id):
            return
        earning = {
            level: member_id
            for level, member_id in chain.items()
            if member_id is not None and members.get(member_id, "closed") != "closed"
        }
        earners = [await _earner(tx, terms, order, level, member_id) for level, member_id in earning.items()]
        lines = await _lines(tx, order_id)
        grants = rules.decide(terms, [line.whole for line in lines], earners)
        left = rules.remaining(
            terms.commission_cap_bp, [_parts(grant) for grant in grants], [line.now for line in lines]
        )
        if not any(left):
            return
        facts = {earner.level: earner for earner in earners}
        for grant, left_fen in zip(grants, left, strict=True):
            await _grant(tx, order, earning[grant.level], grant, facts[grant.level], left_fen, at)
        await schedule(tx, order_id)


@dataclass(frozen=True, slots=True)
class _Line:
    whole: Line
    """As it was paid."""
    now: LineNow
    """As refunds left it."""


async def _lines(tx: db.Connection, order_id: int) -> list[_Line]:
    rows = await tx.fetch(
        "SELECT id, product_id, category_id, quantity, cash_fen, cash_fen - refunded_cash_fen AS net_fen"
        " FROM order_lines WHERE order_id = $1 ORDER BY position",
        order_id,
    )
    return [
        _Line(
            Line(row["id"], row["product_id"], row["category_id"], row["quantity"], row["cash_fen"]),
            LineNow(row["id"], row["cash_fen"], row["net_fen"]),
        )
        for row in rows
    ]


_MONTH = """
SELECT COALESCE(sum(o.cash_due_fen - o.freight_cash_fen - CASE WHEN o.refunded_cash_fen = 0 THEN 0 ELSE
    (SELECT COALESCE(sum(w.cash_fen), 0) FROM refund_lines w JOIN refunds r ON r.id = w.refund_id
      WHERE r.order_id = o.id AND r.decided_at < $3 AND r.state NOT IN ('rejected', 'granting')) END), 0)::bigint
  FROM orders o WHERE o.referrer_id = $1 AND o.paid_at >= $2 AND (o.paid_at, o.id) < ($3, $4)
    AND (o.team_id IS NULL OR EXISTS (SELECT FROM teams WHERE id = o.team_id AND state = 'succeeded' AND ended_at < $3))
"""


async def _earner(tx: db.Connection, terms: CommissionTerms, order: _PaidOrder, level: int, member_id: int) -> Earner:
    """Read a referrer's level and month's sum as of the order's payment."""
    known = await levels.read(tx)
    stood = levels.place(known, await progress.position_at(tx, member_id, order.paid_at))
    bonus_bp = known[stood].commission_bonus_bp if known else 0
    return Earner(level, stood, await _month_fen(tx, terms, member_id, order), bonus_bp)


async def _month_fen(tx: db.Connection, terms: CommissionTerms, member_id: int, order: _PaidOrder) -> int:
    """Sum up the net cash that a member's referees paid earlier in the order's month.

    Refunds granted before the order's payment are deducted, and an order of a team counts if its team had succeeded by
    then. The audit tells the sum again (ledger/proofs/months.py).
    """
    if not terms.by_month:
        return 0
    paid_at = order.paid_at
    found: int = await tx.fetchval(_MONTH, member_id, month_start(paid_at), paid_at, order.id)
    return found


def _parts(grant: Grant) -> dict[int, int]:
    return {line.line_id: line.amount_fen for line in grant.lines}


async def _grant(
    tx: db.Connection, order: _PaidOrder, member_id: int, grant: Grant, earner: Earner, left_fen: int, at: datetime
) -> None:
    """Write one referrer's commission: its row with the explanation, its frozen money, its notice.

    The facts about the earner are kept, so that the audit can decide again.
    """
    kept = {"member_level": earner.member_level, "month_fen": earner.month_fen, "bonus_bp": earner.bonus_bp}
    lines = [
        {
            "line_id": line.line_id,
            "why": line.why,
            "base_fen": line.base_fen,
            "earned_fen": line.earned_fen,
            "amount_fen": line.amount_fen,
        }
        for line in grant.lines
    ]
    commission_id: int = await tx.fetchval(
        "INSERT INTO commissions (order_id, member_id, level, version, state, whole_fen, granted_fen, explanation,"
        " created_at, reversed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10) RETURNING id",
        order.id,
        member_id,
        grant.level,
        order.version,
        "frozen" if left_fen else "reversed",
        grant.whole_fen,
        left_fen,
        orjson.dumps({"lines": lines, "earner": kept}).decode(),
        at,
        None if left_fen else at,
    )
    if left_fen:
        entry = entries.commission_frozen(commission_id, order.order_no, member_id, left_fen)
        await book.post(tx, entry, at)
        await outbox.put(tx, [_notice(member_id, commission_id, "frozen", left_fen)], at)


_STATES = {"frozen": "已入账（冻结中）", "settled": "已到账"}


def _notice(member_id: int, commission_id: int, state: str, amount_fen: int) -> Job:
    values = {"amount": f"{yuan(amount_fen)}元", "state": _STATES[state]}
    return messages.notice_job(member_id, f"commission_{state}", values, f"id={commission_id}")


async def schedule(tx: db.Connection, order_id: int) -> None:
    """Step, under the order's lock: set the release time of the frozen commissions once the order is received."""
    row = await tx.fetchrow(
        "SELECT c.version, o.received_at FROM commissions c JOIN orders o ON o.id = c.order_id"
        " WHERE c.order_id = $1 LIMIT 1",
        order_id,
    )
    if row is not None:
        await tx.execute(
            "UPDATE commissions SET release_at = $2 WHERE order_id = $1 AND state = 'frozen'",
            order_id,
            rules.release_at(await terms_of(row["version"]), row["received_at"]),
        )


class _Granted(msgspec.Struct, frozen=True):
    id: int
    member_id: int
    version: int
    granted_fen: int
    explanation: str

    @property
    def parts(self) -> dict[int, int]:
        """Line id → granted fen."""
        return {line["line_id"]: line["amount_fen"] for line in orjson.loads(self.explanation)["lines"]}


async def reduce(tx: db.Connection, order_id: int, refund_no: str, at: datetime) -> None:
    """Step, in a refund's transaction, after its lines are written: reduce commissions with the lines, down to zero.

    The caller holds the locks of the order's referrers. What a wallet does not cover becomes debt.
    """
    rows = await tx.fetch(
        "SELECT id, member_id, version, granted_fen, explanation FROM commissions WHERE order_id = $1"
        " ORDER BY level FOR NO KEY UPDATE",  # house: lock - after their order, ascending
        order_id,
    )
    granted = [db.typed(row, _Granted) for row in rows]
    if not granted:
        return
    terms = await terms_of(granted[0].version)
    now = [line.now for line in await _lines(tx, order_id)]
    left = rules.remaining(terms.commission_cap_bp, [commission.parts for commission in granted], now)
    for commission, left_fen in zip(granted, left, strict=True):
        if left_fen < commission.granted_fen:
            await _take(tx, commission, left_fen, refund_no, at)


async def _take(tx: db.Connection, commission: _Granted, left_fen: int, refund_no: str, at: datetime) -> None:
    await tx.execute(
        "UPDATE commissions SET granted_fen = $2, state = CASE WHEN $3 THEN 'reversed' ELSE state END,"
        " release_at = CASE WHEN NOT $3 THEN release_at END, reversed_at = CASE WHEN $3 THEN $4::timestamptz END"
        " WHERE id = $1",
        commission.id,
        left_fen,
        left_fen == 0,
        at,
    )
    source = entries.commission_source(commission.id)
    taken, _ = await take_backs.parts(tx, commission.member_id, source, commission.granted_fen - left_fen, debt=True)
    await book.post(tx, entries.commission_take_back(commission.id, refund_no, commission.member_id, taken), at)


async def release_due(deps: Deps) -> int:
    """Release commissions that are due, at most a batch; returns how many. Raises Busy."""
    rows = await db.fetch(
        "SELECT c.id, c.member_id FROM commissions c JOIN members m ON m.id = c.member_id AND m.state <> 'blocked'"
        " WHERE c.state = 'frozen' AND c.release_at <= $1 AND NOT refund_holds(c.order_id)"
        " ORDER BY c.release_at, c.id LIMIT $2",
        deps.clock.now(),
        batches.SIZE,
    )
    due = [db.typed(row, batches.Due) for row in rows]
    return await batches.each(deps, "commission", due, lambda one: _release(deps, one.member_id, one.id))


async def _release(deps: Deps, member_id: int, commission_id: int) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.member(tx, member_id)
        amount_fen = await tx.fetchval(
            "UPDATE commissions c SET state = 'settled', settled_at = $2 FROM members m WHERE c.id = $1"
            " AND c.state = 'frozen' AND c.release_at <= $2 AND m.id = c.member_id AND m.state <> 'blocked'"
            " AND NOT refund_holds(c.order_id)"
            " RETURNING c.granted_fen",
            commission_id,
            at,
        )
        if amount_fen is None:
            return
        owed = (await statement.wallet(tx, member_id)).debts
        await book.post(tx, entries.commission_release(commission_id, member_id, amount_fen, owed), at)
        await outbox.put(tx, [_notice(member_id, commission_id, "settled", amount_fen)], at)


_UNDECIDED = """
SELECT q.order_id, EXISTS (SELECT FROM commission_versions v WHERE v.published_at < date_trunc('second', q.paid_at))
    AND NOT EXISTS (SELECT FROM commissions c WHERE c.order_id = q.order_id) AS undecided
  FROM qualifications q WHERE q.referrer_id = $1 AND q.state IN ('counted', 'held')
"""


async def decided_orders(deps: Deps, referrer_id: int) -> list[int]:
    """List the orders whose qualifications may count for a referrer, after deciding their commissions.

    A rebate's payout cap deducts the commission that its qualifying orders have brought, so an order must not count
    before its commission is decided.
    """
    rows = await db.fetch(_UNDECIDED, referrer_id)
    for row in rows:
        if row["undecided"]:
            await decide(deps, row["order_id"])
    return [row["order_id"] for row in rows]
