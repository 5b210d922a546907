"""Create shares, and open what was shared."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.handlers.shop.login import Scene, VisitorId
from server.services.referrals import share_pictures, share_results, shares
from server.services.referrals.share_results import Landing, ShareResult
from server.services.referrals.shares import Card, Channel, Kind, Opening

room = Room("shares", "分享")

_SCENE_CHARS = 32
Encrypted = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z+/=_-]{1,4096}$")]
TargetId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,32}$")] | Annotated[int, msgspec.Meta(ge=1)]


class ShareForm(msgspec.Struct, forbid_unknown_fields=True):
    """What is shared, and in which channel; `home` has no target."""

    kind: Kind
    channel: Channel
    target_id: TargetId | None = None


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """What `wx.getGroupEnterInfo` gave."""

    encrypted_data: Encrypted
    iv: Encrypted


class TouchForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who opened the share, and from where."""

    visitor_id: VisitorId
    scene: Scene | None = None
    group: Group | None = None


@room.post(
    "/shares",
    "生成分享",
    takes=ShareForm,
    gives=Card,
    refuses=(errors.NotFound,),
    example={"kind": "product", "target_id": 12, "channel": "friend"},
)
async def share(call: Call, form: ShareForm) -> Card:
    """The same target in the same channel always gets the same code."""
    target = "" if form.target_id is None else str(form.target_id)
    return await shares.share(call.deps, call.member_id, form.kind, target, form.channel)


@room.post(
    "/shares/<share_code:str>/touch",
    "记录打开分享",
    takes=TouchForm,
    refuses=(errors.TooManyRequests,),
    auth="guest",
    example={"visitor_id": "8f14e45f", "scene": 1007},
)
async def touch(call: Call, form: TouchForm) -> NoBody:
    """Report that a share was opened. Guests may call it, but a group is only known for members (session key)."""
    await shares.touch(
        call.deps,
        Opening(
            share_code=call.path["share_code"],
            visitor_id=form.visitor_id,
            member_id=call.member_id,
            ip=call.ip,
            scene=None if form.scene is None else str(form.scene)[:_SCENE_CHARS],
            group=None if form.group is None else (form.group.encrypted_data, form.group.iv),
        ),
    )
    return NoBody()


@room.get(
    "/shares/<share_code:str>/poster.png",
    "分享海报",
    gives=bytes,
    refuses=(errors.NotFound, errors.ShareDisabled, errors.TooManyRequests, errors.WeChatUnavailable),
    auth="public",
    media_type="image/png",
)
async def poster(call: Call, _query: NoBody) -> bytes:
    """A picture of 750 × 1334 with product, price, promise and the mini-program code `s={share_code}`."""
    return await share_pictures.poster(call.deps, call.path["share_code"], call.ip)


class ShareList(msgspec.Struct):
    """A page of shares, newest first."""

    items: list[ShareResult]
    next_cursor: str | None


@room.get("/shares", "我的分享", takes=Page, gives=ShareList)
async def mine(call: Call, query: Page) -> ShareList:
    """One's own shares with what each led to: openings, visitors, friends bound, friends who bought."""
    return ShareList(*await share_results.mine(call.member_id, query.cursor, query.limit))


@room.get(
    "/shares/<share_code:str>",
    "分享去向",
    gives=Landing,
    refuses=(errors.NotFound, errors.ShareDisabled),
    auth="public",
)
async def landing(call: Call, _query: NoBody) -> Landing:
    """Return the page of a share. The home page, opened by a poster's code, goes on to `path`. The name is masked."""
    return await share_results.landing(call.path["share_code"])
