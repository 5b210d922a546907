"""After payment: shipping, card keys, receipt, completion."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from server import db, outbox
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.orders import OrderStatus, sources_of
from server.rules.shipping import shipment_of
from server.services.commissions import earnings
from server.services.common import alarms, batches, locks
from server.services.common.locks import LockedOrder
from server.services.orders import shipments
from server.services.points import movements as point_movements
from server.services.rebates import coupon_goods, qualifications
from server.services.terms import policy

BATCH = 100
_NEXT_LOOK = timedelta(minutes=1)


async def ship(deps: Deps, order_no: str, company: str, tracking_no: str, operator: str) -> None:
    """Ship a paid order by express, or with neither company nor number by the shop's own delivery.

    Raises BadRequest for one without the other, and what `shipments.ship` raises.
    """
    await shipments.ship(deps, order_no, shipment_of(company, tracking_no), operator)


class _VirtualLine(msgspec.Struct, frozen=True):
    """A line of virtual goods to hand out: `handed` pieces are, `missing` are not yet."""

    id: int
    sku_id: int
    coupon_template_id: int | None
    """Set where the goods are coupons; the others are card keys."""
    handed: int
    missing: int


_VIRTUAL_LINES = """
SELECT l.id, l.sku_id, p.coupon_template_id, h.handed, l.quantity - l.refunded_quantity - h.handed AS missing
  FROM order_lines l JOIN products p ON p.id = l.product_id CROSS JOIN handed_out(l.id) AS h (handed)
  WHERE l.order_id = $1 AND l.virtual ORDER BY p.coupon_template_id, l.id
"""


async def deliver_cards(deps: Deps, order_id: int) -> None:
    """Hand out the card keys and coupons of a paid order, which marks an all-virtual order as received. Safe to repeat.

    If some are missing, operators get an alarm and the order waits until keys are stocked in or coupons can be issued.
    While a refund is being granted, nothing is handed out.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        order = await _locked(tx, order_id)
        if order.status not in (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.RECEIVED):
            return
        if await tx.fetchval(shipments.BEING_GRANTED, order_id):
            await outbox.put(tx, [Job("deliver_cards", {"order_id": order_id}, at + _NEXT_LOOK)], at)
            return
        missing = 0
        for row in await tx.fetch(_VIRTUAL_LINES, order_id):
            line = db.typed(row, _VirtualLine)
            pieces, template_id = max(0, line.missing), line.coupon_template_id
            if template_id is None:
                handed = await _hand_keys(tx, line, pieces, at)
            else:
                handed = await coupon_goods.hand_out(tx, order, line.id, template_id, line.handed, pieces, at)
            missing += pieces - handed
        if missing:
            await _cards_missing(tx, order, missing, at)
        elif order.virtual and order.status == OrderStatus.PAID:
            await _receive(tx, order, at)
            await outbox.put(tx, [Job("upload_shipping", {"order_id": order_id})], at)


async def _hand_keys(tx: db.Connection, line: _VirtualLine, pieces: int, at: datetime) -> int:
    """Step: bind up to `pieces` free card keys to a line; returns how many were bound."""
    handed = await tx.fetch(
        "UPDATE card_keys SET order_line_id = $1, delivered_at = $4 WHERE id = ANY (ARRAY(SELECT id FROM card_keys"
        " WHERE sku_id = $2 AND order_line_id IS NULL ORDER BY id LIMIT $3"
        " FOR UPDATE SKIP LOCKED)) RETURNING id",  # house: lock - a locked key is being handed out by another
        line.id,
        line.sku_id,
        pieces,
        at,
    )
    return len(handed)


async def _cards_missing(tx: db.Connection, order: LockedOrder, missing: int, at: datetime) -> None:
    """Step: raise one alarm for operators, and try again in ten minutes."""
    await alarms.sound(tx, "cards_missing", f"order:{order.order_no}", at, {"missing": missing})
    await outbox.put(tx, [Job("deliver_cards", {"order_id": order.id}, at + timedelta(minutes=10))], at)


async def receive(deps: Deps, member_id: int, order_no: str) -> None:
    """Confirm receipt as the member; confirming again changes nothing. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        found = await tx.fetchval("SELECT id FROM orders WHERE order_no = $1 AND member_id = $2", order_no, member_id)
        if found is None:
            raise NotFound(what="order")
        order = await _locked(tx, found)
        if order.status in (OrderStatus.RECEIVED, OrderStatus.COMPLETED):
            return
        if order.status != OrderStatus.SHIPPED:
            raise StateConflict(status=order.status)
        await _receive(tx, order, at)


async def receive_overdue(deps: Deps) -> int:
    """Mark orders shipped long ago as received, at most a batch; returns how many were handled.

    An order waits while a refund of it is open. Raises Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    rows = await db.fetch(
        "SELECT id, order_no AS number FROM orders WHERE status = 'shipped' AND shipped_at <= $1"
        " AND NOT refund_holds(id) ORDER BY shipped_at LIMIT $2",
        at - timedelta(days=shop.receive_days),
        BATCH,
    )
    due = [db.typed(row, batches.DueNumber) for row in rows]
    return await batches.each(deps, "order", due, lambda one: _receive_overdue(one.id, shop.receive_days, at), "number")


async def _receive_overdue(order_id: int, receive_days: int, at: datetime) -> None:
    async with db.transaction() as tx:
        await receive_if_overdue(tx, await _locked(tx, order_id), receive_days, at)


_OVERDUE = """
SELECT EXISTS (SELECT FROM orders WHERE id = $1 AND status = 'shipped' AND shipped_at <= $2 AND NOT refund_holds(id))
"""


async def receive_if_overdue(tx: db.Connection, order: LockedOrder, receive_days: int, at: datetime) -> bool:
    """Step, under the locks of the buyer and the order: mark it as received if it was shipped long ago.

    Return whether it was. It waits while a refund of it is open.
    """
    overdue: bool = await tx.fetchval(_OVERDUE, order.id, at - timedelta(days=receive_days))
    if overdue:
        await _receive(tx, order, at)
    return overdue


async def complete_overdue(deps: Deps) -> int:
    """Complete received orders whose refund window is over, at most a batch; returns how many.

    An order waits while a refund of it is open.
    """
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        done = await tx.fetch(
            # PostgreSQL reads an array once; it may read a plain IN again for every row and exceed the limit
            "UPDATE orders SET status = 'completed', completed_at = $1 WHERE status = 'received' AND id = ANY (ARRAY"
            " (SELECT id FROM orders WHERE status = 'received' AND received_at <= $2 AND NOT refund_holds(id)"
            "   ORDER BY received_at LIMIT $3"
            "   FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id",  # house: lock - a queue skips rows that are locked
            at,
            at - timedelta(days=shop.refund_days),
            BATCH,
        )
        await outbox.put(tx, [Job("grow", {"order_id": row["id"]}) for row in done], at)
    return len(done)


async def _locked(tx: db.Connection, order_id: int) -> LockedOrder:
    """Lock the buyer, then the order. Raises NotFound."""
    await locks.owner(tx, "order", order_id)
    return await locks.order(tx, order_id)


async def _receive(tx: db.Connection, order: LockedOrder, at: datetime) -> None:
    """Step: mark the order as received and continue everything that waited for the receipt."""
    await tx.execute(
        "UPDATE orders SET status = 'received', received_at = $2 WHERE id = $1 AND status = ANY ($3)",
        order.id,
        at,
        sources_of(OrderStatus.RECEIVED),
    )
    await earnings.schedule(tx, order.id)
    await point_movements.earn(tx, order, at)
    jobs = await qualifications.order_received(tx, order.id, at)
    rebates = await tx.fetch(
        "SELECT id FROM rebates WHERE order_id = $1 AND state = 'frozen' UNION"
        " SELECT rebate_id FROM qualifications WHERE order_id = $1 AND state = 'consumed'",
        order.id,
    )
    jobs += [Job("schedule_release", {"rebate_id": row["id"]}) for row in rebates]
    await outbox.put(tx, jobs, at)


@dataclass(frozen=True, slots=True)
class CardKey:
    """A delivered card key, decrypted for its owner."""

    order_line_id: int
    secret: str


async def cards_of(deps: Deps, order_id: int) -> list[CardKey]:
    """List the card keys delivered with an order, decrypted."""
    rows = await db.fetch(
        "SELECT k.order_line_id, k.sealed FROM card_keys k JOIN order_lines l ON l.id = k.order_line_id"
        " WHERE l.order_id = $1 ORDER BY k.id",
        order_id,
    )
    return [CardKey(row["order_line_id"], deps.cipher.open(row["sealed"], "card_keys.sealed")) for row in rows]
