"""Coupons and what can be claimed."""

from datetime import datetime
from typing import Literal

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.rules.coupons import LABELS
from server.services import coupons

room = Room("coupons", "优惠券")

_REFUSALS = {"coupon_sold_out": errors.CouponSoldOut.message, "coupon_limit": errors.CouponLimit.message}


class CouponQuery(Page, kw_only=True):
    """Which of the member's coupons; all without a state. `unused` has those an unpaid order holds, too."""

    state: Literal["unused", "used", "expired"] | None = None


class CouponView(msgspec.Struct):
    """A coupon of the member."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    state: Literal["unused", "locked", "used", "expired", "void"]
    state_label: str
    starts_at: datetime
    expires_at: datetime
    discount_fen: int
    """What it took off the order that used or holds it."""


class CouponList(msgspec.Struct):
    """A page of coupons, newest first."""

    items: list[CouponView]
    next_cursor: str | None


class OfferView(msgspec.Struct):
    """A template. `left` is null where there is no end; `problem` says why it cannot be claimed (any more)."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    valid_days: int
    left: int | None
    per_member: int
    claimed_by_me: int
    claimable: bool
    problem: str | None


class OfferList(msgspec.Struct):
    """All templates on offer."""

    items: list[OfferView]
    next_cursor: None = None


@room.get("/coupons", "我的优惠券", takes=CouponQuery, gives=CouponList)
async def list_coupons(call: Call, query: CouponQuery) -> CouponList:
    """The member's coupons, newest first."""
    found, next_cursor = await coupons.page_of(call.deps, call.member_id, query.state, query.cursor, query.limit)
    return CouponList([_view(one) for one in found], next_cursor)


def _view(coupon: coupons.Coupon) -> CouponView:
    return CouponView(
        id=coupon.id,
        name=coupon.name,
        amount_fen=coupon.amount_fen,
        threshold_fen=coupon.threshold_fen,
        state=coupon.state,
        state_label=LABELS[coupon.state],
        starts_at=coupon.starts_at,
        expires_at=coupon.expires_at,
        discount_fen=coupon.discount_fen,
    )


@room.get("/coupon-templates", "可领取的优惠券", gives=OfferList, auth="guest")
async def list_templates(call: Call, _query: NoBody) -> OfferList:
    """What can be claimed, and whether I still can."""
    return OfferList([_offer(one) for one in await coupons.offers(call.member_id)])


def _offer(offer: coupons.Offer) -> OfferView:
    return OfferView(
        id=offer.id,
        name=offer.name,
        amount_fen=offer.amount_fen,
        threshold_fen=offer.threshold_fen,
        valid_days=offer.valid_days,
        left=offer.left,
        per_member=offer.per_member,
        claimed_by_me=offer.claimed_by_me,
        claimable=offer.refusal is None,
        problem=_REFUSALS[offer.refusal] if offer.refusal else None,
    )


@room.post(
    "/coupon-templates/<template_id:int>/claim",
    "领取优惠券",
    gives=coupons.Claimed,
    refuses=(errors.CouponSoldOut, errors.CouponLimit),
    keyed=True,
)
async def claim(call: Call, _body: NoBody) -> bytes:
    """One coupon per call; the same key gives the same coupon again."""
    return await coupons.claim(call.deps, call.member_id, call.path["template_id"], call.required_key)
