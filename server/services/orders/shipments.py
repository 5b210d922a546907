"""How an order is shipped: told to WeChat as what it is, and corrected where an operator mistyped it."""

from datetime import datetime

import msgspec

from server import db, outbox
from server.core.errors import NotFound, ShippingFinal, StateConflict
from server.gateways.ports import Deps, OutcomeUnknown, Parcel, WeChatError
from server.outbox import Job
from server.rules.orders import OrderStatus
from server.rules.shipping import NO_NUMBER, Shipment, Way, correctable
from server.services.common import alarms, audit_log, locks
from server.services.members import addresses
from server.services.notices import messages

_UNKNOWN_YET = "10060001"
_NEVER = frozenset({"10060002", "10060003", "10060004"})
"""WeChat will not take it any more: already shipped, already corrected once, refunded or received."""


class _Shipped(msgspec.Struct, frozen=True):
    """What a correction and a report need to know of an order."""

    order_no: str
    member_id: int
    status: OrderStatus
    transaction_id: str | None
    virtual: bool
    shipped_by: Way | None
    company: str | None
    tracking_no: str | None
    shipping_corrected_at: datetime | None

    @property
    def shipment(self) -> Shipment | None:
        """How it was shipped; None while it is not."""
        if self.virtual:
            return Shipment(Way.VIRTUAL)
        return None if self.shipped_by is None else Shipment(self.shipped_by, self.company, self.tracking_no)


_SHIPPED = f"SELECT {db.columns(_Shipped)} FROM orders WHERE id = $1"  # noqa: S608 - our own names


BEING_GRANTED = "SELECT EXISTS (SELECT FROM refunds WHERE order_id = $1 AND state = 'granting')"
"""Whether a refund of the order is decided and only waits for a coupon: no goods may leave before it is granted."""


async def ship(deps: Deps, order_no: str, sent: Shipment, operator: str) -> None:
    """Mark a paid order as shipped.

    Raises NotFound, StateConflict (nothing physical to ship, not paid, or a refund of it is being granted).
    """
    async with db.transaction() as tx:
        held = await locks.order_of_no(tx, order_no)
        at = deps.clock.now()  # taken under the lock: later than any refund granted before, earlier than any after
        if await tx.fetchval(BEING_GRANTED, held.id):
            raise StateConflict(status=held.status, problem="这一单的退款已经同意，正在处理，请稍后再看")
        order = await tx.fetchrow(
            "UPDATE orders SET status = 'shipped', shipped_at = $2, shipped_by = $3, company = $4, tracking_no = $5"
            " WHERE order_no = $1 AND status = 'paid' AND NOT virtual RETURNING id, member_id",
            order_no,
            at,
            sent.way,
            sent.company,
            sent.tracking_no,
        )
        if order is None:
            status = await tx.fetchval("SELECT status FROM orders WHERE order_no = $1", order_no)
            raise NotFound(what="order") if status is None else StateConflict(status=status)
        detail = {"before": "paid", "after": "shipped"} | _detail(sent)
        await audit_log.record(tx, at, operator, "order_ship", f"order:{order_no}", detail)
        await outbox.put(tx, _jobs(order["id"], order_no, order["member_id"], sent), at)


async def correct(deps: Deps, order_no: str, sent: Shipment, operator: str) -> None:
    """Correct how a shipped order was sent; WeChat and the member are told. The same again changes nothing.

    Raises NotFound, StateConflict (not shipped, or received), ShippingFinal (corrected before: WeChat takes one
    correction).
    """
    async with db.transaction() as tx:
        order_id = (await locks.order_of_no(tx, order_no)).id
        order = db.typed(await tx.fetchrow(_SHIPPED, order_id), _Shipped)
        if order.status is not OrderStatus.SHIPPED:
            raise StateConflict(status=order.status)
        if order.shipment == sent:
            return
        if not correctable(order.status, order.transaction_id, order.shipping_corrected_at):
            raise ShippingFinal
        at = deps.clock.now()
        await tx.execute(
            "UPDATE orders SET shipped_by = $2, company = $3, tracking_no = $4, shipping_corrected_at = $5"
            " WHERE id = $1",
            order_id,
            sent.way,
            sent.company,
            sent.tracking_no,
            at,
        )
        before = order.shipment
        detail = {"before": _detail(before) if before else None, "after": _detail(sent)}
        await audit_log.record(tx, at, operator, "order.shipping_correct", f"order:{order_no}", detail)
        await outbox.put(tx, _jobs(order_id, order_no, order.member_id, sent), at)


def _jobs(order_id: int, order_no: str, member_id: int, sent: Shipment) -> list[Job]:
    """Build the jobs that tell WeChat and the member how an order was shipped."""
    values = {"order_no": order_no, "company": sent.label, "tracking_no": sent.tracking_no or NO_NUMBER}
    told = messages.notice_job(member_id, "shipped", values, f"order_no={order_no}")
    return [Job("upload_shipping", {"order_id": order_id}), told]


def _detail(sent: Shipment) -> dict[str, str | None]:
    return {"way": sent.way, "company": sent.company, "tracking_no": sent.tracking_no}


class _ToTell(_Shipped, frozen=True):
    """An order with all that WeChat is told about its shipping."""

    address_sealed: str | None
    openid: str
    items: str


_TO_TELL = f"""
SELECT {db.columns(_Shipped, of="o")}, o.address_sealed, m.openid,
    (SELECT string_agg(title || '×' || quantity, '、' ORDER BY position)
      FROM order_lines WHERE order_id = o.id) AS items
  FROM orders o JOIN members m ON m.id = o.member_id WHERE o.id = $1
"""  # noqa: S608 - our own names


async def upload(deps: Deps, order_id: int) -> None:
    """Report to WeChat how a paid order was shipped. Raises OutcomeUnknown: try again.

    Without the report WeChat keeps the money frozen, so operators are told if WeChat refuses it. Orders without a
    WeChat payment have nothing to report.
    """
    row = await db.fetch_row(_TO_TELL, order_id)
    assert row is not None  # noqa: S101 - a job names an order that there is
    order = db.typed(row, _ToTell)
    sent = order.shipment
    if order.transaction_id is None or sent is None:
        return
    try:
        await deps.mini.upload_shipping(_parcel(deps, order, order.transaction_id, sent))
    except WeChatError as error:
        # For a moment WeChat may not know the payment yet; the outbox row's retries cover that and raise the alarm.
        if error.code != _UNKNOWN_YET and order.status is not OrderStatus.REFUNDED:
            await _refused(deps, order.order_no, f"{error.code}: {error.message}"[:200])
        if error.code not in _NEVER:
            raise OutcomeUnknown(str(error)) from error


def _parcel(deps: Deps, order: _ToTell, transaction_id: str, sent: Shipment) -> Parcel:
    """Return what WeChat is told."""
    sealed = order.address_sealed
    return Parcel(
        transaction_id=transaction_id,
        openid=order.openid,
        item_desc=order.items[:120],
        way=sent.way,
        company=sent.company or "",
        tracking_no=sent.tracking_no or "",
        receiver_phone=addresses.opened(deps.cipher, sealed)["phone"] if sealed else "",
        corrects=order.shipping_corrected_at is not None,
    )


async def _refused(deps: Deps, order_no: str, problem: str) -> None:
    async with db.transaction() as tx:
        await alarms.sound(tx, "shipping_refused", f"order:{order_no}", deps.clock.now(), problem)
