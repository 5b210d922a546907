"""Orders and refunds: ship one order or many by a file, decide refunds. The lists are in services/desk/orders.py."""

import re
from typing import Annotated, Any

import msgspec

from server.core import errors
from server.gateways.ports import BankCard
from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules import stacking
from server.rules.approvals import RefundApprove
from server.rules.express import COMPANIES
from server.rules.operators import Permission
from server.rules.shipping import CHOICES, Shipment, Way, correctable, read_shipment
from server.rules.shipping import LABELS as WAYS
from server.services.desk import approvals, orders, shipping
from server.services.orders import refund_reissues, refunds, returns, shipments

screens = Screens("orders")

_SHEET_BYTES = 2 * 1024 * 1024
_REASON_CHARS = 80


class ParcelForm(msgspec.Struct):
    """How an order is sent, with company and tracking number where it is by express. Without `way` they tell it."""

    way: Annotated[str, msgspec.Meta(max_length=10)] = ""
    company: Annotated[str, msgspec.Meta(max_length=40)] = ""
    tracking_no: Annotated[str, msgspec.Meta(max_length=60)] = ""


@screens.page("/orders/<order_no:str>", Permission.ORDERS_VIEW, "orders/order.html")
async def order(visit: Visit, _: None) -> dict[str, Any]:
    """Show one order: its lines, its refunds and what can be done with it."""
    found = await orders.detail(visit.deps, visit.path["order_no"])
    way = found.order["shipped_by"]
    shipment = Shipment(Way(way), found.order["company"], found.order["tracking_no"]) if way else None
    order = found.order
    may_correct = correctable(found.status, order["transaction_id"], order["shipping_corrected_at"])
    return {
        "found": found,
        "companies": COMPANIES,
        "stacking": stacking,
        "ways": {one: WAYS[one] for one in CHOICES},
        "shipment": shipment,
        "may_correct": may_correct,
    }


@screens.action("/orders/<order_no:str>/ship", Permission.ORDERS_SHIP, ParcelForm)
async def ship(visit: Visit, form: ParcelForm) -> Done:
    """Ship an order."""
    order_no, sent = visit.path["order_no"], read_shipment(form.company, form.tracking_no, form.way)
    await shipments.ship(visit.deps, order_no, sent, visit.operator.name)
    return Done("已发货", f"/admin/orders/{order_no}")


@screens.action("/orders/<order_no:str>/shipping", Permission.ORDERS_SHIP, ParcelForm)
async def correct_shipping(visit: Visit, form: ParcelForm) -> Done:
    """Correct how a shipped order was sent."""
    order_no, sent = visit.path["order_no"], read_shipment(form.company, form.tracking_no, form.way)
    await shipments.correct(visit.deps, order_no, sent, visit.operator.name)
    return Done("已更正物流信息", f"/admin/orders/{order_no}")


@screens.action("/orders/<order_no:str>/receiver", Permission.ORDERS_SHIP)
async def receiver(visit: Visit, _: None) -> Done:
    """Show the receiver of an order this once."""
    order_no = visit.path["order_no"]
    told = await shipping.receiver(visit.deps, order_no, visit.operator.name)
    return Done("收货信息（查看已记入操作日志）：", f"/admin/orders/{order_no}", told)


@screens.action("/shipping", Permission.ORDERS_SHIP, file_most=_SHEET_BYTES)
async def ship_file(visit: Visit, _: None) -> Done:
    """Ship many orders by a file."""
    report = await shipping.ship_file(visit.deps, visit.file, visit.operator.name, visit.operator.id)
    problems = f"，{len(report.problems)} 行有问题，见下" if report.problems else ""
    return Done(f"已发货 {report.shipped} 单{problems}", "/admin/shipping")


async def beside_shipping(visit: Visit) -> dict[str, Any]:
    """Return the report on the last file."""
    report = await shipping.last_report(visit.deps, visit.operator.id)
    return {"report": report, "most": shipping.ROWS_MOST, "companies": "、".join(COMPANIES.values())}


@screens.action("/orders/<order_no:str>/refund", Permission.REFUNDS_DECIDE, dict[str, str])
async def refund(visit: Visit, form: dict[str, str]) -> Done:
    """Open a refund for the member, for some pieces or for everything left; it still needs an approval."""
    order_no = visit.path["order_no"]
    reason = form.pop("reason", "").strip()
    if not 0 < len(reason) <= _REASON_CHARS:
        raise errors.BadRequest(field="reason", problem=f"请填写原因，最多 {_REASON_CHARS} 个字")
    wanted = _pieces(form)
    await refunds.open_for(visit.deps, order_no, wanted or None, reason, visit.operator.name)
    return Done("已代客申请退款，等待审核", f"/admin/orders/{order_no}")


def _pieces(form: dict[str, str]) -> dict[int, int]:
    """Read the pieces to refund by line id, from fields `line-<id>`; empty fields and zeros are skipped."""
    found = {}
    for name, text in form.items():
        line, number = re.fullmatch(r"line-([0-9]{1,18})", name), re.fullmatch(r"[0-9]{0,6}", text.strip())
        if line is None or number is None:
            raise errors.BadRequest(field=name, problem="应为件数")
        if int(number[0] or 0):
            found[int(line[1])] = int(number[0])
    return found


class ApprovalForm(ReasonForm):
    """`restock`: the shipped goods came back and can be sold again."""

    restock: bool = False


class ReturnForm(ReasonForm):
    """The address for the goods to come back, and the reason; the member reads both."""

    return_to: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@screens.action("/refunds/<refund_no:str>/return", Permission.REFUNDS_DECIDE, ReturnForm)
async def ask_back(visit: Visit, form: ReturnForm) -> Done:
    """Ask the member to send the goods back before the refund."""
    order_no = await orders.order_of_refund(visit.path["refund_no"])
    await returns.accept(visit.deps, visit.path["refund_no"], form.return_to, form.reason, visit.operator.name)
    return Done("已请会员寄回商品", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/approve", Permission.REFUNDS_DECIDE, ApprovalForm)
async def approve(visit: Visit, form: ApprovalForm) -> Done:
    """Approve a refund: the money goes back."""
    order_no = await orders.order_of_refund(visit.path["refund_no"])
    act = RefundApprove(refund_no=visit.path["refund_no"], restock=form.restock, reason=form.reason)
    await approvals.submit(visit.deps, visit.asker, act)
    return Done("已同意退款", f"/admin/orders/{order_no}")


class CardForm(ReasonForm):
    """A bank card of the payer; it goes to WeChat and is kept nowhere."""

    bank_type: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9_]{2,32}$")]
    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,32}$")]
    real_name: Annotated[str, msgspec.Meta(min_length=2, max_length=60)]


class HandForm(ReasonForm):
    """The number of the payment that the shop made outside WeChat."""

    reference: Annotated[str, msgspec.Meta(min_length=4, max_length=64)]


@screens.action("/refunds/<refund_no:str>/again", Permission.REFUNDS_REISSUE, ReasonForm)
async def ask_again(visit: Visit, form: ReasonForm) -> Done:
    """Ask WeChat again for a refund that it closed."""
    refund_no = visit.path["refund_no"]
    order_no = await orders.order_of_refund(refund_no)
    number = await refund_reissues.again(visit.deps, refund_no, visit.operator.name, form.reason)
    return Done(f"已用新单号 {number} 重新退款", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/card", Permission.REFUNDS_REISSUE, CardForm)
async def send_to_card(visit: Visit, form: CardForm) -> Done:
    """Let WeChat send an abnormal refund to a bank card of the payer."""
    refund_no = visit.path["refund_no"]
    order_no = await orders.order_of_refund(refund_no)
    card = BankCard(bank_type=form.bank_type, account=form.account, real_name=form.real_name)
    await refund_reissues.to_card(visit.deps, refund_no, card, visit.operator.name, form.reason)
    return Done("已请微信退到会员银行卡", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/hand", Permission.REFUNDS_REISSUE, HandForm)
async def paid_by_hand(visit: Visit, form: HandForm) -> Done:
    """Record that the shop paid a refund outside WeChat."""
    refund_no = visit.path["refund_no"]
    order_no = await orders.order_of_refund(refund_no)
    await refund_reissues.by_hand(visit.deps, refund_no, form.reference, visit.operator.name, form.reason)
    return Done("已登记线下退款", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/reject", Permission.REFUNDS_DECIDE, ReasonForm)
async def reject(visit: Visit, form: ReasonForm) -> Done:
    """Reject a refund: no money goes back."""
    order_no = await orders.order_of_refund(visit.path["refund_no"])
    await refunds.reject(visit.deps, visit.path["refund_no"], visit.operator.name, form.reason)
    return Done("已拒绝退款", f"/admin/orders/{order_no}")
