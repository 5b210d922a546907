"""Group buys as members see them: activities, their prices, teams to join, one team."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.rules.group_buys import LABELS, RUNNING, TeamState
from server.rules.members import masked_name
from server.services.common import cursors

_TEAMS_SHOWN = 20


class GroupBuyCard(msgspec.Struct):
    """An activity in a list. Prices are those of its cheapest SKU; `list_price_fen` is that SKU's normal price."""

    id: int
    title: str
    product_id: int
    product_title: str
    image: str
    size: int
    price_fen: int
    leader_price_fen: int | None
    list_price_fen: int
    state: Literal["upcoming", "running", "sold_out"]
    starts_at: datetime
    ends_at: datetime
    sold: int
    """Pieces in the activity's orders."""


class GroupBuySkuView(msgspec.Struct):
    """The prices of a SKU. `available` is how many can be bought, limited by stock and activity."""

    sku_id: int
    spec: dict[str, str]
    price_fen: int
    leader_price_fen: int | None
    list_price_fen: int
    available: int


class TeamCard(msgspec.Struct):
    """A team that can be joined."""

    team_no: str
    leader_name: str
    leader_avatar_url: str
    size: int
    seats_left: int
    closes_at: datetime
    mine: bool


class GroupBuyView(GroupBuyCard, kw_only=True):
    """An activity with its goods and the teams that can be joined."""

    window_hours: int
    per_member: int | None
    bought: int
    """Pieces that the member has in live orders of the activity."""
    skus: list[GroupBuySkuView]
    teams: list[TeamCard]
    now: datetime


class TeamMember(msgspec.Struct):
    """Somebody who has paid for a seat, masked."""

    name: str
    avatar_url: str
    leader: bool
    me: bool


class MyPart(msgspec.Struct):
    """One's own seat."""

    order_no: str
    status: str
    leader: bool


class TeamView(msgspec.Struct):
    """A team. `reserved` seats are not paid yet; `filled` seats were filled by the shop and have no member."""

    team_no: str
    state: TeamState
    state_label: str
    group_buy: GroupBuyCard
    size: int
    members: list[TeamMember]
    reserved: int
    filled: int
    seats_left: int
    closes_at: datetime
    ended_at: datetime | None
    mine: MyPart | None
    can_join: bool
    can_open: bool
    """Whether the member can open another team."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A page of activities and the cursor of the next page."""

    items: list[GroupBuyCard]
    next_cursor: str | None
    now: datetime


_CARD = """
SELECT g.*, p.title AS product_title, p.images ->> 0 AS image, least.price_fen, least.leader_fen, least.list_fen
  FROM group_buys g JOIN products p ON p.id = g.product_id AND listed(p, {at})
  JOIN LATERAL (SELECT s.price_fen, s.leader_fen, k.price_fen AS list_fen FROM group_buy_skus s
      JOIN skus k ON k.id = s.sku_id AND k.on_sale
      WHERE s.group_buy_id = g.id ORDER BY s.price_fen, s.id LIMIT 1) least ON true
"""


async def page_of(cursor: str | None, limit: int, at: datetime) -> Page:
    """Return a page of activities that run or are announced, newest first. Raises BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else None
    rows = await db.fetch(
        f"{_CARD.format(at='$1')} WHERE g.active AND g.ends_at > $1 AND ($2::bigint IS NULL OR g.id < $2)"
        " ORDER BY g.id DESC LIMIT $3",
        at,
        before,
        limit + 1,
    )
    more = len(rows) > limit
    return Page([_card(row, at) for row in rows[:limit]], cursors.pack(rows[limit - 1]["id"]) if more else None, at)


def _card(row: Mapping[str, Any], at: datetime) -> GroupBuyCard:
    return GroupBuyCard(**_facts(row, at))


def _facts(row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "product_id": row["product_id"],
        "product_title": row["product_title"],
        "image": row["image"] or "",
        "size": row["size"],
        "price_fen": row["price_fen"],
        "leader_price_fen": row["leader_fen"],
        "list_price_fen": row["list_fen"],
        "state": "upcoming" if at < row["starts_at"] else "running" if _left(row) != 0 else "sold_out",
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
        "sold": row["taken"],
    }


def _left(row: Mapping[str, Any]) -> int | None:
    return None if row["stock_limit"] is None else max(0, row["stock_limit"] - row["taken"])


_DETAIL = f"""
SELECT c.*, (SELECT COALESCE(sum(l.quantity), 0)::int FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.member_id = $2 AND o.kind = 'group_buy' AND o.promotion_id = c.id
        AND o.status NOT IN ('closed', 'refunded')) AS bought,
    (SELECT jsonb_agg(jsonb_build_object('sku_id', s.sku_id, 'spec', k.spec, 'price_fen', s.price_fen,
        'leader_price_fen', s.leader_fen, 'list_price_fen', k.price_fen, 'available', k.available)
        ORDER BY k.position, k.id)
      FROM group_buy_skus s JOIN skus k ON k.id = s.sku_id AND k.on_sale WHERE s.group_buy_id = c.id) AS skus,
    (SELECT jsonb_agg(to_jsonb(w)) FROM (SELECT t.team_no, m.nickname, m.avatar_url, t.size, t.closes_at,
        t.size - t.taken AS seats_left,
        EXISTS (SELECT FROM orders WHERE team_id = t.id AND member_id = $2 AND status <> 'closed') AS mine
      FROM teams t JOIN members m ON m.id = t.leader_id WHERE t.group_buy_id = c.id AND t.state = 'open' AND t.paid > 0
        AND t.closes_at > $3 ORDER BY t.closes_at LIMIT {_TEAMS_SHOWN}) w) AS teams
  FROM ({_CARD.format(at="$3")} WHERE g.id = $1) c
"""  # noqa: S608 - our own text


async def detail(group_buy_id: int, member_id: int, at: datetime) -> GroupBuyView:
    """Return an activity for a member (0: a guest), with the teams that close first.

    Raises NotFound, also if the activity is over.
    """
    row = await db.fetch_row(_DETAIL, group_buy_id, member_id, at)
    if row is None or not row["active"] or at >= row["ends_at"]:
        raise NotFound(what="group_buy")
    left = _left(row)
    skus = [GroupBuySkuView(**sku) for sku in orjson.loads(row["skus"])]
    for sku in skus:
        sku.available = sku.available if left is None else min(sku.available, left)
    return GroupBuyView(
        **_facts(row, at),
        window_hours=row["window_hours"],
        per_member=row["per_member"],
        bought=row["bought"],
        skus=skus,
        teams=[_team_card(one) for one in orjson.loads(row["teams"] or "[]")],
        now=at,
    )


def _team_card(row: dict[str, Any]) -> TeamCard:
    return TeamCard(
        team_no=row["team_no"],
        leader_name=masked_name(row["nickname"]),
        leader_avatar_url=row["avatar_url"],
        size=row["size"],
        seats_left=row["seats_left"],
        closes_at=datetime.fromisoformat(row["closes_at"]),
        mine=row["mine"],
    )


_GONE_TOO = _CARD.replace("AND listed(p, {at})", "").replace("AND k.on_sale", "")
"""A team is shown even if its product is no longer on sale."""
_TEAM = f"""
SELECT c.*, t.team_no, t.state, t.leader_id, t.size AS seats, t.taken AS seats_taken, t.paid AS seats_paid, t.filled,
    t.closes_at, t.ended_at,
    (SELECT jsonb_agg(jsonb_build_object('member_id', o.member_id, 'order_no', o.order_no, 'status', o.status,
        'paid', o.paid_at IS NOT NULL, 'nickname', m.nickname, 'avatar_url', m.avatar_url) ORDER BY o.id)
      FROM orders o JOIN members m ON m.id = o.member_id WHERE o.team_id = t.id AND o.status <> 'closed') AS orders
  FROM teams t JOIN ({_GONE_TOO}) c ON c.id = t.group_buy_id WHERE t.team_no = $1
"""  # noqa: S608 - our own text


async def team(team_no: str, member_id: int, at: datetime) -> TeamView:
    """Return one team as a member (0: a guest) sees it. Raises NotFound."""
    row = await db.fetch_row(_TEAM, team_no)
    if row is None:
        raise NotFound(what="team")
    seats: list[dict[str, Any]] = orjson.loads(row["orders"] or "[]")
    my_seat = next((one for one in seats if one["member_id"] == member_id), None)
    state = TeamState(row["state"])
    activity = _card(row, at)
    running = state in RUNNING and at < row["closes_at"]
    return TeamView(
        team_no=team_no,
        state=state,
        state_label=LABELS[state],
        group_buy=activity,
        size=row["seats"],
        members=[
            TeamMember(
                masked_name(one["nickname"]),
                one["avatar_url"],
                leader=one["member_id"] == row["leader_id"],
                me=one is my_seat,
            )
            for one in seats
            if one["paid"]
        ],
        reserved=row["seats_taken"] - row["seats_paid"],
        filled=row["filled"],
        seats_left=row["seats"] - row["seats_taken"] - row["filled"],
        closes_at=row["closes_at"],
        ended_at=row["ended_at"],
        mine=_part(my_seat, row["leader_id"]) if my_seat else None,
        can_join=running and state is TeamState.OPEN and my_seat is None,
        can_open=row["active"] and activity.state == "running" and at < row["ends_at"],
        now=at,
    )


def _part(seat: dict[str, Any], leader_id: int) -> MyPart:
    return MyPart(seat["order_no"], seat["status"], seat["member_id"] == leader_id)
