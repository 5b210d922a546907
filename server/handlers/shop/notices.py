"""The subscription messages that a member allows."""

from typing import Annotated

import msgspec

from server.handlers.endpoint import Call, Room
from server.services.notices import messages
from server.services.notices.messages import Answer, Template

room = Room("notices", "订阅消息")

Named = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class SubscriptionForm(msgspec.Struct, forbid_unknown_fields=True):
    """What `wx.requestSubscribeMessage` answered, by template key or WeChat's template id."""

    results: Annotated[dict[Named, Answer], msgspec.Meta(max_length=20)]


class Credits(msgspec.Struct):
    """How many messages of each template may still be sent, by key."""

    credits: dict[str, int]


class Templates(msgspec.Struct):
    """All templates."""

    items: list[Template]


@room.get("/notices/templates", "订阅消息模板", gives=Templates, auth="public")
async def templates(call: Call, _: None) -> Templates:
    """`template_id` is what `wx.requestSubscribeMessage` takes."""
    return Templates(await messages.templates())


@room.post(
    "/notices/subscriptions",
    "上报订阅结果",
    takes=SubscriptionForm,
    gives=Credits,
    example={"results": {"shipped": "accept", "rebate_settled": "reject"}},
)
async def subscribe(call: Call, form: SubscriptionForm) -> Credits:
    """Each `accept` allows one message; unknown templates are ignored."""
    return Credits(await messages.subscribe(call.deps, call.member_id, form.results))
