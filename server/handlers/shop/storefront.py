"""The shop itself: data for the home page, the rule pages and the agreements."""

import msgspec

from server.handlers.endpoint import Call, NoBody, Room
from server.services.catalogue import storefront
from server.services.catalogue.storefront import Storefront
from server.services.files.answers import Answers

room = Room("storefront", "商城")

_answers = Answers(0.8, size=16)


@room.get("/shop", "商城首页与规则", gives=Storefront, auth="public")
async def shop(call: Call, _query: NoBody) -> bytes:
    """Name, banners, the promise and the plain words of the rule in force, periods, service and agreements.

    `now` is the server's time. `promise` and `rule` are null before a first rule is published.
    """

    async def make() -> bytes:
        return msgspec.json.encode(await storefront.storefront(call.deps))

    return await _answers.get("shop", make)
