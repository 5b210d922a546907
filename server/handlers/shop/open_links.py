"""Links that lead from a browser into WeChat."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, Room
from server.services.referrals import open_links
from server.services.referrals.open_links import OpenLink

room = Room("open_links", "打开微信")

Path = Annotated[str, msgspec.Meta(pattern=r"^/(packages/[a-z-]{1,30}/)?pages/[a-z-]{1,30}/index$", max_length=100)]
Query = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_=&%.~-]*$", max_length=256)]


class OpenForm(msgspec.Struct, forbid_unknown_fields=True):
    """A page of the mini program, and its query without `?`."""

    path: Path
    query: Query = ""


@room.post(
    "/open-links",
    "在微信中打开",
    takes=OpenForm,
    gives=OpenLink,
    refuses=(errors.TooManyRequests, errors.WeChatUnavailable),
    auth="public",
    example={"path": "/pages/product/index", "query": "id=12&s=K7Q2M9XA"},
)
async def open_in_wechat(call: Call, form: OpenForm) -> OpenLink:
    """A link that opens the page inside WeChat; the same page and query get the same link for 29 days."""
    return await open_links.open_link(call.deps, form.path, form.query, call.ip)
