"""The member's own data, binding after the login, and the member's referees."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from server.core import errors
from server.handlers.endpoint import Call, Page, Room, Upload
from server.handlers.shop.login import Code, ShareCode
from server.rules import referrals
from server.services.members import avatars, profiles
from server.services.members.profiles import Me, Referee
from server.services.referrals import bindings
from server.services.referrals.bindings import Binding

room = Room("me", "会员")

Nickname = Annotated[str, msgspec.Meta(pattern=r"^(?=.*\S)[^\x00-\x1f\x7f]{1,20}$", description="1 到 20 个字")]
Picture = Annotated[str, msgspec.Meta(pattern=r"^https?://[!-~]{1,390}$")]


class ProfileForm(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    nickname: Nickname | UnsetType = UNSET
    avatar_url: Picture | UnsetType = UNSET
    birthday: date | UnsetType | None = UNSET


class PhoneForm(msgspec.Struct, forbid_unknown_fields=True):
    """The code of the phone-number button."""

    code: Code


class Phone(msgspec.Struct):
    """A masked number."""

    phone: str


class BindingForm(msgspec.Struct, forbid_unknown_fields=True):
    """The code of the referrer's share."""

    share_code: ShareCode


class DownlineQuery(Page, kw_only=True):
    """`level` may be left out or 1: the member's own referees. Those whom they referred are not for members to see."""

    level: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1


class Downline(msgspec.Struct):
    """A page of referees."""

    items: list[Referee]
    next_cursor: str | None


@room.get("/me", "我的资料", gives=Me)
async def profile(call: Call, _: None) -> Me:
    """Profile, level, growth and privileges; the phone number is masked."""
    return await profiles.profile(call.deps, call.member_id)


_EXAMPLE = {"nickname": "小明", "birthday": "1995-03-08"}


@room.patch("/me", "修改资料", takes=ProfileForm, gives=Me, example=_EXAMPLE)
async def change(call: Call, form: ProfileForm) -> Me:
    """Changes only what is given; a birthday of null clears it."""
    changes: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(form).items() if value is not UNSET
    }
    return await profiles.change(call.deps, call.member_id, changes)


@room.put("/me", "修改资料（给不能发 PATCH 的小程序）", takes=ProfileForm, gives=Me, example=_EXAMPLE)
async def change_by_put(call: Call, form: ProfileForm) -> Me:
    """The same as PATCH, which `wx.request` cannot send."""
    changed: Me = await change(call, form)
    return changed


@room.post(
    "/me/avatar",
    "上传头像",
    takes=Upload,
    gives=Me,
    refuses=(errors.PictureInvalid, errors.TooManyRequests, errors.NotFound),
)
async def avatar(call: Call, file: Upload) -> Me:
    """Upload a picture of at most 200 kB, which becomes 256 × 256. It may be a form (`wx.uploadFile`) or the body."""
    return await avatars.put(call.deps, call.member_id, file.content)


@room.post(
    "/me/phone",
    "绑定手机号",
    takes=PhoneForm,
    gives=Phone,
    refuses=(errors.BadLoginCode, errors.WeChatUnavailable),
    example={"code": "e31968a7f9…"},
)
async def phone(call: Call, form: PhoneForm) -> Phone:
    """Exchanges the phone button's code; the number is stored encrypted and shown masked."""
    return Phone(await profiles.set_phone(call.deps, call.member_id, form.code))


@room.post(
    "/me/binding",
    "绑定推荐人",
    takes=BindingForm,
    gives=Binding,
    refuses=(*referrals.REFUSALS.values(), errors.TooManyRequests),
    example={"share_code": "K7Q2M9XA"},
)
async def bind(call: Call, form: BindingForm) -> Binding:
    """Bind a referrer, once only: before the first paid order, and before anybody is bound to the member.

    `pending` while a payment is open: it is decided when that ends, and holds from now.
    """
    return await bindings.bind_late(call.deps, call.member_id, form.share_code)


@room.get("/me/downline", "我的好友", takes=DownlineQuery, gives=Downline, refuses=(errors.NotAllowed,))
async def downline(call: Call, query: DownlineQuery) -> Downline:
    """One's own referees, masked; `first_order` is `none`, `paid` (does not qualify) or the qualification's state."""
    if query.level > 1:
        raise errors.NotAllowed
    items, next_cursor = await profiles.downline(call.member_id, query.cursor, query.limit)
    return Downline(items, next_cursor)
