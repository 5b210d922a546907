"""Content security and user risk; knobs set the results."""

import uuid
from typing import Annotated, Literal

import msgspec

from server.sandbox import users
from server.sandbox.context import Sandbox
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniOperation
from server.sandbox.notify import queue_push

LONGEST_CONTENT = 2500
ACTIVE_S = 2 * 3600
_LABELS = {"pass": 100, "review": 21000, "risky": 20006}


class Text(msgspec.Struct):
    """Body of msg_sec_check version 2."""

    content: str
    version: Literal[2]
    scene: int
    openid: str
    title: str = ""
    nickname: str = ""
    signature: str = ""


class Media(msgspec.Struct):
    """Body of media_check_async."""

    media_url: str
    media_type: int
    version: Literal[2]
    scene: int
    openid: str


def _check_visitor(sandbox: Sandbox, openid: str) -> None:
    user = users.known_user(sandbox, openid)
    if user is None:
        raise MiniRefusal(40003, "invalid openid")
    if sandbox.now() - user["seen"] > ACTIVE_S:
        raise MiniRefusal(61010, "code is expired: user is not active in two hours")


def _check_scene(scene: int) -> None:
    if scene not in (1, 2, 3, 4):
        raise MiniRefusal(40129, "invalid scene")


def text_check(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/msg_sec_check`."""
    body = call.read(Text)
    _check_scene(body.scene)
    if not 0 < len(body.content) <= LONGEST_CONTENT:
        raise MiniRefusal(47001, "data format error: content length")
    _check_visitor(sandbox, body.openid)
    suggest = sandbox.knobs.now.content_suggest
    verdict = {"suggest": suggest, "label": _LABELS[suggest]}
    detail = [{"strategy": "content_model", "errcode": 0, **verdict, "prob": 90}]
    return {**OK, "trace_id": uuid.uuid4().hex, "result": verdict, "detail": detail}


def media_check(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/media_check_async`: the result follows as a pushed event."""
    body = call.read(Media)
    _check_scene(body.scene)
    if body.media_type not in (1, 2):
        raise MiniRefusal(40004, "invalid media type")
    if not body.media_url.startswith(("http://", "https://")):
        raise MiniRefusal(87020, "media url is not valid")
    _check_visitor(sandbox, body.openid)
    trace_id, suggest = uuid.uuid4().hex, sandbox.knobs.now.content_suggest
    verdict = {"suggest": suggest, "label": _LABELS[suggest]}
    fields = {"appid": sandbox.config.appid, "trace_id": trace_id, "version": 2, "result": verdict}
    detail = [{"strategy": "content_model", "errcode": 0, **verdict, "prob": 90}]
    queue_push(sandbox, body.openid, "wxa_media_check", {**fields, "detail": detail})
    return {**OK, "trace_id": trace_id}


class Visitor(msgspec.Struct):
    """Body of getuserriskrank."""

    appid: str
    openid: str
    scene: Annotated[int, msgspec.Meta(ge=0, le=2)]
    client_ip: Annotated[str, msgspec.Meta(min_length=1)]


def risk_rank(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/getuserriskrank`; WeChat itself misspells the name of the trace id."""
    body = call.read(Visitor)
    if body.appid != sandbox.config.appid:
        raise MiniRefusal(40013, "invalid appid")
    if users.known_user(sandbox, body.openid) is None:
        raise MiniRefusal(40003, "invalid openid")
    return {**OK, "risk_rank": sandbox.knobs.now.risk_rank, "unoin_id": sandbox.store.next_number("risk")}


OPERATIONS = (
    MiniOperation("content_check", "POST", "/wxa/msg_sec_check", text_check),
    MiniOperation("content_check", "POST", "/wxa/media_check_async", media_check),
    MiniOperation("risk_rank", "POST", "/wxa/getuserriskrank", risk_rank),
)
