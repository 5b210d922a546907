"""拼团: activities, teams to join, a single team."""

from datetime import datetime

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.services.promotions import group_buy_views
from server.services.promotions.group_buy_views import GroupBuyCard, GroupBuyView, TeamView

room = Room("group_buys", "拼团")


class GroupBuyList(msgspec.Struct):
    """A page of activities. `now` is the server's clock, by which countdowns run."""

    items: list[GroupBuyCard]
    next_cursor: str | None
    now: datetime


@room.get("/group-buys", "拼团活动", takes=Page, gives=GroupBuyList, auth="public")
async def activities(call: Call, query: Page) -> GroupBuyList:
    """Activities that run or are announced, newest first."""
    found = await group_buy_views.page_of(query.cursor, query.limit, call.deps.clock.now())
    return GroupBuyList(found.items, found.next_cursor, found.now)


@room.get(
    "/group-buys/<group_buy_id:int>", "拼团活动详情", gives=GroupBuyView, auth="guest", refuses=(errors.NotFound,)
)
async def activity(call: Call, _query: NoBody) -> GroupBuyView:
    """Return the prices by SKU, and the teams that can be joined; teams that close soonest come first."""
    return await group_buy_views.detail(call.path["group_buy_id"], call.member_id, call.deps.clock.now())


@room.get("/teams/<team_no:str>", "拼团的团", gives=TeamView, auth="guest", refuses=(errors.NotFound,))
async def team(call: Call, _query: NoBody) -> TeamView:
    """Return the team's members (masked), its free seats, its end, and the caller's own part."""
    return await group_buy_views.team(call.path["team_no"], call.member_id, call.deps.clock.now())
