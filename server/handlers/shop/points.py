"""Points: the balance, the statement, the daily check-in, and the points mall."""

from datetime import datetime
from typing import Literal

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.ledger import statement
from server.services.common import cursors
from server.services.points import check_ins
from server.services.points.check_ins import CheckedIn, Held
from server.services.promotions import points_goods

room = Room("points", "积分")


@room.get("/points", "我的积分", gives=Held)
async def held(call: Call, _query: NoBody) -> Held:
    """Return the points that are available, frozen and owed, which expire next, and today's check-in."""
    return await check_ins.held(call.deps, call.member_id)


@room.post("/points/check-in", "签到", gives=CheckedIn, refuses=(errors.NotFound,))
async def check_in(call: Call, _body: NoBody) -> CheckedIn:
    """Once a day in Shanghai; a second call gives the same and changes nothing."""
    return await check_ins.check_in(call.deps, call.member_id)


class PointLine(msgspec.Struct):
    """One entry and how it changed the points."""

    time: datetime
    kind: str
    label: str
    points_delta: int
    frozen_delta: int
    debt_delta: int
    why: str
    link: str


class PointLines(msgspec.Struct):
    """A page of the statement, newest first."""

    items: list[PointLine]
    next_cursor: str | None


@room.get("/points/statement", "积分明细", takes=Page, gives=PointLines)
async def lines(call: Call, query: Page) -> PointLines:
    """Every movement of points, newest first."""
    found = await statement.points_statement(
        call.member_id,
        before_entry=cursors.unpack(query.cursor, cursors.Number) if query.cursor else None,
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    return PointLines(
        [
            PointLine(one.time, one.kind, one.label, one.points, one.frozen, one.debt, one.why, one.link)
            for one in shown
        ],
        cursors.pack(shown[-1].entry_id) if len(found) > query.limit else None,
    )


class PointsGoodView(msgspec.Struct):
    """A good of the points mall, ordered with `promotion: {kind: "points", id}`: `points` and `price_fen` per piece.

    `left` pieces are available; `per_member` is null if there is no limit.
    """

    id: int
    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    points: int
    price_fen: int
    list_price_fen: int
    left: int
    per_member: int | None
    state: Literal["open", "sold_out"]


class PointsGoodList(msgspec.Struct):
    """The points mall, the cheapest in points first."""

    items: list[PointsGoodView]
    next_cursor: None = None


@room.get("/points/goods", "积分商城", gives=PointsGoodList, auth="public")
async def list_goods(call: Call, _query: NoBody) -> PointsGoodList:
    """List the goods of the points mall, also those that are sold out now."""
    found = await points_goods.goods(call.deps.clock.now())
    return PointsGoodList([msgspec.convert(one, PointsGoodView, from_attributes=True) for one in found])
