"""Withdrawals: decide one, or many at once. The list is declared in services/desk/withdrawals.py."""

from typing import Annotated, Any

import msgspec

from server.core import errors
from server.handlers.admin.forms import Reason, ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.ledger import chart, statement
from server.rules.operators import Permission
from server.rules.withdrawals import S, WithdrawalState
from server.services.desk import withdrawals
from server.services.desk.withdrawals import MANY_MOST, Decide
from server.services.withdrawals import requests as withdrawal_requests

screens = Screens("withdrawals")


class ManyForm(msgspec.Struct):
    """The withdrawals that were ticked, the decision for all of them, and the reason."""

    do: str
    reason: Reason
    number: Annotated[list[str], msgspec.Meta(max_length=MANY_MOST)] = []


@screens.page("/withdrawals/<withdrawal_no:str>", Permission.WITHDRAWALS_VIEW, "withdrawals/withdrawal.html")
async def withdrawal(visit: Visit, _: None) -> dict[str, Any]:
    """Show one withdrawal with its evidence and what can be done with it."""
    found = await withdrawals.detail(visit.deps, visit.path["withdrawal_no"])
    return {"found": found, "names": chart.NAMES, "kinds": chart.LABELS, "currency_of": statement.currency_of}


@screens.action("/withdrawals/<withdrawal_no:str>/approve", Permission.WITHDRAWALS_DECIDE, ReasonForm)
async def approve(visit: Visit, form: ReasonForm) -> Done:
    """Approve a withdrawal, as the first or the second operator."""
    number = visit.path["withdrawal_no"]
    after = await withdrawal_requests.approve(visit.deps, number, visit.operator.name, form.reason)
    told = "已同意，等待另一位操作员复核" if after.state is S.REQUESTED else "已同意提现"
    return Done(told, f"/admin/withdrawals/{number}")


@screens.action("/withdrawals/<withdrawal_no:str>/reject", Permission.WITHDRAWALS_DECIDE, ReasonForm)
async def reject(visit: Visit, form: ReasonForm) -> Done:
    """Reject a withdrawal; the money goes back to the member."""
    number = visit.path["withdrawal_no"]
    await withdrawal_requests.reject(visit.deps, number, visit.operator.name, form.reason)
    return Done("已拒绝提现，金额已退回会员", f"/admin/withdrawals/{number}")


@screens.action("/withdrawals/<withdrawal_no:str>/cancel", Permission.WITHDRAWALS_DECIDE, ReasonForm)
async def cancel(visit: Visit, form: ReasonForm) -> Done:
    """Cancel a withdrawal, at once or as soon as WeChat agrees."""
    number = visit.path["withdrawal_no"]
    after = await withdrawal_requests.cancel_for(visit.deps, number, visit.operator.name, form.reason)
    told = "正在向微信撤销" if after.cancelling else "已撤销提现，金额已退回会员"
    return Done(told, f"/admin/withdrawals/{number}")


@screens.action("/withdrawals/<withdrawal_no:str>/name", Permission.MEMBERS_REVEAL, ReasonForm)
async def name(visit: Visit, form: ReasonForm) -> Done:
    """Show the real name this once."""
    number = visit.path["withdrawal_no"]
    told = await withdrawals.real_name(visit.deps, number, visit.operator.name, form.reason)
    return Done("实名（查看已记入操作日志）：", f"/admin/withdrawals/{number}", told)


@screens.action("/withdrawals", Permission.WITHDRAWALS_DECIDE, ManyForm)
async def many(visit: Visit, form: ManyForm) -> Done:
    """Approve or reject every ticked withdrawal, each on its own."""
    who = visit.operator.name
    doings: dict[str, Decide] = {
        "approve": lambda number: withdrawal_requests.approve(visit.deps, number, who, form.reason),
        "reject": lambda number: withdrawal_requests.reject(visit.deps, number, who, form.reason),
    }
    if form.do not in doings:
        raise errors.BadRequest(field="do", problem="请选择同意或拒绝")
    if not form.number:
        raise errors.BadRequest(field="number", problem="请先勾选要处理的提现")
    came = await withdrawals.decide_many(form.number, doings[form.do])
    word = "同意" if form.do == "approve" else "拒绝"
    lines = [f"{number}：{_outcome(word, after)}" for number, after in came]
    return Done(_told(word, [after for _, after in came]), "/admin/withdrawals?state=requested", lines=lines)


def _told(word: str, came: list[WithdrawalState | errors.Refusal]) -> str:
    """Say how many are decided; one that still waits for a second operator is not."""
    second, left = sum(one is S.REQUESTED for one in came), sum(isinstance(one, errors.Refusal) for one in came)
    waiting = f"，{second} 笔等待另一位操作员复核" if second else ""
    return f"{word}了 {len(came) - second - left} 笔{waiting}，{left} 笔没有处理"


def _outcome(word: str, after: WithdrawalState | errors.Refusal) -> str:
    if not isinstance(after, errors.Refusal):
        return "已同意，等待另一位操作员复核" if after is S.REQUESTED else f"已{word}"
    if after.detail.get("reason") == "second_approver":
        return "没有处理，需要另一位操作员复核"
    return f"没有处理，{after.message}"
