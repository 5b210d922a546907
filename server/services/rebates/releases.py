"""Release rebate stages, frozen → settled, when every order they depend on was received and observed long enough."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from server import db, outbox
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.ledger.chart import SPEND_ONLY, WITHDRAWABLE
from server.ledger.entries import ValueCoupon
from server.rules.rebates import release_at
from server.services.common import batches, locks
from server.services.coupons import drawer, values
from server.services.notices import messages
from server.services.terms.rebate_rules import terms_of


async def schedule_release(deps: Deps, rebate_id: int) -> None:
    """Set a rebate's release times after an order that it depends on was received. Safe to repeat."""
    del deps
    async with db.transaction() as tx:
        await locks.owner(tx, "rebate", rebate_id)
        await schedule(tx, rebate_id)


async def schedule(tx: db.Connection, rebate_id: int) -> None:
    """Step, under the member's lock: set `release_at` of the rebate and of each frozen stage from the receipts so far.

    Stage k depends on the returned order and on the first k qualifying orders.
    """
    rebate = await tx.fetchrow(
        "SELECT r.rule_version, r.required, o.received_at,"
        " (SELECT array_agg(w.received_at ORDER BY q.paid_at, q.order_id) FROM qualifications q"
        "   JOIN orders w ON w.id = q.order_id WHERE q.rebate_id = r.id) AS receipts"
        " FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.id = $1",
        rebate_id,
    )
    terms = await terms_of(rebate["rule_version"])
    receipts = rebate["receipts"] or []
    moments = [
        release_at(terms, receipts[:position], rebate["received_at"]) for position in range(1, len(receipts) + 1)
    ]
    await tx.execute(
        "UPDATE rebate_stages s SET release_at = m.moment"
        " FROM unnest($2::timestamptz[]) WITH ORDINALITY AS m (moment, position)"
        " WHERE s.rebate_id = $1 AND s.state = 'frozen' AND s.position = m.position",
        rebate_id,
        moments,
    )
    whole = moments[-1] if len(receipts) == rebate["required"] else None
    await tx.execute("UPDATE rebates SET release_at = $2 WHERE id = $1", rebate_id, whole)


async def release_due(deps: Deps) -> int:
    """Release stages that are due, at most a batch; returns how many.

    Stages of a blocked member, and those that an open refund holds, wait. Raises Busy.
    """
    rows = await db.fetch(
        "SELECT s.id, r.member_id FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id"
        " JOIN members m ON m.id = r.member_id AND m.state <> 'blocked'"
        " WHERE s.state = 'frozen' AND s.release_at <= $1 AND NOT stage_held(s) ORDER BY s.release_at, s.id LIMIT $2",
        deps.clock.now(),
        batches.SIZE,
    )
    due = [db.typed(row, batches.Due) for row in rows]
    return await batches.each(deps, "stage", due, lambda one: _release(deps, one.member_id, one.id))


class _Stage(msgspec.Struct, frozen=True):
    id: int
    rebate_id: int
    amount_fen: int


class _Rebate(msgspec.Struct, frozen=True):
    id: int
    member_id: int
    rule_version: int
    pay_as: Literal["balance", "coupon"]
    withdrawable: bool


async def _release(deps: Deps, member_id: int, stage_id: int) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        if await locks.member(tx, member_id) == "blocked":
            return
        row = await tx.fetchrow(
            "UPDATE rebate_stages s SET state = 'settled' WHERE id = $1 AND state = 'frozen' AND release_at <= $2"
            " AND NOT stage_held(s) RETURNING id, rebate_id, amount_fen",
            stage_id,
            at,
        )
        if row is None:
            return
        stage = db.typed(row, _Stage)
        rebate = await locks.row(tx, "rebates", stage.rebate_id, _Rebate)
        if stage.amount_fen:
            await _pay(tx, rebate, stage, at)
        settled = await tx.fetchval(
            "UPDATE rebates SET state = 'settled', settled_at = $2 WHERE id = $1 AND required ="
            " (SELECT count(*) FROM rebate_stages WHERE rebate_id = $1 AND state = 'settled') RETURNING granted_fen",
            rebate.id,
            at,
        )
        if settled is not None:
            values = {"amount": f"{yuan(settled)}元", "state": "已到账"}
            told = messages.notice_job(member_id, "rebate_settled", values, f"id={rebate.id}")
            await outbox.put(tx, [told], at)


async def _pay(tx: db.Connection, rebate: _Rebate, stage: _Stage, at: datetime) -> None:
    """Pay a stage to its member: as balance, where debts are settled first, or as a coupon."""
    if rebate.pay_as == "balance":
        owed = (await statement.wallet(tx, rebate.member_id)).debts
        destination = WITHDRAWABLE if rebate.withdrawable else SPEND_ONLY
        released = entries.rebate_release(rebate.id, stage.id, rebate.member_id, stage.amount_fen, destination, owed)
        await book.post(tx, released, at)
        return
    terms = await terms_of(rebate.rule_version)
    coupon_id = await drawer.issue(
        tx,
        member_id=rebate.member_id,
        source=coupon_source(rebate.id, stage.id),
        name="推三返一返还券",
        amount_fen=stage.amount_fen,
        threshold_fen=terms.coupon_threshold_fen,
        starts_at=at,
        expires_at=at + timedelta(days=terms.coupon_days),
    )
    assert coupon_id is not None  # noqa: S101 - a stage settles once, so its source is new
    coupon = ValueCoupon(coupon_id, rebate.member_id, entries.rebate_source(rebate.id))
    await values.issue(tx, [(coupon, stage.amount_fen)], at)


def coupon_source(rebate_id: int, stage_id: int) -> str:
    """Build the unique source of the coupon that a stage pays."""
    return f"rebate:{rebate_id}:stage:{stage_id}"
