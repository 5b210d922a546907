"""The members' login."""

from typing import Annotated

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Room
from server.rules import referrals
from server.services.members import sessions as member_sessions
from server.services.members.sessions import Session
from server.services.referrals import login as member_login
from server.services.referrals.login import LoggedIn, Origin

room = Room("login", "登录")

Code = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,128}$", description="wx.login 的 code")]
ShareCode = Annotated[str, msgspec.Meta(min_length=1, max_length=32, description="分享码")]
VisitorId = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}$", description="客户端生成并保存的访客标识")]
Scene = Annotated[str, msgspec.Meta(max_length=128)] | int


class LoginForm(msgspec.Struct, forbid_unknown_fields=True):
    """`scene` is a poster's scene (`s=CODE`) or WeChat's scene number."""

    code: Code
    share_code: ShareCode | None = None
    scene: Scene | None = None
    visitor_id: VisitorId | None = None


class Sessions(msgspec.Struct):
    """Where the member is logged in."""

    items: list[Session]


@room.post(
    "/login",
    "用 wx.login 的 code 登录",
    takes=LoginForm,
    gives=LoggedIn,
    refuses=(errors.BadLoginCode, errors.AccountBlocked, errors.WeChatUnavailable),
    auth="public",
    example={"code": "0a3kQ2000…", "share_code": "K7Q2M9XA", "visitor_id": "8f14e45f"},
)
async def log_in(call: Call, form: LoginForm) -> LoggedIn:
    """Log in. The first login creates the member. `binding` says whether a referrer was bound, or why not."""
    share_code = form.share_code or referrals.code_of_scene(form.scene)
    return await member_login.log_in(call.deps, form.code, Origin(share_code, form.visitor_id))


@room.post("/logout", "退出登录")
async def log_out(call: Call, _: None) -> NoBody:
    """Ends the session of this token; the other sessions stay."""
    await member_sessions.log_out(call.deps, call.member_id, call.token_hash)
    return NoBody()


@room.get("/me/sessions", "我的登录设备", gives=Sessions)
async def sessions(call: Call, _: None) -> Sessions:
    """The live sessions, newest first. A member has at most 5: a login ends the oldest one above that."""
    return Sessions(await member_sessions.sessions(call.deps, call.member_id, call.token_hash))


@room.delete("/me/sessions/<session_id:str>", "让一个设备退出登录")
async def end_session(call: Call, _: None) -> NoBody:
    """Ends one of the member's own sessions, also the one that asks."""
    await member_sessions.end(call.deps, call.member_id, call.path["session_id"])
    return NoBody()
