"""Coupon templates and members' coupons as operators see them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from server import db
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.coupons import LABELS, shown, worth
from server.rules.operators import Permission
from server.services.catalogue import coupon_scopes
from server.services.catalogue.coupon_scopes import Scope
from server.services.common import audit_log, cursors, locks
from server.services.common.listings import (
    Column,
    Filter,
    Key,
    Listing,
    Row,
    Way,
    beginning,
    choice,
    numbered,
    search,
    since,
    switch,
    until,
)


def _worth(row: Row) -> Row:
    return row | {"worth": worth(row["amount_fen"], row["off_bp"], row["most_fen"])}


TEMPLATES = Listing(
    name="coupon-templates",
    title="优惠券",
    permission=Permission.COUPONS_VIEW,
    select=(
        "t.id, t.slug, t.name, t.amount_fen, t.off_bp, t.most_fen, t.threshold_fen, t.valid_days, t.ends_at, t.total,"
        " t.claimed, t.per_member, t.active, t.created_at"
    ),
    source="coupon_templates t",
    keys=(Key("t.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number", to="/admin/coupon-templates/{id}"),
        Column("标识", "slug", "code"),
        Column("名称", "name", to="/admin/coupon-templates/{id}"),
        Column("优惠", "worth"),
        Column("门槛", "threshold_fen", "yuan"),
        Column("有效天数", "valid_days", "number", words={None: "固定"}),
        Column("有效期到", "ends_at", "when"),
        Column("总量", "total", "number", words={None: "不限"}),
        Column("已领", "claimed", "number"),
        Column("每人限领", "per_member", "number"),
        Column("状态", "active", "tag", words=labels.COUPON_TEMPLATE_STATES),
        Column("创建时间", "created_at", "when"),
    ),
    filters=(
        search("编号、标识开头或名称", numbered("t.id"), beginning("t.slug", "[a-z0-9-]+"), Way("t.name = {0}")),
        switch("show", "状态", {"on": ("可领取", "t.active"), "off": ("已停用", "NOT t.active")}),
    ),
    empty="还没有优惠券",
    template="coupons/templates.html",
    opened=lambda _deps, row: _worth(row),
)


def _now(deps: Deps, _text: str) -> object:
    return deps.clock.now()


_UNUSED = "c.state = 'unused' AND c.expires_at {} {{0}}"
_STATE = Filter(
    "state",
    "状态",
    (
        Way(_UNUSED.format(">"), re.compile("unused"), _now),
        Way(_UNUSED.format("<="), re.compile("expired"), _now),
        *choice("state", "", "c.state", {}).ways,
    ),
    LABELS,
)


def _shown(deps: Deps, row: Row) -> Row:
    return _worth(row) | {"state": shown(row["state"], row["expires_at"], deps.clock.now())}


COUPONS = Listing(
    name="coupons",
    title="已发优惠券",
    things="优惠券",
    permission=Permission.COUPONS_VIEW,
    select=(
        "c.id, c.member_id, c.template_id, c.issue_id, c.source, c.name, c.amount_fen, c.off_bp, c.most_fen,"
        " c.threshold_fen, c.state, c.order_line_id, c.starts_at, c.expires_at, c.discount_fen, c.created_at,"
        " o.order_no"
    ),
    source="coupons c LEFT JOIN orders o ON o.id = c.order_id",
    keys=(Key("c.created_at", datetime), Key("c.id", cursors.Number)),
    columns=(
        Column("编号", "id", "number"),
        Column("会员", "member_id", "number", to="/admin/members/{member_id}"),
        Column("名称", "name"),
        Column("优惠", "worth"),
        Column("门槛", "threshold_fen", "yuan"),
        Column("状态", "state", "tag", words=LABELS),
        Column("来源", "source", "code"),
        Column("发放时间", "created_at", "when"),
        Column("到期时间", "expires_at", "when"),
        Column("订单", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("实际优惠", "discount_fen", "yuan"),
    ),
    filters=(
        search("会员号", numbered("c.member_id")),
        Filter(
            "template",
            "优惠券编号或标识",
            (
                numbered("c.template_id"),
                Way("c.template_id = (SELECT id FROM coupon_templates WHERE slug = {0})"),
            ),
        ),
        Filter("issue", "发放编号", (numbered("c.issue_id"),)),
        _STATE,
        since("c.created_at", "发放从"),
        until("c.created_at"),
    ),
    empty="还没有优惠券",
    template="coupons/coupons.html",
    opened=_shown,
)

ISSUES = Listing(
    name="coupon-issues",
    title="优惠券发放",
    things="发放",
    permission=Permission.COUPONS_VIEW,
    select=(
        "i.id, i.template_id, t.name, i.segment, i.days, i.day, i.operator, i.reason, i.state, i.seen, i.members,"
        " i.issued, i.created_at, i.finished_at"
    ),
    source="coupon_issues i JOIN coupon_templates t ON t.id = i.template_id",
    keys=(Key("i.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number", to="/admin/coupons?issue=%23{id}"),
        Column("优惠券", "name", to="/admin/coupon-templates/{template_id}"),
        Column("发给", "segment", words=labels.COUPON_SEGMENTS),
        Column("状态", "state", "tag", words=labels.COUPON_ISSUE_STATES),
        Column("已查看", "seen", "number"),
        Column("会员数", "members", "number"),
        Column("已发放", "issued", "number"),
        Column("操作员", "operator"),
        Column("说明", "reason"),
        Column("开始时间", "created_at", "when"),
        Column("结束时间", "finished_at", "when"),
    ),
    filters=(
        search("优惠券编号", numbered("i.template_id")),
        switch(
            "kind",
            "类型",
            {"asked": ("运营发放", "i.day IS NULL"), "gift": ("生日礼券", "i.day IS NOT NULL")},
            default="asked",
        ),
        switch("show", "状态", {"running": (labels.COUPON_ISSUE_STATES["running"], "i.state = 'running'")}),
    ),
    empty="还没有发放过优惠券",
    template="coupons/issues.html",
)


async def template(template_id: int) -> dict[str, Any]:
    """Return one template, with JSON columns as lists and with `scope_label`. Raises NotFound."""
    row = await db.fetch_row("SELECT * FROM coupon_templates WHERE id = $1", template_id)
    if row is None:
        raise NotFound(what="coupon")
    (label,) = await coupon_scopes.labels([db.typed(row, Scope)])
    lists = {name: coupon_scopes.ids(row[name]) for name in ("products", "categories", "levels")}
    return dict(row) | lists | {"scope_label": label}


_RESULTS = """
SELECT count(*) FILTER (WHERE c.state = 'locked' OR c.state = 'unused' AND c.expires_at > $2) AS unused,
  count(*) FILTER (WHERE c.state = 'used') AS used,
  count(*) FILTER (WHERE c.state = 'unused' AND c.expires_at <= $2) AS expired,
  count(*) FILTER (WHERE c.state = 'void') AS void,
  COALESCE(sum(c.discount_fen) FILTER (WHERE c.state = 'used'), 0)::bigint AS discount_fen,
  COALESCE(sum(o.cash_due_fen + o.balance_fen), 0)::bigint AS paid_fen
FROM coupons c LEFT JOIN orders o ON o.id = c.order_id AND c.state = 'used' WHERE c.template_id = $1
"""


async def names() -> list[dict[str, Any]]:
    """Return `id`, `slug` and `name` of the templates that can be issued, for a menu."""
    return [
        dict(row)
        for row in await db.fetch("SELECT id, slug, name FROM coupon_templates WHERE active ORDER BY name, id")
    ]


async def results(deps: Deps, template_id: int) -> dict[str, int]:
    """Return a template's results: coupons by state, the total discount, and what was paid for the orders with them."""
    return dict(await db.fetch_row(_RESULTS, template_id, deps.clock.now()) or {})


class _Job(msgspec.Struct, frozen=True):
    """A job of `coupon_issues`."""

    state: str


async def void_issue(deps: Deps, issue_id: int, reason: str, operator: str) -> int:
    """Void the unused coupons of one issue; return how many. Raises NotFound, StateConflict (it still runs)."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        job = await locks.row(tx, "coupon_issues", issue_id, _Job)
        if job.state == "running":
            raise StateConflict(status=job.state, problem="发放还没有结束，请先停止")
        gone: int = await tx.fetchval(_VOID_ISSUE, issue_id)
        detail = {"before": "unused", "after": "void", "coupons": gone, "reason": reason}
        await audit_log.record(tx, at, operator, "coupon.issue_void", f"coupon_issue:{issue_id}", detail)
    return gone


_VOID_ISSUE = """
WITH gone AS (UPDATE coupons SET state = 'void' WHERE id = ANY (ARRAY(
    SELECT id FROM coupons WHERE issue_id = $1 AND state = 'unused' ORDER BY id FOR UPDATE)) RETURNING id)
SELECT count(*) FROM gone
"""  # house: lock - coupons of one issue, ascending


async def void(deps: Deps, coupon_ids: Sequence[int], reason: str, operator: str) -> tuple[int, list[int]]:
    """Void unused coupons of templates; return how many were voided, and the ids of those that were not.

    These coupons do not change: those held by an unpaid order, used ones, those that a rebate paid, and bought ones.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        rows = await tx.fetch(
            "WITH mine AS (SELECT id FROM coupons WHERE id = ANY ($1::bigint[]) AND state = 'unused'"
            " AND template_id IS NOT NULL AND order_line_id IS NULL ORDER BY id FOR UPDATE)"
            " UPDATE coupons SET state = 'void' FROM mine WHERE coupons.id = mine.id"
            " RETURNING coupons.id, coupons.member_id",  # house: lock - coupons, ascending
            coupon_ids,
        )
        for row in sorted(rows, key=lambda one: one["id"]):
            detail = {"before": "unused", "after": "void", "member": row["member_id"], "reason": reason}
            await audit_log.record(tx, at, operator, "coupon.void", f"coupon:{row['id']}", detail)
    gone = {row["id"] for row in rows}
    return len(gone), [one for one in coupon_ids if one not in gone]
