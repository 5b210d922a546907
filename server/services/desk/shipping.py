"""Ship many orders with a file: export the list of orders to ship, import the same list with its parcels filled in."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.core.errors import BadRequest, NotFound, Refusal
from server.gateways.ports import Deps
from server.rules.operators import Permission
from server.rules.shipping import Shipment, Way, read_shipment
from server.services.common import audit_log, cursors
from server.services.common.listings import Column, Key, Listing, Row, since, until
from server.services.files.sheets import read_rows
from server.services.members import addresses
from server.services.orders import shipments

ROWS_MOST = 1000
_COLUMNS = 3
_KEPT_S = 7 * 24 * 3600


def _opened(deps: Deps, row: Row) -> Row:
    sealed = row.pop("address_sealed")
    place = addresses.opened(deps.cipher, sealed) if sealed else {"name": None, "phone": None, "detail": ""}
    whole = f"{row['region']} {place['detail']}" if sealed else None
    return row | {"company": None, "tracking_no": None, "name": place["name"], "phone": place["phone"], "place": whole}


TO_SHIP = Listing(
    name="shipping",
    title="待发货",
    things="订单",
    permission=Permission.ORDERS_SHIP,
    select=(
        "o.order_no, o.remark, o.region, o.address_sealed, o.paid_at,"
        " (SELECT string_agg(title || ' ×' || quantity - refunded_quantity, '、' ORDER BY position)"
        " FROM order_lines WHERE order_id = o.id AND quantity > refunded_quantity) AS titles"
    ),
    source="orders o",
    keys=(Key("o.id", cursors.Number),),
    only="o.status = 'paid' AND NOT o.virtual",
    columns=(
        Column("订单号", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("快递公司", "company"),
        Column("运单号", "tracking_no"),
        Column("商品", "titles"),
        Column("收货人", "name"),
        Column("电话", "phone"),
        Column("地址", "place"),
        Column("买家备注", "remark"),
        Column("付款时间", "paid_at", "when"),
    ),
    filters=(since("o.paid_at", "付款从"), until("o.paid_at")),
    empty="没有待发货的订单",
    template="orders/shipping.html",
    opened=_opened,
)
"""The screen leaves out the receiver. The file has it, and the audit log records that the file was requested."""


class Problem(msgspec.Struct):
    """A row of the file that was not shipped, and the reason."""

    line: int
    order_no: str
    problem: str


class Report(msgspec.Struct):
    """The result of a file. `unchanged` counts rows that were shipped earlier with the same parcel."""

    at: datetime
    shipped: int
    unchanged: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class _Parcel:
    line: int
    order_no: str
    sent: Shipment


async def ship_file(deps: Deps, body: bytes, operator: str, operator_id: int) -> Report:
    """Ship each row in its own transaction. The first three columns are order number, company and tracking number.

    Good rows are shipped even if others are bad; repeating a file changes nothing. Raises SheetInvalid, Busy.
    """
    report = Report(deps.clock.now(), 0, 0, [])
    rows = await asyncio.to_thread(read_rows, body, _COLUMNS, ROWS_MOST)
    for parcel in _parcels(rows, report.problems):
        problem = await _ship(deps, parcel, operator)
        if problem is None:
            report.shipped += 1
        elif problem:
            report.problems.append(Problem(parcel.line, parcel.order_no, problem))
        else:
            report.unchanged += 1
    report.problems.sort(key=lambda one: one.line)
    await deps.redis.set(_place(operator_id), msgspec.json.encode(report), ex=_KEPT_S)
    return report


async def last_report(deps: Deps, operator_id: int) -> Report | None:
    """Return the result of the operator's last file."""
    kept = await deps.redis.get(_place(operator_id))
    return msgspec.json.decode(kept, type=Report) if kept else None


def _place(operator_id: int) -> str:
    return f"shipping_report:{operator_id}"


def _parcels(rows: list[tuple[int, list[str]]], problems: list[Problem]) -> list[_Parcel]:
    """Return the rows that can be tried; note the problems of the others."""
    times = Counter(cells[0].upper() for _, cells in rows)
    found = []
    for line, (number, company, tracking_no) in rows:
        order_no = number.upper()
        sent = _sent(order_no, company, tracking_no, times[order_no])
        if isinstance(sent, str):
            problems.append(Problem(line, order_no[:40], sent))
        else:
            found.append(_Parcel(line, order_no, sent))
    return found


def _sent(order_no: str, company: str, tracking_no: str, times: int) -> Shipment | str:
    """Return how the row says that its order was sent, or the row's problem in Chinese."""
    if not order_no:
        return "缺少订单号"
    if times > 1:
        return "文件里有多行是这个订单"
    try:
        return read_shipment(company, tracking_no)
    except BadRequest as refusal:
        return str(refusal.detail["problem"])


async def _ship(deps: Deps, parcel: _Parcel, operator: str) -> str | None:
    """Ship one parcel; return None if shipped now, "" if shipped earlier with the same parcel, else the problem."""
    try:
        await shipments.ship(deps, parcel.order_no, parcel.sent, operator)
    except NotFound:
        return "没有这个订单"
    except Refusal as refusal:
        if refusal.status >= _OURS:
            raise
    else:
        return None
    row = await db.fetch_row(
        "SELECT virtual, shipped_by, company, tracking_no, shipped_at FROM orders WHERE order_no = $1", parcel.order_no
    )
    assert row is not None  # noqa: S101 - orders are never deleted, and this one was found
    if row["virtual"]:
        return "虚拟商品不需要发货"
    if row["shipped_at"] is None:
        return "订单还没有付款，或已关闭、已退款"
    same = Shipment(Way(row["shipped_by"]), row["company"], row["tracking_no"]) == parcel.sent
    return "" if same else "已经发货，运单与文件里的不同；填错了可以在订单页更正"


_OURS = 500


async def receiver(deps: Deps, order_no: str, operator: str) -> str:
    """Return name, phone and address of an order, for the person who packs it; the audit log records the look-up.

    Raises NotFound, also for an order without an address.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow("SELECT address_sealed, region FROM orders WHERE order_no = $1", order_no)
        if row is None or row["address_sealed"] is None:
            raise NotFound(what="order")
        await audit_log.record(tx, at, operator, "order.receiver", f"order:{order_no}", {})
    place = addresses.opened(deps.cipher, row["address_sealed"])
    return f"{place['name']} {place['phone']} {row['region']} {place['detail']}"
