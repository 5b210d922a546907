"""The states of a qualification, as steps inside their callers' transactions, and the operator's review.

A qualification changes under the buyer's lock while it is not consumed; consuming and un-consuming also need the
referrer's lock (see cycles.py and reversals.py).
"""

from datetime import datetime
from typing import Literal

import orjson

from server import db, outbox
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules import qualifications as rules
from server.rules.orders import PAID_STATES, OrderStatus
from server.rules.rebates import LineNet, qualifies
from server.services.common import audit_log, locks
from server.services.growth import progress
from server.services.promotions import qualification_waits
from server.services.rebates import reversals
from server.services.terms.rebate_rules import terms_of


async def order_received(tx: db.Connection, order_id: int, at: datetime) -> list[Job]:
    """Step: a qualification that waited for receipt counts now (or is held while its referrer is blocked).

    Its row is locked whatever its state: a cycle that consumes it in this moment either has done so for what the caller
    reads next, or waits and finds the receipt.
    """
    await tx.execute(
        "SELECT 1 FROM qualifications WHERE order_id = $1 FOR NO KEY UPDATE",  # house: lock - the one of this order
        order_id,
    )
    return await qualification_waits.go_on(tx, [order_id], at)


async def hold_all(tx: db.Connection, referrer_id: int, at: datetime) -> None:
    """Step, under the referrer's lock: what counted for a referrer who is blocked waits."""
    del at
    await tx.execute(
        "UPDATE qualifications SET state = 'held', held_for = 'referrer_blocked', counted_at = NULL"
        " WHERE referrer_id = $1 AND state = 'counted'",
        referrer_id,
    )


async def release_all(tx: db.Connection, referrer_id: int, at: datetime) -> list[Job]:
    """Step, under the referrer's lock: what waited because of the block counts again."""
    await count_held(tx, referrer_id, at)
    return [Job("close_cycle", {"member_id": referrer_id})]


async def count_held(tx: db.Connection, referrer_id: int, at: datetime) -> None:
    """Step, under the lock of a referrer who is not blocked: nothing waits for a block any more.

    Who holds a qualification reads the referrer's state without locking it, so one may be held in the very moment when
    a block ends; the job that follows each comes here.
    """
    waited = await tx.fetch(
        "UPDATE qualifications SET state = 'counted', held_for = NULL, counted_at = $2"
        " WHERE referrer_id = $1 AND state = 'held' AND held_for = 'referrer_blocked' RETURNING id",
        referrer_id,
        at,
    )
    if waited:
        await progress.referrals(tx, referrer_id, at)


async def requalify(tx: db.Connection, referee_id: int, at: datetime) -> list[Job]:
    """Step: after a qualification became void by refund, the earliest paid matching order of the referee takes over.

    Void by review is final. The buyer is locked by the caller. The orders are locked here: a team that succeeds in this
    moment, which does not lock its buyers, either finds the qualification that waits for it or has let the order go on.
    """
    settled = await tx.fetchval(
        "SELECT EXISTS (SELECT 1 FROM qualifications WHERE referee_id = $1"
        " AND (state <> 'void' OR void_for = 'review'))",
        referee_id,
    )
    if settled:
        return []
    orders = await tx.fetch(
        "SELECT o.id, o.kind, o.status, o.paid_at, o.received_at, o.rule_version, o.referrer_id, m.state,"
        " (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,"
        "   'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines WHERE order_id = o.id) AS lines"
        " FROM orders o JOIN members m ON m.id = o.referrer_id"
        " WHERE o.member_id = $1 AND o.status = ANY ($2::text[])"
        " AND o.for_qualification AND o.rule_version IS NOT NULL AND m.state <> 'closed' ORDER BY o.paid_at, o.id"
        " FOR NO KEY UPDATE OF o",  # house: lock - fetches and locks in one round trip
        referee_id,
        list(PAID_STATES),
    )
    for order in orders:
        terms = await terms_of(order["rule_version"])
        lines = [LineNet(**line) for line in orjson.loads(order["lines"])]
        if not qualifies(terms, order["kind"], lines):
            continue
        received = order["received_at"] is not None
        waiting = rules.waits(terms, teaming=order["status"] == OrderStatus.TEAMING, received=received)
        standing = rules.PENDING if waiting else rules.after_waiting(referrer_active=order["state"] == "active")
        await tx.execute(
            "INSERT INTO qualifications (referee_id, referrer_id, order_id, rule_version, state, held_for, paid_at,"
            " counted_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            referee_id,
            order["referrer_id"],
            order["id"],
            order["rule_version"],
            standing.state,
            standing.held_for,
            order["paid_at"],
            at if standing.state == "counted" else None,
            at,
        )
        return [] if waiting else [Job("close_cycle", {"member_id": order["referrer_id"]})]
    return []


async def review(
    deps: Deps, qualification_id: int, verdict: Literal["pass", "void"], operator: str, reason: str = ""
) -> None:
    """An operator's verdict: `pass` lets a held one count, `void` ends it for ever, whatever its state.

    Raises NotFound, StateConflict (`pass` on one that is not held).
    """
    at = deps.clock.now()
    row = await db.fetch_row("SELECT referee_id, referrer_id FROM qualifications WHERE id = $1", qualification_id)
    if row is None:
        raise NotFound(what="qualification")
    async with db.transaction() as tx:
        await locks.members(tx, [row["referee_id"], row["referrer_id"]])
        state = (await locks.row(tx, "qualifications", qualification_id, "state"))["state"]
        if verdict == "pass":
            if state != "held":
                raise StateConflict(status=state)
            await tx.execute(
                "UPDATE qualifications SET state = 'counted', held_for = NULL, counted_at = $2 WHERE id = $1",
                qualification_id,
                at,
            )
            await progress.referrals(tx, row["referrer_id"], at)
            jobs = [Job("close_cycle", {"member_id": row["referrer_id"]})]
        else:
            jobs = await reversals.lose(tx, qualification_id, "review", at)
        detail = {"before": state, "after": "counted" if verdict == "pass" else "void", "reason": reason}
        await audit_log.record(tx, at, operator, "qualification_review", f"qualification:{qualification_id}", detail)
        await outbox.put(tx, jobs, at)
