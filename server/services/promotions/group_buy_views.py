"""Group buys as members see them: activities, their prices, teams to join, one team."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

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


class _Listed(msgspec.Struct, frozen=True):
    """A row of `_CARD`: an activity, its product, and the prices of its cheapest SKU in stock (`list_fen`: alone)."""

    id: int
    title: str
    product_id: int
    product_title: str
    image: str | None
    size: int
    price_fen: int
    leader_fen: int | None
    list_fen: int
    starts_at: datetime
    ends_at: datetime
    active: bool
    taken: int
    stock_limit: int | None

    @property
    def left(self) -> int | None:
        """Pieces that may still be sold; None means no limit."""
        return None if self.stock_limit is None else max(0, self.stock_limit - self.taken)


class _OpenTeam(msgspec.Struct, frozen=True):
    """A team that can be joined, with its leader's name."""

    team_no: str
    nickname: str
    avatar_url: str
    size: int
    closes_at: datetime
    seats_left: int
    mine: bool


class _Detail(_Listed, frozen=True):
    """An activity with what its page shows."""

    window_hours: int
    per_member: int | None
    bought: int
    skus: list[GroupBuySkuView]
    teams: list[_OpenTeam] | None


class _Seat(msgspec.Struct, frozen=True):
    """An order in a team, with its member."""

    member_id: int
    order_no: str
    status: str
    paid: bool
    nickname: str
    avatar_url: str


class _Team(_Listed, frozen=True):
    """A team with its activity. `seats` is the size that it was opened with."""

    team_no: str
    state: TeamState
    leader_id: int
    seats: int
    seats_taken: int
    seats_paid: int
    filled: int
    closes_at: datetime
    ended_at: datetime | None
    orders: list[_Seat] | None


_CARD = """
SELECT g.*, p.title AS product_title, p.images ->> 0 AS image, least.price_fen, least.leader_fen, least.list_fen
  FROM group_buys g JOIN products p ON p.id = g.product_id AND listed(p, {at})
  JOIN LATERAL (SELECT s.price_fen, s.leader_fen, k.price_fen AS list_fen FROM group_buy_skus s
      JOIN skus k ON k.id = s.sku_id AND k.on_sale
      WHERE s.group_buy_id = g.id ORDER BY k.available = 0, s.price_fen, s.id LIMIT 1) least ON true
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
    items = [_card(db.typed(row, _Listed), at) for row in rows[:limit]]
    return Page(items, cursors.pack(items[-1].id) if more else None, at)


def _card(listed: _Listed, at: datetime) -> GroupBuyCard:
    return GroupBuyCard(
        id=listed.id,
        title=listed.title,
        product_id=listed.product_id,
        product_title=listed.product_title,
        image=listed.image or "",
        size=listed.size,
        price_fen=listed.price_fen,
        leader_price_fen=listed.leader_fen,
        list_price_fen=listed.list_fen,
        state="upcoming" if at < listed.starts_at else "running" if listed.left != 0 else "sold_out",
        starts_at=listed.starts_at,
        ends_at=listed.ends_at,
        sold=listed.taken,
    )


_DETAIL = f"""
SELECT c.*, (SELECT COALESCE(sum(l.quantity), 0)::int FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.member_id = $2 AND o.kind = 'group_buy' AND o.promotion_id = c.id
        AND o.status NOT IN ('closed', 'refunded')) AS bought,
    (SELECT json_agg(json_build_object('sku_id', s.sku_id, 'spec', k.spec::json, 'price_fen', s.price_fen,
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
    found = None if row is None else db.typed(row, _Detail)
    if found is None or not found.active or at >= found.ends_at:
        raise NotFound(what="group_buy")
    left = found.left
    for sku in found.skus:
        sku.available = sku.available if left is None else min(sku.available, left)
    return GroupBuyView(
        **msgspec.structs.asdict(_card(found, at)),
        window_hours=found.window_hours,
        per_member=found.per_member,
        bought=found.bought,
        skus=found.skus,
        teams=[_team_card(one) for one in found.teams or ()],
        now=at,
    )


def _team_card(team: _OpenTeam) -> TeamCard:
    return TeamCard(
        team_no=team.team_no,
        leader_name=masked_name(team.nickname),
        leader_avatar_url=team.avatar_url,
        size=team.size,
        seats_left=team.seats_left,
        closes_at=team.closes_at,
        mine=team.mine,
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
    found = db.typed(row, _Team)
    seats, state = found.orders or (), found.state
    my_seat = next((one for one in seats if one.member_id == member_id), None)
    activity = _card(found, at)
    running = state in RUNNING and at < found.closes_at
    return TeamView(
        team_no=team_no,
        state=state,
        state_label=LABELS[state],
        group_buy=activity,
        size=found.seats,
        members=[
            TeamMember(
                masked_name(one.nickname),
                one.avatar_url,
                leader=one.member_id == found.leader_id,
                me=one is my_seat,
            )
            for one in seats
            if one.paid
        ],
        reserved=found.seats_taken - found.seats_paid,
        filled=found.filled,
        seats_left=found.seats - found.seats_taken - found.filled,
        closes_at=found.closes_at,
        ended_at=found.ended_at,
        mine=_part(my_seat, found.leader_id) if my_seat else None,
        can_join=running and state is TeamState.OPEN and my_seat is None,
        can_open=found.active and activity.state == "running" and at < found.ends_at,
        now=at,
    )


def _part(seat: _Seat, leader_id: int) -> MyPart:
    return MyPart(seat.order_no, seat.status, seat.member_id == leader_id)
