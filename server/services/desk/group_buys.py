"""Group buys, their teams and their results as operators see them."""

import re
from typing import Any

import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.members import masked_name
from server.rules.operators import Permission
from server.rules.orders import PAID_STATES
from server.services.common import cursors
from server.services.common.listings import (
    Column,
    Filter,
    Key,
    Listing,
    Row,
    Way,
    beginning,
    choice,
    dated,
    exactly,
    numbered,
    search,
    since,
    until,
)


def _now(deps: Deps, _text: str) -> object:
    return deps.clock.now()


_STATE_WAYS = {
    "upcoming": "g.active AND g.starts_at > {0}",
    "running": "g.active AND g.starts_at <= {0} AND g.ends_at > {0}",
    "over": "g.active AND g.ends_at <= {0}",
    "stopped": "NOT g.active AND g.created_at <= {0}",
}


def _state(deps: Deps, row: Row) -> Row:
    now = deps.clock.now()
    running = "upcoming" if now < row["starts_at"] else "running" if now < row["ends_at"] else "over"
    return row | {"state": running if row["active"] else "stopped"}


GROUP_BUYS = Listing(
    name="group-buys",
    title="拼团",
    permission=Permission.PROMOTIONS_VIEW,
    select=(
        "g.id, g.slug, g.title, g.product_id, p.title AS product, g.size, g.window_hours, g.taken, g.stock_limit,"
        " g.virtual_fill, g.active, g.starts_at, g.ends_at"
    ),
    source="group_buys g JOIN products p ON p.id = g.product_id",
    keys=(Key("g.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number", to="/admin/group-buys/{id}"),
        Column("标识", "slug", "code"),
        Column("名称", "title", to="/admin/group-buys/{id}"),
        Column("状态", "state", "tag", words=labels.ACTIVITY_STATES),
        Column("商品", "product", to="/admin/products/{product_id}"),
        Column("几人团", "size", "number"),
        Column("时限（小时）", "window_hours", "number"),
        Column("已拼（件）", "taken", "number"),
        Column("限量", "stock_limit", "number", words={None: "不限"}),
        Column("虚拟成团", "virtual_fill", words=labels.SWITCHES),
        Column("开始时间", "starts_at", "when"),
        Column("结束时间", "ends_at", "when"),
    ),
    filters=(
        search("编号、标识开头或名称", numbered("g.id"), beginning("g.slug", "[a-z0-9-]+"), Way("g.title = {0}")),
        Filter(
            "state",
            "状态",
            tuple(Way(sql, re.compile(name), _now) for name, sql in _STATE_WAYS.items()),
            labels.ACTIVITY_STATES,
        ),
    ),
    empty="还没有拼团活动",
    template="promotions/group_buys.html",
    opened=_state,
)

TEAMS = Listing(
    name="teams",
    title="团",
    permission=Permission.PROMOTIONS_VIEW,
    select=(
        "t.id, t.team_no, t.state, t.group_buy_id, g.title, t.leader_id, t.size, t.taken, t.paid, t.filled,"
        " t.opened_at, t.closes_at, t.ended_at"
    ),
    source="teams t JOIN group_buys g ON g.id = t.group_buy_id",
    keys=(Key("t.id", cursors.Number),),
    columns=(
        Column("团号", "team_no", "code", to="/admin/teams/{team_no}"),
        Column("状态", "state", "tag", words=labels.TEAM_STATES),
        Column("活动", "title", to="/admin/group-buys/{group_buy_id}"),
        Column("团长", "leader_id", "number", to="/admin/members/{leader_id}"),
        Column("几人团", "size", "number"),
        Column("占位", "taken", "number"),
        Column("已付款", "paid", "number"),
        Column("虚拟补位", "filled", "number"),
        Column("开团时间", "opened_at", "when"),
        Column("截止时间", "closes_at", "when"),
        Column("结束时间", "ended_at", "when"),
    ),
    filters=(
        search(
            "团号（可只输开头）或 #团长会员号",
            exactly("t.team_no", "G[0-9A-Z]{20,31}"),
            dated("t.opened_at", "G"),
            numbered("t.leader_id"),
        ),
        Filter(
            "activity",
            "活动编号或标识",
            (numbered("t.group_buy_id"), Way("t.group_buy_id = (SELECT id FROM group_buys WHERE slug = {0})")),
        ),
        choice("state", "状态", "t.state", labels.TEAM_STATES),
        since("t.opened_at", "开团从"),
        until("t.opened_at"),
    ),
    empty="还没有团",
)

_ACTIVITY = """
SELECT g.*, p.slug AS product, p.title AS product_title, (SELECT json_agg(json_build_object('code', k.code,
      'spec', k.spec::json, 'list_fen', k.price_fen, 'price_fen', s.price_fen, 'leader_fen', s.leader_fen)
    ORDER BY k.position, k.id) FROM skus k LEFT JOIN group_buy_skus s ON s.sku_id = k.id AND s.group_buy_id = g.id
    WHERE k.product_id = g.product_id) AS skus
  FROM group_buys g JOIN products p ON p.id = g.product_id WHERE g.id = $1
"""
# A team without a paid seat is not counted as a team.
_RESULTS = """
SELECT count(*) FILTER (WHERE paid > 0) AS teams, count(*) FILTER (WHERE paid > 0 AND ended_at IS NULL) AS running,
    count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE state = 'failed' AND paid > 0) AS failed,
    count(*) FILTER (WHERE filled > 0) AS filled_teams, COALESCE(sum(filled), 0)::int AS filled_seats
  FROM teams WHERE group_buy_id = $1
"""
_SALES = """
SELECT count(*) AS orders, count(DISTINCT o.member_id) AS buyers,
    COALESCE(sum((SELECT sum(quantity - refunded_quantity) FROM order_lines WHERE order_id = o.id)), 0)::int AS pieces,
    COALESCE(sum(o.cash_due_fen - o.refunded_cash_fen), 0)::bigint AS cash_fen
  FROM teams t JOIN orders o ON o.team_id = t.id AND o.status = ANY ($2::text[])
  WHERE t.group_buy_id = $1 AND t.state = 'succeeded'
"""


async def group_buy(deps: Deps, group_buy_id: int) -> dict[str, Any]:
    """Return one activity with its prices (`skus`) and `results`; cash is that of successful teams. Raises NotFound."""
    row = await db.fetch_row(_ACTIVITY, group_buy_id)
    if row is None:
        raise NotFound(what="group_buy")
    results = dict(await db.fetch_row(_RESULTS, group_buy_id) or {}) | dict(
        await db.fetch_row(_SALES, group_buy_id, list(PAID_STATES)) or {}
    )
    ended = results["succeeded"] + results["failed"]
    results["success_bp"] = results["succeeded"] * 10_000 // ended if ended else None
    return _state(deps, dict(row)) | {"skus": orjson.loads(row["skus"] or "[]"), "results": results}


async def group_buy_id(slug: str) -> int:
    """Return the id of an existing activity by its slug."""
    found: int = await db.fetch_value("SELECT id FROM group_buys WHERE slug = $1", slug)
    return found


async def product_skus(slug: str) -> list[dict[str, Any]]:
    """Return the SKUs of a product by its slug, for a new activity; empty if there is no such product."""
    rows = await db.fetch(
        "SELECT k.code, k.spec, k.price_fen AS list_fen, NULL AS price_fen, NULL AS leader_fen FROM skus k"
        " JOIN products p ON p.id = k.product_id WHERE p.slug = $1 ORDER BY k.position, k.id",
        slug,
    )
    return [dict(row) | {"spec": orjson.loads(row["spec"])} for row in rows]


async def team(team_no: str) -> dict[str, Any]:
    """Return one team with its orders; the buyers' names are masked. Raises NotFound."""
    row = await db.fetch_row(
        "SELECT t.*, g.title, g.slug FROM teams t JOIN group_buys g ON g.id = t.group_buy_id WHERE t.team_no = $1",
        team_no,
    )
    if row is None:
        raise NotFound(what="team")
    orders = await db.fetch(
        "SELECT o.order_no, o.status, o.member_id, m.nickname, o.cash_due_fen, o.balance_fen, o.created_at, o.paid_at"
        " FROM orders o JOIN members m ON m.id = o.member_id WHERE o.team_id = $1 AND o.status <> 'closed'"
        " ORDER BY o.id",
        row["id"],
    )
    return dict(row) | {"orders": [dict(one) | {"nickname": masked_name(one["nickname"])} for one in orders]}
