"""Orders and refunds: found, shipped one by one, decided."""

from typing import Annotated, Any, Literal

import msgspec

from server.handlers.admin.home import PAGE_ROWS
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.operators import Permission
from server.rules.orders import OrderStatus
from server.services import fulfilment, order_desk, refunds

screens = Screens("orders")


class OrdersQuery(msgspec.Struct):
    """`q` is an order number or a phone number; an empty status takes all."""

    q: Annotated[str, msgspec.Meta(max_length=40)] = ""
    status: Literal["", "pending", "paid", "teaming", "shipped", "received", "completed", "closed", "refunded"] = ""
    cursor: str = ""


class RefundsQuery(msgspec.Struct):
    """Which refunds; an empty state takes all."""

    state: Literal["", "requested", "rejected", "approved", "processing", "abnormal", "succeeded"] = "requested"
    cursor: str = ""


class ParcelForm(msgspec.Struct):
    """How an order goes out; both empty when the shop brings it itself."""

    company: Annotated[str, msgspec.Meta(max_length=40)] = ""
    tracking_no: Annotated[str, msgspec.Meta(max_length=60)] = ""


class ReasonForm(msgspec.Struct):
    """Why; it stands in the log."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@screens.page("/orders", Permission.ORDERS_VIEW, "orders.html", OrdersQuery)
async def orders(visit: Visit, query: OrdersQuery) -> dict[str, Any]:
    """The list."""
    status = OrderStatus(query.status) if query.status else None
    found, cursor = await order_desk.listed(visit.deps, query.q, status, query.cursor, PAGE_ROWS)
    return {"orders": found, "query": query, "states": list(OrderStatus), "next": cursor}


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


@screens.page("/refunds", Permission.ORDERS_VIEW, "refunds.html", RefundsQuery)
async def refund_list(_visit: Visit, query: RefundsQuery) -> dict[str, Any]:
    """What members asked back."""
    found, cursor = await order_desk.refunds(query.state, query.cursor, PAGE_ROWS)
    return {"refunds": found, "query": query, "next": cursor}


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
