"""Take back coupons that a rebate paid or a member bought: unused, locked by an unpaid order, or used."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from server import db
from server.core.errors import WeChatUnavailable
from server.gateways.ports import Deps
from server.ledger import book, entries
from server.ledger.entries import Entry
from server.outbox import Job
from server.rules.coupons import CouponState
from server.services.checkout import closing
from server.services.common import locks
from server.services.rebates.releases import coupon_source


class LockedCoupon(msgspec.Struct, frozen=True):
    """A coupon under its lock. `discount_fen` is what it took off the order that used it."""

    id: int
    member_id: int
    source: str
    state: CouponState
    expires_at: datetime
    discount_fen: int


Owed = Callable[[LockedCoupon], Entry]
"""From a used coupon, builds the ledger entry that turns the coupon's discount into debt."""


def job(rebate_id: int, stage_id: int) -> Job:
    """Build the job that takes back a stage's coupon with debt; it may have to close an unpaid order first."""
    return Job("take_back_coupon", {"rebate_id": rebate_id, "stage_id": stage_id})


async def shrink(
    tx: db.Connection, rebate_id: int, amounts_fen: Mapping[int, int], at: datetime
) -> tuple[int, list[Job]]:
    """Step, under the member's lock: reduce the coupons of these stages (stage id → new fen), void those at zero.

    Returns the used fen above the new amounts, which the caller withholds, and the follow-up jobs.
    """
    short_fen, jobs = 0, []
    for stage_id, amount_fen in amounts_fen.items():
        coupon = await tx.fetchrow(
            "SELECT id, state, discount_fen FROM coupons WHERE source = $1 FOR UPDATE",  # house: lock - member is held
            coupon_source(rebate_id, stage_id),
        )
        if coupon is None:
            continue
        if amount_fen:
            await tx.execute("UPDATE coupons SET amount_fen = $2 WHERE id = $1", coupon["id"], amount_fen)
        elif coupon["state"] == "unused":
            await tx.execute("UPDATE coupons SET state = 'void' WHERE id = $1", coupon["id"])
        elif coupon["state"] == "locked":
            jobs.append(job(rebate_id, stage_id))
            continue
        else:
            await _never_again(tx, coupon["id"], at)
        short_fen += max(0, coupon["discount_fen"] - amount_fen)
    return short_fen, jobs


async def take_bought(tx: db.Connection, coupon: LockedCoupon, order_no: str, at: datetime) -> list[Job]:
    """Step, with the coupon's row locked: take back a coupon of a refunded order.

    Returns the follow-up job if an unpaid order locks the coupon.
    """
    if await _take(tx, coupon, _of_order(order_no), at):
        return []
    return [Job("take_back_bought_coupon", {"source": coupon.source, "order_no": order_no})]


async def take_back_coupon(deps: Deps, rebate_id: int, stage_id: int) -> None:
    """Take back the coupon of a reversed stage.

    An unused coupon becomes void, a locked one has its unpaid order closed first, and a used one becomes debt. Safe to
    repeat. Raises WeChatUnavailable while the unpaid order cannot be closed: try again.
    """
    await _take_back(deps, coupon_source(rebate_id, stage_id), _of_rebate(rebate_id))


async def take_back_bought_coupon(deps: Deps, source: str, order_no: str) -> None:
    """Take back a coupon of a refunded order. Behaves and raises as `take_back_coupon`."""
    await _take_back(deps, source, _of_order(order_no))


def _of_rebate(rebate_id: int) -> Owed:
    def owed(coupon: LockedCoupon) -> Entry:
        key = f"coupon:{coupon.id}:take-back"
        why = "已使用的返还券收回"
        return entries.coupon_take_back(key, rebate_id, coupon.member_id, why, coupon.discount_fen)

    return owed


def _of_order(order_no: str) -> Owed:
    return lambda coupon: entries.bought_coupon_take_back(coupon.id, order_no, coupon.member_id, coupon.discount_fen)


async def _take_back(deps: Deps, source: str, owed: Owed) -> None:
    while True:
        coupon = await db.fetch_row(
            "SELECT c.member_id, c.state, o.order_no FROM coupons c LEFT JOIN orders o ON o.id = c.order_id"
            " WHERE c.source = $1",
            source,
        )
        if coupon is None or coupon["state"] == "void":
            return
        if coupon["state"] == "locked":
            await _cancel(deps, source, coupon["order_no"])
        elif await _end(deps, source, coupon["member_id"], owed):
            return


async def _cancel(deps: Deps, source: str, order_no: str) -> None:
    """Close the unpaid order. Raises WeChatUnavailable if it still locks the coupon: its payment is being judged."""
    if await closing.close(deps, order_no, "coupon_taken_back"):
        return
    if await db.fetch_value("SELECT state FROM coupons WHERE source = $1", source) == "locked":
        raise WeChatUnavailable


_LOCK = f"""
SELECT {db.columns(LockedCoupon)} FROM coupons WHERE source = $1 FOR UPDATE
"""  # noqa: S608 - our own names  # house: lock - a coupon, under its member's lock


async def _end(deps: Deps, source: str, member_id: int, owed: Owed) -> bool:
    """Take the coupon back; False when an order locked it meanwhile."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.member(tx, member_id)
        row = await tx.fetchrow(_LOCK, source)
        return await _take(tx, db.typed(row, LockedCoupon), owed, at)


async def _take(tx: db.Connection, coupon: LockedCoupon, owed: Owed, at: datetime) -> bool:
    """Step, with the coupon's row locked: void it or book its discount as debt; False when an unpaid order locks it."""
    match coupon.state:
        case "unused":
            await tx.execute("UPDATE coupons SET state = 'void' WHERE id = $1", coupon.id)
        case "used":
            await book.post(tx, owed(coupon), at)
            await _never_again(tx, coupon.id, at)
        case "locked":
            return False
    return True


async def _never_again(tx: db.Connection, coupon_id: int, at: datetime) -> None:
    """Expire a used coupon that was taken back: it must stay worthless even if the order that used it is refunded."""
    await tx.execute(
        "UPDATE coupons SET expires_at = LEAST(expires_at, $2),"
        " owed_fen = CASE WHEN taken_by IS NULL THEN 0 ELSE discount_fen END WHERE id = $1",
        coupon_id,
        at,
    )
