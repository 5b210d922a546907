"""Find the coupons that an order can use. Each is priced by the same function that placing uses."""

from dataclasses import dataclass, replace

import msgspec

from server import db
from server.core.errors import CouponUnusable, NotCombinable
from server.gateways.ports import Deps
from server.rules.coupons import UNUSABLE, short
from server.rules.pricing import Quote
from server.services.checkout import placing
from server.services.checkout.facts import Wanted, coupon_terms, facts_of
from server.services.coupons import drawer
from server.services.coupons.drawer import CouponView, HeldCoupon

_MOST = 100
"""How many coupons are tried at most; those that expire soonest come first."""
_HELD = f"""
SELECT {db.columns(HeldCoupon)}, to_jsonb(c) AS terms FROM coupons c
  WHERE member_id = $1 AND (state = 'locked' OR state = 'unused' AND expires_at > $2) ORDER BY expires_at, id LIMIT $3
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class Choice:
    """A coupon tried on an order: its discount and what is left to pay, or why it cannot be used."""

    coupon: CouponView
    off_fen: int
    to_pay_fen: int
    """Cash and balance together."""
    reason: str | None
    problem: str | None


async def choices(deps: Deps, member_id: int, wanted: Wanted) -> tuple[list[Choice], int | None]:
    """List the member's coupons for an order, usable ones first, then by price, and the id of the best.

    The best coupon is None when none makes the order cheaper than no coupon does. A coupon in `wanted` is ignored.
    Raises the refusals of `placing.preview`.
    """
    at, terms = deps.clock.now(), await placing.read_terms()
    plain = replace(wanted, coupon_id=None)
    rows = await db.fetch(_HELD, member_id, at, _MOST)
    held = await drawer.as_seen([db.typed(row, HeldCoupon) for row in rows], at)
    async with db.connection() as connection:
        facts = await facts_of(connection, member_id, plain, None, at)
        without = (await placing.drafted(connection, member_id, plain, facts, terms, at, None)).quote
        found = []
        for row, coupon in zip(rows, held, strict=True):
            tried = replace(plain, coupon_id=coupon.id)
            known = msgspec.structs.replace(facts, coupon=coupon_terms(row["terms"]))
            try:
                quote = (await placing.drafted(connection, member_id, tried, known, terms, at, None)).quote
            except (CouponUnusable, NotCombinable) as refused:
                reason = refused.detail.get("reason", refused.code)
                found.append(Choice(coupon, 0, _to_pay(without), reason, _problem(coupon, reason)))
            else:
                off_fen = sum(line.coupon_fen for line in quote.lines)
                found.append(Choice(coupon, off_fen, _to_pay(quote), None, None))
    found.sort(key=lambda one: (one.reason is not None, one.to_pay_fen, one.coupon.expires_at, one.coupon.id))
    best = next((one.coupon.id for one in found if one.to_pay_fen < _to_pay(without)), None)
    return found, best


def _to_pay(quote: Quote) -> int:
    return quote.cash_due_fen + quote.balance_fen


def _problem(coupon: CouponView, reason: str) -> str:
    if reason == "threshold":
        return f"未满 {short(coupon.threshold_fen)} 元"
    return coupon.scope_label if reason == "scope" else UNUSABLE[reason]
