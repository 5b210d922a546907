"""A member's coupons, the templates that can be claimed, and the goods a coupon is for."""

from datetime import datetime
from typing import Literal

import msgspec

from server.core import errors
from server.core.errors import CouponClosed, CouponNotForYou
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.handlers.shop.orders import EXAMPLE, QUOTE_REFUSALS, OrderForm
from server.handlers.shop.shapes_catalogue import ProductList, cards
from server.services.checkout import coupon_choice
from server.services.coupons import claims, drawer

room = Room("coupons", "优惠券")


class CouponQuery(Page, kw_only=True):
    """A filter by state; without it, all coupons of the member. `unused` includes those held by an unpaid order."""

    state: Literal["unused", "used", "expired"] | None = None


class CouponList(msgspec.Struct):
    """A page of coupons, newest first."""

    items: list[drawer.CouponView]
    next_cursor: str | None


class OfferList(msgspec.Struct):
    """All templates on offer, and the server's time."""

    items: list[claims.OfferView]
    now: datetime
    next_cursor: None = None


@room.get("/coupons", "我的优惠券", takes=CouponQuery, gives=CouponList)
async def list_coupons(call: Call, query: CouponQuery) -> CouponList:
    """The member's coupons, newest first."""
    found, next_cursor = await drawer.page_of(call.deps, call.member_id, query.state, query.cursor, query.limit)
    return CouponList(found, next_cursor)


class ChoiceView(drawer.CouponView):
    """A coupon and an order: whether it can be used, what it takes off, what is left to pay in cash and balance."""

    fits: bool
    reason: str | None
    problem: str | None
    """Why the coupon does not fit, in words."""
    off_fen: int
    to_pay_fen: int


class ChoiceList(msgspec.Struct):
    """The member's coupons: usable ones first, the best on top. `best_coupon_id` is null if none makes it cheaper."""

    items: list[ChoiceView]
    best_coupon_id: int | None


@room.post(
    "/orders/coupons", "订单可用优惠券", takes=OrderForm, gives=ChoiceList, refuses=QUOTE_REFUSALS, example=EXAMPLE
)
async def choices(call: Call, form: OrderForm) -> ChoiceList:
    """List the member's coupons with their effect on this order. `coupon_id` of the form is ignored."""
    found, best = await coupon_choice.choices(call.deps, call.member_id, form.wanted())
    return ChoiceList([_choice(one) for one in found], best)


def _choice(one: coupon_choice.Choice) -> ChoiceView:
    return ChoiceView(
        **msgspec.structs.asdict(one.coupon),
        fits=one.reason is None,
        reason=one.reason,
        problem=one.problem,
        off_fen=one.off_fen,
        to_pay_fen=one.to_pay_fen,
    )


@room.get(
    "/coupons/<coupon_id:int>/products",
    "优惠券可用商品",
    takes=Page,
    gives=ProductList,
    refuses=(errors.NotFound,),
)
async def list_products(call: Call, query: Page) -> ProductList:
    """The products on sale that one's own coupon is for, best sellers first."""
    rows, next_cursor = await drawer.goods(call.deps, call.member_id, call.path["coupon_id"], query.cursor, query.limit)
    return ProductList(await cards(rows), next_cursor)


@room.get("/coupon-templates", "领券中心", gives=OfferList, auth="guest")
async def list_templates(call: Call, _query: NoBody) -> OfferList:
    """List the templates that can be claimed, and whether this member can still claim each."""
    found = await claims.offers(call.deps, call.member_id)
    return OfferList(found, call.deps.clock.now())


@room.post(
    "/coupon-templates/<template_id:int>/claim",
    "领取优惠券",
    gives=claims.Claimed,
    refuses=(CouponClosed, CouponNotForYou, errors.CouponSoldOut, errors.CouponLimit),
    keyed=True,
)
async def claim(call: Call, _body: NoBody) -> bytes:
    """One coupon per call; the same key gives the same coupon again."""
    return await claims.claim(call.deps, call.member_id, call.path["template_id"], call.required_key)
