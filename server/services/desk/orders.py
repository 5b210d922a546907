"""Orders and refunds as operators see them: found by number, phone or state, in pages, with personal data masked."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from server import db
from server.core.columns import PHONE_COLUMN
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.members import masked_name, masked_phone
from server.rules.operators import Permission
from server.rules.orders import LABELS, OrderStatus
from server.rules.refunds import REMEDY_LABELS
from server.services.common import cursors
from server.services.common.listings import (
    Column,
    Key,
    Listing,
    Way,
    beginning,
    choice,
    dated,
    exactly,
    phone,
    search,
    since,
    until,
)
from server.services.members import addresses


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund in a list or of an order."""

    id: int
    refund_no: str
    order_no: str
    state: str
    kind: str
    reason: str
    cash_fen: int
    balance_fen: int
    withheld_fen: int
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    problem: str | None
    """How WeChat ended it, while it could not make it."""
    issue_no: str | None
    """The number under which WeChat was asked again."""
    reissued: str | None
    """What operators did about it, newest first, by whom and under which number."""
    answer: str | None
    return_to: str | None
    return_by: datetime | None
    return_company: str | None
    return_tracking_no: str | None
    left_the_house: bool
    """Whether goods were sent that could come back."""
    proposed: str
    """The address where the shop usually receives returned goods."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One order with related rows. `order` has the columns of its row, `lines` those of its lines."""

    order: dict[str, Any]
    status: OrderStatus
    lines: list[dict[str, Any]]
    discounts: list[dict[str, Any]]
    refunds: list[RefundRow]
    receiver: str
    buyer: str


ORDERS = Listing(
    name="orders",
    title="订单",
    permission=Permission.ORDERS_VIEW,
    select=(
        "o.order_no, o.status, o.cash_due_fen, o.balance_fen, o.created_at, o.paid_at, o.member_id,"
        " (SELECT string_agg(title || ' ×' || quantity, '、' ORDER BY position)"
        " FROM order_lines WHERE order_id = o.id) AS titles"
    ),
    source="orders o",
    keys=(Key("o.created_at", datetime), Key("o.id", cursors.Number)),
    columns=(
        Column("订单号", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("状态", "status", "tag", words=LABELS),
        Column("商品", "titles"),
        Column("应付现金", "cash_due_fen", "yuan"),
        Column("余额", "balance_fen", "yuan"),
        Column("会员", "member_id", to="/admin/members/{member_id}"),
        Column("下单时间", "created_at", "when"),
        Column("付款时间", "paid_at", "when"),
    ),
    filters=(
        search(
            "订单号（可只输开头）、手机号或 #会员号",
            phone("o.member_id", PHONE_COLUMN, "(SELECT id FROM members WHERE phone_blind = {0} LIMIT 1)"),
            Way("o.member_id = {0}", re.compile("#[0-9]{1,18}"), lambda _deps, text: int(text[1:])),
            exactly("o.order_no", "[0-9A-Z]{21,32}"),
            dated("o.created_at", "T"),
            beginning("o.order_no", "[0-9A-Z]{1,20}"),
        ),
        choice("status", "状态", "o.status", LABELS),
        since("o.created_at", "下单从"),
        until("o.created_at"),
    ),
    empty="还没有订单",
)


_WORDS = " ".join(f"WHEN '{way}' THEN '{label}'" for way, label in REMEDY_LABELS.items())
_REISSUED = (
    f"(SELECT string_agg(CASE way {_WORDS} END || ' ' || number || '（' || by || '）', '；' ORDER BY id DESC)"  # noqa: S608 - our own words
    " FROM refund_reissues WHERE refund_id = r.id)"
)
_REFUND_COLUMNS = (
    "r.id, r.refund_no, o.order_no, r.state, r.kind, r.reason, r.cash_fen, r.balance_fen, r.withheld_fen,"  # noqa: S608 - our own columns
    " r.requested_at, r.decided_by, r.decided_at, r.problem, r.issue_no, r.answer, r.return_to, r.return_by,"
    " r.return_company, r.return_tracking_no, o.shipped_at IS NOT NULL AS left_the_house,"
    f" {_REISSUED} AS reissued,"
    " COALESCE((SELECT terms ->> 'return_to' FROM shop_policy WHERE id = 1), '') AS proposed"
)
_REFUND_SOURCE = "refunds r JOIN orders o ON o.id = r.order_id"


async def detail(deps: Deps, order_no: str) -> Detail:
    """Return everything about one order. Raises NotFound."""
    order = await db.fetch_row(
        "SELECT o.*, m.nickname, m.phone_sealed, (SELECT team_no FROM teams WHERE id = o.team_id) AS team_no"
        " FROM orders o JOIN members m ON m.id = o.member_id"
        " WHERE o.order_no = $1",
        order_no,
    )
    if order is None:
        raise NotFound(what="order")
    lines = await db.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position", order["id"])
    refunds = await db.fetch(
        f"SELECT {_REFUND_COLUMNS} FROM {_REFUND_SOURCE} WHERE r.order_id = $1 ORDER BY r.id DESC",  # noqa: S608 - our own columns
        order["id"],
    )
    receiver = "—"
    if order["address_sealed"]:
        place = addresses.opened(deps.cipher, order["address_sealed"])
        receiver = f"{masked_name(place['name'])} {masked_phone(place['phone'])} {order['region']}"
    phone = masked_phone(deps.cipher.open(order["phone_sealed"], PHONE_COLUMN)) if order["phone_sealed"] else ""
    return Detail(
        order=dict(order),
        status=OrderStatus(order["status"]),
        lines=[{**line, "spec": orjson.loads(line["spec"])} for line in lines],
        discounts=orjson.loads(order["discounts"]),
        refunds=[RefundRow(**row) for row in refunds],
        receiver=receiver,
        buyer=f"#{order['member_id']} {masked_name(order['nickname'])} {phone}".rstrip(),
    )


REFUNDS = Listing(
    name="refunds",
    title="退款",
    permission=Permission.ORDERS_VIEW,
    select=_REFUND_COLUMNS,
    source=_REFUND_SOURCE,
    keys=(Key("r.id", cursors.Number),),
    columns=(
        Column("退款号", "refund_no", "code"),
        Column("订单", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("状态", "state", "tag", words=labels.REFUND_STATES),
        Column("退现金", "cash_fen", "yuan"),
        Column("退余额", "balance_fen", "yuan"),
        Column("扣留", "withheld_fen", "yuan"),
        Column("原因", "reason"),
        Column("申请时间", "requested_at", "when"),
        Column("处理人", "decided_by"),
        Column("处理时间", "decided_at", "when"),
        Column("微信的问题", "problem"),
    ),
    filters=(
        search("退款号或订单号", exactly("r.refund_no", "R[0-9A-Z]{3,31}"), exactly("o.order_no", "[0-9A-Z]{3,32}")),
        choice("state", "状态", "r.state", labels.REFUND_STATES, default="requested"),
        since("r.requested_at", "申请从"),
        until("r.requested_at"),
    ),
    empty="还没有退款",
    template="orders/refunds.html",
)


async def order_of_refund(refund_no: str) -> str:
    """Return the number of the order that a refund belongs to. Raises NotFound."""
    found: str | None = await db.fetch_value(
        "SELECT o.order_no FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1", refund_no
    )
    if found is None:
        raise NotFound(what="refund")
    return found
