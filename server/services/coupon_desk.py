"""Coupon templates, and the coupons that members have, as operators see them."""

import re
from datetime import datetime
from typing import Any

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import words
from server.rules.coupons import LABELS, shown
from server.rules.operators import Permission
from server.services import cursors
from server.services.listings import (
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

TEMPLATES = Listing(
    name="coupon-templates",
    title="优惠券",
    permission=Permission.COUPONS_VIEW,
    select=(
        "t.id, t.slug, t.name, t.amount_fen, t.threshold_fen, t.valid_days, t.total, t.claimed, t.per_member,"
        " t.active, t.created_at"
    ),
    source="coupon_templates t",
    keys=(Key("t.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number", to="/admin/coupon-templates/{id}"),
        Column("标识", "slug", "code"),
        Column("名称", "name", to="/admin/coupon-templates/{id}"),
        Column("面额", "amount_fen", "yuan"),
        Column("门槛", "threshold_fen", "yuan"),
        Column("有效天数", "valid_days", "number"),
        Column("总量", "total", "number", words={None: "不限"}),
        Column("已领", "claimed", "number"),
        Column("每人限领", "per_member", "number"),
        Column("状态", "active", "tag", words=words.COUPON_TEMPLATE_STATES),
        Column("创建时间", "created_at", "when"),
    ),
    filters=(
        search("编号、标识开头或名称", numbered("t.id"), beginning("t.slug", "[a-z0-9-]+"), Way("t.name = {0}")),
        switch("show", "状态", {"on": ("可领取", "t.active"), "off": ("已停用", "NOT t.active")}),
    ),
    empty="还没有优惠券",
    template="coupon_templates.html",
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
    return row | {"state": shown(row["state"], row["expires_at"], deps.clock.now())}


COUPONS = Listing(
    name="coupons",
    title="已发优惠券",
    permission=Permission.COUPONS_VIEW,
    select=(
        "c.id, c.member_id, c.template_id, c.source, c.name, c.amount_fen, c.threshold_fen, c.state, c.starts_at,"
        " c.expires_at, c.discount_fen, o.order_no"
    ),
    source="coupons c LEFT JOIN orders o ON o.id = c.order_id",
    keys=(Key("c.created_at", datetime), Key("c.id", cursors.Number)),
    columns=(
        Column("编号", "id", "number"),
        Column("会员", "member_id", "number", to="/admin/members/{member_id}"),
        Column("名称", "name"),
        Column("面额", "amount_fen", "yuan"),
        Column("门槛", "threshold_fen", "yuan"),
        Column("状态", "state", "tag", words=LABELS),
        Column("来源", "source", "code"),
        Column("发放时间", "starts_at", "when"),
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
        _STATE,
        since("c.created_at", "发放从"),
        until("c.created_at"),
    ),
    empty="没有符合条件的优惠券",
    opened=_shown,
)


async def template(template_id: int) -> dict[str, Any]:
    """One template. Raises NotFound."""
    row = await db.fetch_row("SELECT * FROM coupon_templates WHERE id = $1", template_id)
    if row is None:
        raise NotFound(what="coupon")
    return dict(row)
