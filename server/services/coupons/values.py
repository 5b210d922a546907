"""Coupons of value, which a rebate paid or a member bought: what they are worth, took off, and what is taken back.

Steps inside their callers' transactions, under the lock of the coupon's member. The books hold both amounts, so however
many events take a coupon back, they never take more than it took off.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from server import db
from server.ledger import book, entries, statement
from server.ledger.entries import ValueCoupon
from server.rules.coupons import CouponState


class CouponHeld(Exception):  # noqa: N818 - what happened, not an error
    """An unpaid order holds the coupon: roll back, close that order, and try again."""

    def __init__(self, order_no: str) -> None:
        """Name the order."""
        super().__init__(order_no)
        self.order_no = order_no


class LockedCoupon(msgspec.Struct, frozen=True):
    """A coupon under its lock. `discount_fen` is what it took off the order that holds or used it."""

    id: int
    member_id: int
    state: CouponState
    off_bp: int
    amount_fen: int
    discount_fen: int
    expires_at: datetime
    order_no: str | None
    """The order that holds or used it."""
    link: str | None
    """What it came with: `rebate:12`, or the order that bought it, `order:T26…`; None for a coupon without value."""
    taken: bool
    """Whether it was taken back for good after it was used."""

    @property
    def of_value(self) -> ValueCoupon:
        """The coupon in the books."""
        assert self.link is not None  # noqa: S101 - asked only where a rebate or an order gave the coupon
        return ValueCoupon(self.id, self.member_id, self.link)


class Excess(msgspec.Struct, frozen=True):
    """What a used coupon took off above its new worth, and was not taken back yet."""

    coupon: ValueCoupon
    fen: int


COLUMNS = """
c.id, c.member_id, c.state, c.off_bp, c.amount_fen, c.discount_fen, c.expires_at, c.taken_at IS NOT NULL AS taken,
  (SELECT order_no FROM orders WHERE id = c.order_id) AS order_no,
  CASE WHEN c.source LIKE 'rebate:%' THEN 'rebate:' || split_part(c.source, ':', 2) ELSE
    (SELECT 'order:' || b.order_no FROM order_lines l JOIN orders b ON b.id = l.order_id WHERE l.id = c.order_line_id)
  END AS link
"""
"""The columns of LockedCoupon, in a query over coupons `c`."""
_LOCKED = f"SELECT {COLUMNS} FROM coupons c WHERE {{}} = $1 FOR UPDATE OF c"  # noqa: S608 # house: lock - under its member's lock


async def of_source(tx: db.Connection, source: str) -> LockedCoupon:
    """Step: lock the coupon that was issued from this source."""
    return db.typed(await tx.fetchrow(_LOCKED.format("c.source"), source), LockedCoupon)


async def issue(tx: db.Connection, coupons: Sequence[tuple[ValueCoupon, int]], at: datetime) -> None:
    """Step: enter new coupons of one member and link into the books, each with its worth in fen."""
    if coupons:
        await book.post(tx, entries.coupon_issue(coupons), at)


async def lower(tx: db.Connection, coupon: LockedCoupon, to_fen: int, event: str, at: datetime) -> Excess | None:
    """Step: leave a coupon no more than `to_fen`; 0 takes it back for good. `event` names the reason, once per coupon.

    Returns what it took off above that, which the caller turns into debt or withholds. Raises CouponHeld.
    """
    if coupon.state == "locked":
        raise CouponHeld(coupon.order_no or "")
    if coupon.state == "unused":
        fallen_fen = max(0, coupon.amount_fen - to_fen)
        await tx.execute(
            "UPDATE coupons SET amount_fen = amount_fen - $2, state = CASE WHEN $3 THEN 'void' ELSE state END"
            " WHERE id = $1",
            coupon.id,
            fallen_fen if to_fen else 0,
            to_fen == 0,
        )
        await book.post(tx, entries.coupon_lower(coupon.of_value, event, fallen_fen), at)
        return None
    await tx.execute(
        "UPDATE coupons SET amount_fen = CASE WHEN $2 > 0 THEN LEAST(amount_fen, $2) ELSE amount_fen END,"
        " taken_at = CASE WHEN $2 = 0 THEN $3::timestamptz END WHERE id = $1",
        coupon.id,
        to_fen,
        at,
    )
    used_fen = await statement.coupon_used_fen(tx, coupon.member_id, coupon.id)
    return Excess(coupon.of_value, max(0, used_fen - to_fen))


async def owe(tx: db.Connection, excess: Excess | None, event: str, why: str, at: datetime) -> None:
    """Step: turn what a used coupon took off into debt."""
    if excess is not None:
        await book.post(tx, entries.coupon_take_back(excess.coupon, event, why, excess.fen), at)


async def withhold(
    tx: db.Connection, excesses: Sequence[Excess], withheld_fen: int, refund_no: str, at: datetime
) -> None:
    """Step: record in the books that a refund withheld this much for used coupons, the first ones first."""
    left_fen = withheld_fen
    for excess in excesses:
        part_fen = min(left_fen, excess.fen)
        left_fen -= part_fen
        await book.post(tx, entries.coupon_withheld(excess.coupon, refund_no, part_fen), at)


async def give_back(tx: db.Connection, coupon_id: int, refund_no: str, at: datetime) -> None:
    """Step: return the coupon of an order that is refunded whole, with what was taken back for it.

    A coupon that was taken back for good stays void: then only what was taken is credited.
    """
    coupon = db.typed(await tx.fetchrow(_LOCKED.format("c.id"), coupon_id), LockedCoupon)
    await tx.execute(
        "UPDATE coupons SET state = CASE WHEN taken_at IS NULL THEN 'unused' ELSE 'void' END, order_id = NULL,"
        " discount_fen = 0 WHERE id = $1",
        coupon.id,
    )
    if coupon.link is None:
        return
    used_fen = await statement.coupon_used_fen(tx, coupon.member_id, coupon.id)
    left_fen = 0 if coupon.taken or coupon.off_bp else coupon.amount_fen
    debts = (await statement.wallet(tx, coupon.member_id)).debts
    taken_fen = coupon.discount_fen - used_fen
    await book.post(tx, entries.coupon_return(coupon.of_value, refund_no, left_fen, used_fen, taken_fen, debts), at)
