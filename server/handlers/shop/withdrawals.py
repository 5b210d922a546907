"""提现: ask for a withdrawal, follow it, cancel it."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.services.withdrawals import previews
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals import views as withdrawal_views
from server.services.withdrawals.previews import WithdrawalPreview
from server.services.withdrawals.views import WithdrawalView

room = Room("withdrawals", "提现")


class WithdrawalForm(msgspec.Struct, forbid_unknown_fields=True):
    """How much of `withdrawable_fen`, and the real name of the WeChat account if the amount needs one."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    real_name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None


@room.post(
    "/withdrawals",
    "申请提现",
    takes=WithdrawalForm,
    gives=WithdrawalView,
    refuses=(
        errors.AccountBlocked,
        errors.WithdrawalLimit,
        errors.RealNameRequired,
        errors.BalanceInsufficient,
    ),
    keyed=True,
    example={"amount_fen": 5000},
)
async def ask(call: Call, form: WithdrawalForm) -> bytes:
    """Ask for a withdrawal. The money leaves the wallet at once; it comes back unless the withdrawal ends as `paid`."""
    name = form.real_name.strip() if form.real_name else None
    return await withdrawal_requests.request(call.deps, call.member_id, form.amount_fen, name, call.required_key)


class PreviewQuery(msgspec.Struct):
    """The amount to preview; without it, only the terms are shown."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None


@room.get("/withdrawals/preview", "提现试算", takes=PreviewQuery, gives=WithdrawalPreview)
async def preview(call: Call, query: PreviewQuery) -> WithdrawalPreview:
    """What can be withdrawn now, and what would become of an amount: fee, tax and payout, or why it is refused."""
    return await previews.preview(call.deps, call.member_id, query.amount_fen)


class WithdrawalList(msgspec.Struct):
    """A page of withdrawals, newest first."""

    items: list[WithdrawalView]
    next_cursor: str | None


@room.get("/withdrawals", "我的提现", takes=Page, gives=WithdrawalList)
async def mine(call: Call, query: Page) -> WithdrawalList:
    """One's own withdrawals, newest first."""
    return WithdrawalList(*await withdrawal_views.page_of(call.deps, call.member_id, query.cursor, query.limit))


@room.get("/withdrawals/<withdrawal_no:str>", "提现详情", gives=WithdrawalView)
async def one(call: Call, _query: NoBody) -> WithdrawalView:
    """Return one withdrawal. `confirm` is for `wx.requestMerchantTransfer`, while the member must accept the money."""
    return await withdrawal_views.one_of(call.deps, call.member_id, call.path["withdrawal_no"])


@room.post("/withdrawals/<withdrawal_no:str>/cancel", "取消提现", gives=WithdrawalView, refuses=(errors.StateConflict,))
async def cancel(call: Call, _body: NoBody) -> WithdrawalView:
    """Cancel a withdrawal: at once before WeChat was asked, else `cancelling` until WeChat agrees, if it still can."""
    return await withdrawal_requests.cancel(call.deps, call.member_id, call.path["withdrawal_no"])
