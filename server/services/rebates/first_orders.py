"""Which order of a referee is the first that counts: the one paid earliest, whichever became known first.

An order with a clear answer is qualified when it is settled (see checkout/settlement.py). All others come here: another
order was paid, one was refunded, an earlier payment became known late, or an order got its referrer late.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeGuard

import msgspec

from server import db, outbox
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules import qualifications as rules
from server.rules.orders import PAID_STATES, SETTLED_STATES, OrderKind, OrderStatus
from server.rules.rebates import LineNet, qualifies
from server.services.common import batches, locks
from server.services.promotions import qualification_waits
from server.services.rebates import reversals
from server.services.referrals import bindings
from server.services.terms.rebate_rules import terms_of


class _Order(msgspec.Struct, frozen=True):
    """A paid order of a referee. Without a referrer `referrer_state` is None."""

    id: int
    kind: OrderKind
    status: OrderStatus
    paid_at: datetime
    received_at: datetime | None
    rule_version: int
    referrer_id: int | None
    referrer_state: Literal["active", "blocked", "closed"] | None
    nickname: str
    lines: tuple[LineNet, ...]


class _First(_Order, frozen=True):
    """The earliest-paid order that matches the rule in force when it was paid; `waiting` for receipt or its team."""

    waiting: bool


class _Live(msgspec.Struct, frozen=True):
    """A qualification that is neither void nor consumed."""

    id: int
    referrer_id: int
    order_id: int
    paid_at: datetime
    state: str


_ORDERS = """
SELECT o.id, o.kind, o.status, o.paid_at, o.received_at, o.rule_version, o.referrer_id, r.state AS referrer_state,
    b.nickname, (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
      'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines WHERE order_id = o.id) AS lines
  FROM orders o JOIN members b ON b.id = o.member_id LEFT JOIN members r ON r.id = o.referrer_id
  WHERE o.member_id = $1 AND o.status = ANY ($2::text[]) AND o.for_qualification AND o.rule_version IS NOT NULL
  ORDER BY o.paid_at, o.id
"""
_LOCKED_ORDERS = f"{_ORDERS} FOR NO KEY UPDATE OF o"  # house: lock - fetches and locks in one round trip


async def _first(connection: db.Connection, referee_id: int, orders: str) -> _First | None:
    for row in await connection.fetch(orders, referee_id, list(PAID_STATES)):
        order = db.typed(row, _Order)
        terms = await terms_of(order.rule_version)
        if qualifies(terms, order.kind, order.lines):
            teaming, received = order.status == OrderStatus.TEAMING, order.received_at is not None
            waiting = rules.waits(terms, teaming=teaming, received=received)
            return _First(**msgspec.structs.asdict(order), waiting=waiting)
    return None


async def requalify(tx: db.Connection, referee_id: int, at: datetime) -> list[Job]:
    """Step: qualify the referee's earliest-paid order that matches, unless the referee has a qualification.

    It brings growth, a notice and the cycle's check, as a first order does. Without a referrer on that order the
    referee qualifies for nobody. A qualification voided by review stays void. The caller holds the buyer's lock. The
    orders are locked here because a team may succeed at the same moment without locking its buyers: either it finds
    the qualification that waits for it, or it has already moved the order on.
    """
    settled = await tx.fetchval(
        "SELECT EXISTS (SELECT 1 FROM qualifications WHERE referee_id = $1"
        " AND (state <> 'void' OR void_for = 'review'))",
        referee_id,
    )
    if settled:
        return []
    first = await _first(tx, referee_id, _LOCKED_ORDERS)
    return [] if first is None else await _qualify(tx, referee_id, first, at)


_INSERT = """
INSERT INTO qualifications (referee_id, referrer_id, order_id, rule_version, state, held_for, paid_at, counted_at,
    created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  RETURNING (SELECT count(*) FROM qualifications WHERE referrer_id = $2 AND state = 'counted') AS others
"""


async def _qualify(
    tx: db.Connection, referee_id: int, order: _First, at: datetime, instead_of: _Live | None = None
) -> list[Job]:
    """Write the qualification of a first order; return what follows for its referrer."""
    if order.referrer_id is None or order.referrer_state == "closed":
        return []
    active = order.referrer_state == "active"
    standing = rules.PENDING if order.waiting else rules.after_waiting(referrer_active=active)
    counted = standing.state == "counted"
    others: int = await tx.fetchval(
        _INSERT,
        referee_id,
        order.referrer_id,
        order.id,
        order.rule_version,
        standing.state,
        standing.held_for,
        order.paid_at,
        at if counted else None,
        at,
    )
    if order.waiting:
        return []
    jobs = [Job("close_cycle", {"member_id": order.referrer_id})]
    known = instead_of is not None and (instead_of.referrer_id, instead_of.state) == (order.referrer_id, "counted")
    if counted and not known:
        jobs.append(qualification_waits.counted_notice(order.referrer_id, order.nickname, others + 1))
    if counted and order.status == OrderStatus.COMPLETED:
        jobs.append(Job("grow", {"order_id": order.id}))
    return jobs


async def look_at(deps: Deps, referee_id: int) -> None:
    """Put a referee's qualification where the earliest-paid order says. Safe to repeat, and to run at any time.

    It moves from a later order only if it is not consumed and would be counted or held at once on the earlier one.
    """
    while not await _look_at(deps, referee_id, await _referrers(referee_id)):
        continue


_REFERRERS = """
SELECT ARRAY(SELECT referrer_id FROM qualifications WHERE referee_id = $1 AND state <> 'void'
  UNION SELECT referrer_id FROM orders WHERE member_id = $1 AND paid_at IS NOT NULL AND referrer_id IS NOT NULL)
"""


async def _referrers(referee_id: int) -> list[int]:
    """Read, without a lock, whom the referee's qualification may belong to, now or next."""
    found: list[int] = await db.fetch_value(_REFERRERS, referee_id)
    return found


async def _look_at(deps: Deps, referee_id: int, locked: Collection[int]) -> bool:
    """Do it in one transaction; return False if another referrer has come in who is not locked."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.members(tx, [referee_id, *locked])
        if not {*await tx.fetchval(_REFERRERS, referee_id)} <= {*locked}:
            return False
        jobs = await _move(tx, referee_id, at) or await requalify(tx, referee_id, at)
        await outbox.put(tx, jobs, at)
    return True


_LIVE = f"""
SELECT {db.columns(_Live)} FROM qualifications WHERE referee_id = $1 AND state IN ('pending', 'held', 'counted')
"""  # noqa: S608 - our own names


async def _move(tx: db.Connection, referee_id: int, at: datetime) -> list[Job]:
    """Void the referee's qualification if an earlier-paid order decides, and qualify that one if it has a referrer.

    Nobody can consume it meanwhile: all possible referrers are locked.
    """
    row = await tx.fetchrow(_LIVE, referee_id)
    if row is None:
        return []
    live = db.typed(row, _Live)
    first = await _first(tx, referee_id, _LOCKED_ORDERS)
    if not _decides(first, live.paid_at, live.order_id):
        return []
    jobs = await reversals.lose(tx, live.id, "earlier_order", at)
    return jobs + await _qualify(tx, referee_id, first, at, instead_of=live)


def _decides(first: _First | None, paid_at: datetime, order_id: int) -> TypeGuard[_First]:
    """Whether an order takes the place of a later one: it need not wait for its receipt or its team any more."""
    return first is not None and (first.paid_at, first.id) < (paid_at, order_id) and not first.waiting


_LATER = """
SELECT q.referee_id, q.paid_at, q.order_id FROM qualifications q WHERE q.referrer_id = $1 AND q.state = 'counted'
  AND EXISTS (SELECT FROM orders o WHERE o.member_id = q.referee_id AND o.status = ANY ($2::text[])
    AND (o.paid_at, o.id) < (q.paid_at, q.order_id))
"""


async def look_at_counted(deps: Deps, referrer_id: int) -> None:
    """Look at a referrer's counted qualifications whose referee has an earlier-paid order, before they are consumed.

    The earlier payment may have become known while the qualification was consumed; a reversal has freed it since.
    """
    for row in await db.fetch(_LATER, referrer_id, list(PAID_STATES)):
        async with db.connection() as connection:
            first = await _first(connection, row["referee_id"], _ORDERS)
        if _decides(first, row["paid_at"], row["order_id"]):
            await look_at(deps, row["referee_id"])


_RECHAIN = """
UPDATE orders o SET (referrer_id, ancestor2_id, ancestor3_id) = (SELECT c[1], c[2], c[3]
    FROM chain_at(o.member_id, o.paid_at) c)
  WHERE o.member_id = $1 AND o.paid_at >= $2 AND o.referrer_id IS NULL
  RETURNING o.id, o.for_commission AND o.status = ANY ($3::text[])
    AND EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.cash_fen > 0) AS earns
"""


async def decide_bindings(deps: Deps, member_id: int) -> None:
    """Decide the bindings that a member asked for while a payment was open. Safe to repeat, and to run at any time.

    A binding holds from when it was asked for: orders paid since then get their referrers, who earn from them.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        since = await bindings.decide_asked(tx, deps, member_id)
        if since is None:
            return
        rows = await tx.fetch(_RECHAIN, member_id, since, list(SETTLED_STATES))
        jobs = [Job("decide_commission", {"order_id": row["id"]}) for row in rows if row["earns"]]
        await outbox.put(tx, jobs + await requalify(tx, member_id, at), at)


async def decide_due_bindings(deps: Deps) -> int:
    """Decide bindings whose payment has ended, of a batch of members; return of how many. Raises Busy."""
    rows = await db.fetch(bindings.DUE, batches.SIZE)
    due = [db.typed(row, batches.Due) for row in rows]
    return await batches.each(deps, "member", due, lambda one: decide_bindings(deps, one.member_id), "member_id")
