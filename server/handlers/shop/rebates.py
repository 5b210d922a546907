"""推三返一: progress, rebates, and the order to be returned."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.services.rebates import views as rebate_views
from server.services.rebates.views import RebateView, ReferralView, ReturnableOrder

room = Room("rebates", "推三返一")


@room.get("/me/referral", "推三返一中心", gives=ReferralView, refuses=(errors.NotFound,))
async def referral(call: Call, _query: NoBody) -> ReferralView:
    """Share code, referrer, the cycle with its friends and the order it would return, downline sizes, sums of rebates.

    `next_return` is null if no order can be returned: there is none, none is chosen yet, or all cycles are used.
    """
    return await rebate_views.referral(call.deps, call.member_id)


class ReturnableList(msgspec.Struct):
    """Orders that can be returned, oldest first. `choosable`: the member may choose one of them."""

    items: list[ReturnableOrder]
    choosable: bool
    next_cursor: None = None


@room.get("/me/referral/returnable", "可返还的订单", gives=ReturnableList, refuses=(errors.NotFound,))
async def returnable(call: Call, _query: NoBody) -> ReturnableList:
    """One's own paid orders that the next cycle could return."""
    return ReturnableList(*await rebate_views.returnable_orders(call.deps, call.member_id))


class ChoiceForm(msgspec.Struct, forbid_unknown_fields=True):
    """The order to return."""

    order_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


@room.post(
    "/me/referral/choose",
    "选择返还订单",
    takes=ChoiceForm,
    gives=ReturnableList,
    refuses=(errors.ChoiceNotNeeded, errors.NotReturnable, errors.NotFound),
)
async def choose(call: Call, form: ChoiceForm) -> ReturnableList:
    """Choose the order that the next cycle returns, if the rule is `member_chooses`."""
    await rebate_views.choose(call.deps, call.member_id, form.order_no)
    return ReturnableList(*await rebate_views.returnable_orders(call.deps, call.member_id))


class RebateList(msgspec.Struct):
    """A page of rebates, newest first."""

    items: list[RebateView]
    next_cursor: str | None


@room.get("/rebates", "我的返还", takes=Page, gives=RebateList)
async def mine(call: Call, query: Page) -> RebateList:
    """One's own rebates with their explanations."""
    return RebateList(*await rebate_views.page_of(call.member_id, query.cursor, query.limit))


@room.get("/rebates/<rebate_id:int>", "返还详情", gives=RebateView)
async def one(call: Call, _query: NoBody) -> RebateView:
    """One rebate: who counted, which order, each step of the sum."""
    return await rebate_views.one_of(call.member_id, call.path["rebate_id"])
