"""Bought coupons: handed out with their order, shown with it, and taken back by its refund.

Steps run inside their callers' transactions, with the buyer and the order locked.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from server import db
from server.ledger.entries import ValueCoupon
from server.rules.coupons import LABELS, shown
from server.services.common.locks import LockedOrder
from server.services.coupons import drawer, values
from server.services.coupons.values import LockedCoupon


class BoughtCoupon(msgspec.Struct):
    """A coupon that was bought with a line. `taken_back`: a refund has taken it back."""

    id: int
    name: str
    state: str
    state_label: str
    expires_at: datetime
    taken_back: bool


async def hand_out(
    tx: db.Connection, order: LockedOrder, line_id: int, template_id: int, handed: int, pieces: int, at: datetime
) -> int:
    """Step: issue up to `pieces` coupons of a line that has `handed` already; returns how many were issued.

    The template limits them. Its lock is taken here, so callers go through lines by ascending template.
    """
    row = await tx.fetchrow(
        "SELECT active AND COALESCE(ends_at > $2, true) AS open, total - claimed AS left FROM coupon_templates"
        " WHERE id = $1 FOR NO KEY UPDATE",  # house: lock - reads and locks in one round trip
        template_id,
        at,
    )
    free = pieces if row["left"] is None else min(pieces, row["left"])
    names = [f"line:{line_id}:{handed + n}" for n in range(1, 1 + (free if row["open"] else 0))]
    sources = [(order.member_id, name) for name in names]
    issued = await drawer.issue_from(tx, template_id, sources, at, order_line_id=line_id)
    link = f"order:{order.order_no}"
    worths = [(ValueCoupon(coupon.id, order.member_id, link), coupon.amount_fen) for coupon in issued]
    await values.issue(tx, worths, at)
    return len(issued)


class _Live(LockedCoupon, frozen=True):
    order_line_id: int
    pieces: int
    """Pieces of the line that are not refunded."""


_LIVE = f"""
SELECT {values.COLUMNS}, c.order_line_id, l.quantity - l.refunded_quantity AS pieces
  FROM coupons c JOIN order_lines l ON l.id = c.order_line_id
  WHERE l.order_id = $1 AND c.taken_by IS NULL ORDER BY c.id FOR UPDATE OF c
"""  # noqa: S608 - our own text  # house: lock - coupons come after their order
_FIRST = ("unused", "locked", "void", "expired", "used")
"""The order in which a refund takes coupons: first those that can still be given back."""


async def take_back(tx: db.Connection, order: LockedOrder, refund_id: int, at: datetime) -> None:
    """Step: leave each line no more coupons than pieces, and take back the others. Raises CouponHeld.

    What a used coupon took off becomes debt.
    """
    of_line = defaultdict[int, list[_Live]](list)
    for row in await tx.fetch(_LIVE, order.id):
        coupon = db.typed(row, _Live)
        of_line[coupon.order_line_id].append(coupon)
    for coupons in of_line.values():
        coupons.sort(key=lambda coupon: _FIRST.index(shown(coupon.state, coupon.expires_at, at)))
        for coupon in coupons[: max(0, len(coupons) - coupons[0].pieces)]:
            await tx.execute("UPDATE coupons SET taken_by = $2 WHERE id = $1", coupon.id, refund_id)
            excess = await values.lower(tx, coupon, 0, "refund", at)
            await values.owe(tx, excess, "refund", "退款收回已使用的优惠券", at)


async def of_lines(line_ids: Sequence[int], at: datetime) -> dict[int, list[BoughtCoupon]]:
    """List the coupons that came with order lines, by line id."""
    found = defaultdict[int, list[BoughtCoupon]](list)
    for row in await db.fetch("SELECT * FROM coupons WHERE order_line_id = ANY ($1::bigint[]) ORDER BY id", line_ids):
        state, taken_back = shown(row["state"], row["expires_at"], at), row["taken_by"] is not None
        label = "已退回" if taken_back else LABELS[state]
        one = BoughtCoupon(row["id"], row["name"], state, label, row["expires_at"], taken_back)
        found[row["order_line_id"]].append(one)
    return found
