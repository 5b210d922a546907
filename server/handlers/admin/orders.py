"""Orders and refunds: shipped one by one, decided. Their lists are declared in services/order_desk.py."""

from typing import Annotated, Any

import msgspec

from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.services import fulfilment, order_desk, refunds

screens = Screens("orders")


class ParcelForm(msgspec.Struct):
    """How an order goes out; both empty when the shop brings it itself."""

    company: Annotated[str, msgspec.Meta(max_length=40)] = ""
    tracking_no: Annotated[str, msgspec.Meta(max_length=60)] = ""


class ReasonForm(msgspec.Struct):
    """Why; it stands in the log."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@screens.page("/orders/<order_no:str>", Permission.ORDERS_VIEW, "order.html")
async def order(visit: Visit, _: None) -> dict[str, Any]:
    """One order with its lines, refunds and what may be done with it."""
    return {"found": await order_desk.detail(visit.deps, visit.path["order_no"])}


@screens.action("/orders/<order_no:str>/ship", Permission.ORDERS_SHIP, ParcelForm)
async def ship(visit: Visit, form: ParcelForm) -> Done:
    """It leaves the house."""
    order_no = visit.path["order_no"]
    await fulfilment.ship(visit.deps, order_no, form.company.strip(), form.tracking_no.strip(), visit.operator.name)
    return Done("已发货", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/approve", Permission.REFUNDS_DECIDE, ReasonForm)
async def approve(visit: Visit, form: ReasonForm) -> Done:
    """The money goes back."""
    order_no = await order_desk.order_of_refund(visit.path["refund_no"])
    await refunds.approve(visit.deps, visit.path["refund_no"], visit.operator.name, form.reason)
    return Done("已同意退款", f"/admin/orders/{order_no}")


@screens.action("/refunds/<refund_no:str>/reject", Permission.REFUNDS_DECIDE, ReasonForm)
async def reject(visit: Visit, form: ReasonForm) -> Done:
    """It does not."""
    order_no = await order_desk.order_of_refund(visit.path["refund_no"])
    await refunds.reject(visit.deps, visit.path["refund_no"], visit.operator.name, form.reason)
    return Done("已拒绝退款", f"/admin/orders/{order_no}")
