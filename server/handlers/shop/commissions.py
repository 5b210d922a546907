"""分润: the commissions that friends' orders earn."""

import msgspec

from server.handlers.endpoint import Call, NoBody, Page, Room
from server.services.commissions import views as commission_views
from server.services.commissions.views import CommissionSums, CommissionView

room = Room("commissions", "分润")


class CommissionList(msgspec.Struct):
    """A page of commissions, newest first."""

    items: list[CommissionView]
    next_cursor: str | None


@room.get("/commissions", "我的佣金", takes=Page, gives=CommissionList)
async def mine(call: Call, query: Page) -> CommissionList:
    """One's own commissions: which order, how much, when it is released, and why, line by line."""
    return CommissionList(*await commission_views.page_of(call.member_id, query.cursor, query.limit))


@room.get("/commissions/summary", "佣金合计", gives=CommissionSums)
async def summary(call: Call, _query: NoBody) -> CommissionSums:
    """Return how many live commissions there are, and the settled and frozen amounts."""
    return await commission_views.sums_of(call.member_id)


@room.get("/commissions/<commission_id:int>", "佣金详情", gives=CommissionView)
async def one(call: Call, _query: NoBody) -> CommissionView:
    """One commission, with the sum of every line."""
    return await commission_views.one_of(call.member_id, call.path["commission_id"])
