"""有效推荐 and rebates as operators see them: qualifications to review, evidence, and how each amount was computed."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server import db
from server.core.errors import NotFound
from server.ledger import browser
from server.ledger.browser import Mention
from server.rules import labels
from server.rules.members import masked_name
from server.rules.operators import Permission
from server.services.common import cursors
from server.services.common.listings import Column, Filter, Key, Listing, Way, choice, numbered, search, since, until
from server.services.rebates import views as rebate_views
from server.services.rebates.views import RebateView


def _order(sql: str) -> Way:
    return Way(
        f"{sql} = (SELECT id FROM orders WHERE order_no = {{0}})",  # noqa: S608 - our own columns
        re.compile("[0-9A-Z]{12,32}", re.IGNORECASE),
        lambda _deps, text: text.upper(),
    )


def found_by(order_sql: str, member: Way) -> Filter:
    """Return the search field for what an order brought a member."""
    return search("订单号或 #会员号", member, _order(order_sql))


_EITHER = Way(
    "(q.referrer_id = {0} OR q.referee_id = {0})",
    re.compile("#?[1-9][0-9]{0,17}"),
    lambda _deps, text: int(text.removeprefix("#")),
)

QUALIFICATIONS = Listing(
    name="qualifications",
    title="有效推荐",
    permission=Permission.REBATES_VIEW,
    select=(
        "q.id, q.state, q.held_for, q.void_for, q.referrer_id, q.referee_id, q.paid_at, q.counted_at, q.created_at,"
        " q.rule_version, q.rebate_id, (SELECT order_no FROM orders WHERE id = q.order_id) AS order_no"
    ),
    source="qualifications q",
    keys=(Key("q.created_at", datetime), Key("q.id", cursors.Number)),
    columns=(
        Column("编号", "id", to="/admin/qualifications/{id}"),
        Column("状态", "state", "tag", words=labels.QUALIFICATION_STATES),
        Column("推荐人", "referrer_id", to="/admin/members/{referrer_id}"),
        Column("好友", "referee_id", to="/admin/members/{referee_id}"),
        Column("订单", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("待审原因", "held_for", words=labels.HELD_FOR),
        Column("作废原因", "void_for", words=labels.VOID_FOR),
        Column("返一", "rebate_id", to="/admin/rebates/{rebate_id}"),
        Column("付款时间", "paid_at", "when"),
        Column("计入时间", "counted_at", "when"),
    ),
    filters=(
        found_by("q.order_id", _EITHER),
        choice("state", "状态", "q.state", labels.QUALIFICATION_STATES, default="held"),
        since("q.created_at"),
        until("q.created_at"),
    ),
    empty="还没有有效推荐",
)

REBATES = Listing(
    name="rebates",
    title="返一",
    permission=Permission.REBATES_VIEW,
    select=(
        "r.id, r.state, r.member_id, r.rule_version, r.whole_fen, r.granted_fen, r.pay_as, r.closed_at, r.release_at,"
        " r.settled_at, r.reversed_at, (SELECT order_no FROM orders WHERE id = r.order_id) AS order_no"
    ),
    source="rebates r",
    keys=(Key("r.closed_at", datetime), Key("r.id", cursors.Number)),
    columns=(
        Column("编号", "id", to="/admin/rebates/{id}"),
        Column("状态", "state", "tag", words=labels.EARNING_STATES),
        Column("会员", "member_id", to="/admin/members/{member_id}"),
        Column("返还的订单", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("已计入", "granted_fen", "yuan"),
        Column("整轮", "whole_fen", "yuan"),
        Column("返还成", "pay_as", words=labels.PAID_AS),
        Column("规则版本", "rule_version", to="/admin/rules/{rule_version}"),
        Column("成立时间", "closed_at", "when"),
        Column("预计解冻", "release_at", "when"),
    ),
    filters=(
        found_by("r.order_id", numbered("r.member_id")),
        choice("state", "状态", "r.state", labels.EARNING_STATES),
        since("r.closed_at", "成立从"),
        until("r.closed_at"),
    ),
    empty="还没有返一",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that helps to decide; `odd` is true if it speaks against the member."""

    label: str
    text: str
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """One qualification. `row` has its columns and some of its order and members."""

    row: dict[str, Any]
    evidence: list[Evidence]


_QUALIFICATION = """
SELECT q.*, o.order_no, o.status, o.kind, o.received_at, f.bound_at, f.nickname AS referee, r.nickname AS referrer,
    r.state AS referrer_state,
    (SELECT sum(cash_fen - refunded_cash_fen)::bigint FROM order_lines WHERE order_id = q.order_id) AS net_fen,
    f.phone_blind = r.phone_blind AS same_phone,
    EXISTS (SELECT FROM addresses a JOIN addresses b ON a.phone_blind = b.phone_blind
      WHERE a.member_id = f.id AND b.member_id = r.id) AS same_receiver,
    EXISTS (SELECT FROM addresses a JOIN addresses b ON a.place_blind = b.place_blind
      WHERE a.member_id = f.id AND b.member_id = r.id) AS same_place,
    (SELECT count(*) FROM members n WHERE n.referrer_id = r.id
      AND n.bound_at BETWEEN f.bound_at - interval '1 hour' AND f.bound_at + interval '1 hour') AS together,
    (SELECT count(*) FROM orders p WHERE p.member_id = f.id AND p.refunded_at IS NOT NULL) AS refunds,
    (SELECT count(*) FROM qualifications v WHERE v.referrer_id = r.id AND v.void_for = 'review') AS voided
  FROM qualifications q JOIN orders o ON o.id = q.order_id JOIN members f ON f.id = q.referee_id
    JOIN members r ON r.id = q.referrer_id WHERE q.id = $1
"""
_SOON_S = 60
_MANY = 5


async def qualification(qualification_id: int) -> Detail:
    """Return one qualification with the evidence for a decision. Raises NotFound."""
    found = await db.fetch_row(_QUALIFICATION, qualification_id)
    if found is None:
        raise NotFound(what="qualification")
    row = dict(found)
    row |= {"referee": masked_name(row["referee"]), "referrer": masked_name(row["referrer"])}
    return Detail(row, _evidence(row))


def _evidence(row: dict[str, Any]) -> list[Evidence]:
    found = []
    if row["bound_at"] is not None:
        waited_s = int((row["paid_at"] - row["bound_at"]).total_seconds())
        found.append(Evidence("从绑定到付款", _lasted(waited_s), odd=0 <= waited_s < _SOON_S))
        found.append(Evidence("同一小时内绑定的好友", f"{row['together']} 位", odd=row["together"] >= _MANY))
    return [
        *found,
        Evidence("会员手机号", "与推荐人相同" if row["same_phone"] else "与推荐人不同", odd=bool(row["same_phone"])),
        Evidence("收货手机号", "与推荐人相同" if row["same_receiver"] else "与推荐人不同", odd=row["same_receiver"]),
        Evidence("收货地址", "与推荐人相同" if row["same_place"] else "与推荐人不同", odd=row["same_place"]),
        Evidence("好友退过款的订单", f"{row['refunds']} 笔", odd=row["refunds"] > 0),
        Evidence("推荐人被审核作废的", f"{row['voided']} 个", odd=row["voided"] > 0),
    ]


def _lasted(seconds: int) -> str:
    if seconds < 0:
        return "先付款，后绑定（更正）"
    minutes, days = seconds // 60, seconds // 86_400
    return f"{days} 天" if days else f"{minutes} 分钟" if minutes else f"{seconds} 秒"


@dataclass(frozen=True, slots=True)
class RebateDetail:
    """One rebate: its member, why it was taken back, the member's view of it, and its ledger entries."""

    member_id: int
    reversed_for: str | None
    view: RebateView
    qualifications: list[dict[str, Any]]
    entries: list[Mention]


async def rebate(rebate_id: int) -> RebateDetail:
    """Return one rebate. Raises NotFound."""
    row = await db.fetch_row("SELECT member_id, reversed_for FROM rebates WHERE id = $1", rebate_id)
    if row is None:
        raise NotFound(what="rebate")
    friends = await db.fetch(
        "SELECT q.id, q.referee_id, o.order_no FROM qualifications q JOIN orders o ON o.id = q.order_id"
        " WHERE q.rebate_id = $1 ORDER BY q.paid_at, q.order_id",
        rebate_id,
    )
    return RebateDetail(
        member_id=row["member_id"],
        reversed_for=row["reversed_for"],
        view=await rebate_views.one_of(row["member_id"], rebate_id),
        qualifications=[dict(one) for one in friends],
        entries=await browser.about(f"rebate:{rebate_id}"),
    )
