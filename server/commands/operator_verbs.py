"""Operator steps on the command line. They call the same services as the panel; the audit log names operator `cli`."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import typer

from server.commands.awaiting import awaiting, submit
from server.commands.runtime import run
from server.core.errors import Refusal
from server.gateways.ports import BankCard, Deps
from server.rules.approvals import RefundApprove, RulePublish, WithdrawalApprove
from server.rules.rebates import parse_terms
from server.rules.refunds import Remedy
from server.rules.shipping import Shipment, Way, read_shipment
from server.services.common.approvals import Awaiting
from server.services.orders import refund_reissues, refunds, shipments
from server.services.rebates import qualifications
from server.services.terms import rebate_rules
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals.views import WithdrawalView

OPERATOR = "cli"

DATA = typer.Option(None, "--data", help="数据目录 Data folder of a `dev`")
AS_JSON = typer.Option(False, "--json", help="输出 JSON Print one JSON document")

rule = typer.Typer(no_args_is_help=True, help="返一规则 The rebate rule")
order = typer.Typer(no_args_is_help=True, help="订单 Orders")
refund = typer.Typer(no_args_is_help=True, help="退款 Refunds")
qualification = typer.Typer(no_args_is_help=True, help="有效推荐 Qualifications")

withdrawal = typer.Typer(no_args_is_help=True, help="提现 Withdrawals")


def act(data: Path | None, work: Callable[[Deps], Awaitable[Any]], done: str) -> None:
    """Run one operator step: print `done` with the result, or print the refusal in Chinese with its code and exit 1.

    Exits with 3 if the step waits for a second operator.
    """

    async def main(deps: Deps) -> int:
        try:
            came = await work(deps)
        except Awaiting as waiting:
            return awaiting(waiting)
        except Refusal as refusal:
            typer.echo(f"{refusal.message} ({refusal.code}) {_detail(refusal)}".rstrip(), err=True)
            return 1
        typer.echo(done.format(came))
        return 0

    run(data, main)


def _detail(refusal: Refusal) -> str:
    return msgspec.json.encode(refusal.detail).decode() if refusal.detail else ""


@rule.command("show")
def rule_show(data: Path | None = DATA, as_json: bool = AS_JSON) -> None:
    """查看当前规则 Show the rule in force."""

    async def main(_deps: Deps) -> int:
        try:
            published = await rebate_rules.in_force()
        except Refusal as refusal:
            typer.echo(refusal.message, err=True)
            return 1
        terms = msgspec.to_builtins(published.terms)
        shown = {
            "version": published.version,
            "published_at": published.published_at.isoformat(),
            "note": published.note,
            "budget_used_fen": published.budget_used_fen,
            "terms": terms,
        }
        if as_json:
            typer.echo(msgspec.json.encode(shown).decode())
            return 0
        typer.echo(f"规则版本 {published.version}，{published.published_at:%Y-%m-%d %H:%M} UTC 发布：{published.note}")
        for name, value in terms.items():
            typer.echo(f"  {name}: {msgspec.json.encode(value).decode()}")
        return 0

    run(data, main)


@rule.command("publish")
def rule_publish(
    file: Path = typer.Argument(
        exists=True, dir_okay=False, help="规则 JSON 文件 JSON file with the fields of the rule"
    ),
    note: str = typer.Option(..., help="说明 Reason for the change"),
    data: Path | None = DATA,
) -> None:
    """发布新版本 Publish a new version. It applies to orders paid from now on."""
    text = file.read_bytes()

    async def published(deps: Deps) -> None:
        await submit(deps, RulePublish(terms=parse_terms(text), reason=note))

    act(data, published, "规则已发布 published")


COMPANY = typer.Option("", help="快递公司编码或名称 Express company, code or name, e.g. SF")
TRACKING = typer.Option("", help="运单号 Tracking number")
PICK_UP = typer.Option(False, "--pick-up", help="到店自提 Picked up by the member")


def _sent(company: str, tracking: str, *, pick_up: bool) -> Shipment:
    return read_shipment(company, tracking, Way.PICK_UP if pick_up else "")


@order.command("ship")
def order_ship(
    order_no: str = typer.Argument(metavar="NO", help="订单号 Order number"),
    company: str = COMPANY,
    tracking: str = TRACKING,
    pick_up: bool = PICK_UP,
    data: Path | None = DATA,
) -> None:
    """发货 Ship a paid order; without company and number by the shop's own delivery."""

    async def shipped(deps: Deps) -> None:
        await shipments.ship(deps, order_no, _sent(company, tracking, pick_up=pick_up), OPERATOR)

    act(data, shipped, "已发货 shipped")


@order.command("correct")
def order_correct(
    order_no: str = typer.Argument(metavar="NO", help="订单号 Order number"),
    company: str = COMPANY,
    tracking: str = TRACKING,
    pick_up: bool = PICK_UP,
    data: Path | None = DATA,
) -> None:
    """更正物流信息 Correct how a shipped order was sent. WeChat takes one correction of an order."""

    async def corrected(deps: Deps) -> None:
        await shipments.correct(deps, order_no, _sent(company, tracking, pick_up=pick_up), OPERATOR)

    act(data, corrected, "已更正物流信息 corrected")


@refund.command("approve")
def refund_approve(
    refund_no: str = typer.Argument(metavar="NO", help="退款号 Refund number"), data: Path | None = DATA
) -> None:
    """同意退款 Grant a requested refund."""
    act(data, lambda deps: submit(deps, RefundApprove(refund_no=refund_no, reason="")), "已同意退款 approved")


@refund.command("reject")
def refund_reject(
    refund_no: str = typer.Argument(metavar="NO", help="退款号 Refund number"), data: Path | None = DATA
) -> None:
    """拒绝退款 Reject a requested refund."""
    act(data, lambda deps: refunds.reject(deps, refund_no, OPERATOR), "已拒绝退款 rejected")


@refund.command("reissue")
def refund_reissue(
    refund_no: str = typer.Argument(metavar="NO", help="退款号 Refund number"),
    way: Remedy = typer.Option(
        help="again 换单号重新退款（微信已关闭）· card 退到会员银行卡（微信退款异常）· hand 已线下退款 Paid by hand"
    ),
    reason: str = typer.Option(..., help="理由，记入操作日志 Reason, for the audit log"),
    reference: str = typer.Option("", help="hand：付款凭证号 Number of the payment made by hand"),
    bank_type: str = typer.Option("", help="card：开户银行编码 WeChat's code for the bank, e.g. ICBC_DEBIT"),
    data: Path | None = DATA,
) -> None:
    """处理微信退不了的退款 Re-issue a refund that WeChat could not make. Card number and name are read from stdin."""
    if way is Remedy.HAND and not reference:
        raise typer.BadParameter("--reference")
    if way is Remedy.CARD and not bank_type:
        raise typer.BadParameter("--bank-type")

    async def reissued(deps: Deps) -> str:
        match way:
            case Remedy.AGAIN:
                return await refund_reissues.again(deps, refund_no, OPERATOR, reason)
            case Remedy.CARD:
                account, name = (typer.prompt(what, err=True).strip() for what in ("卡号 Card", "姓名 Name"))
                card = BankCard(bank_type=bank_type, account=account, real_name=name)
                await refund_reissues.to_card(deps, refund_no, card, OPERATOR, reason)
            case Remedy.HAND:
                await refund_reissues.by_hand(deps, refund_no, reference, OPERATOR, reason)
        return refund_no

    act(data, reissued, "已处理 reissued: {}")


@refund.command("open")
def refund_open(
    order_no: str = typer.Argument(metavar="ORDER_NO", help="订单号 Order number"),
    reason: str = typer.Option(..., help="原因 Reason"),
    data: Path | None = DATA,
) -> None:
    """代客申请整单退款 Request a refund of what is left of an order, any time after payment. It needs approval."""

    async def opened(deps: Deps) -> str:
        return (await refunds.open_for(deps, order_no, None, reason, OPERATOR)).refund_no

    act(data, opened, "已提交退款申请 opened: {}")


@qualification.command("review")
def qualification_review(
    qualification_id: int = typer.Argument(metavar="ID", help="有效推荐编号 Id of the qualification"),
    verdict: str = typer.Argument(metavar="pass|void", help="结论 Verdict"),
    reason: str = typer.Option("", help="理由，记入操作日志 Reason, for the audit log"),
    data: Path | None = DATA,
) -> None:
    """审核有效推荐 Review a held qualification: it counts (pass), or it is void for ever (void)."""
    if verdict not in ("pass", "void"):
        raise typer.BadParameter("pass | void")
    chosen: Literal["pass", "void"] = "pass" if verdict == "pass" else "void"
    act(data, lambda deps: qualifications.review(deps, qualification_id, chosen, OPERATOR, reason), "已审核 reviewed")


@withdrawal.command("approve")
def withdrawal_approve(
    withdrawal_no: str = typer.Argument(metavar="NO", help="提现号 Withdrawal number"), data: Path | None = DATA
) -> None:
    """同意提现 Approve a withdrawal. Large ones need the approval of a second operator."""

    async def approved(deps: Deps) -> str:
        after: WithdrawalView = await submit(deps, WithdrawalApprove(withdrawal_no=withdrawal_no, reason=""))
        return after.state

    act(data, approved, "已同意提现 {}")


@withdrawal.command("reject")
def withdrawal_reject(
    withdrawal_no: str = typer.Argument(metavar="NO", help="提现号 Withdrawal number"),
    why: str = typer.Option("未通过审核", help="原因，会员可见 Reason, shown to the member"),
    data: Path | None = DATA,
) -> None:
    """拒绝提现 Reject a withdrawal. The money goes back to the member's balance."""
    act(data, lambda deps: withdrawal_requests.reject(deps, withdrawal_no, OPERATOR, why), "已拒绝提现 rejected")
