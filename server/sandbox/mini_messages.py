"""Subscribe messages: one acceptance allows one message, and every value must follow the rule of its type."""

import re
from typing import Literal

import msgspec

from server.sandbox import users
from server.sandbox.context import Sandbox, rfc3339
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniOperation
from server.sandbox.notify import queue_push
from server.sandbox.store import Doc

_TEMPLATE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_KEY = re.compile(r"([a-z_]+?)[0-9]+")
_DAY = r"[0-9]{4}(年[0-9]{1,2}月[0-9]{1,2}日|[-/.][0-9]{1,2}[-/.][0-9]{1,2})"
_HOUR = r"([01]?[0-9]|2[0-3])[:：][0-5][0-9]([:：][0-5][0-9])?"
_DATE = f"{_DAY}( {_HOUR})?"
_TIME = f"({_DAY} )?{_HOUR}"
VALUE_RULES = {
    "thing": re.compile(r".{1,20}", re.DOTALL),
    "number": re.compile(r"-?(?=[0-9.]{1,33}$)[0-9]{1,32}(\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "date": re.compile(f"{_DATE}( ?~ ?{_DATE})?"),
    "time": re.compile(f"{_TIME}( ?~ ?{_TIME})?"),
    "amount": re.compile(r"[^\w\s.\-+]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": re.compile(r"[0-9+\-() #*,]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[\u3400-\u9fff·]{1,10}|[^\u3400-\u9fff0-9]{1,20}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "enum": re.compile(r".{1,20}"),
}
"""The limits from the page of subscribeMessage.send, by the type that begins each key."""


class Value(msgspec.Struct):
    """One filled-in value."""

    value: str | int | float


class Message(msgspec.Struct):
    """Body of `subscribe/send`."""

    touser: str
    template_id: str
    data: dict[str, Value]
    page: str | None = None
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    lang: Literal["zh_CN", "en_US", "zh_HK", "zh_TW"] = "zh_CN"


def subscribe(sandbox: Sandbox, openid: str, template_ids: list[str], times: int) -> None:
    """Record that the user accepts `times` more messages of each template; 0 is a refusal and leaves none."""
    for template_id in template_ids:
        left = _left(sandbox, openid, template_id) + times if times else 0
        _keep(sandbox, openid, template_id, left)
    status = "accept" if times else "reject"
    items = [{"TemplateId": one, "SubscribeStatusString": status, "PopupScene": "0"} for one in template_ids]
    queue_push(sandbox, openid, "subscribe_msg_popup_event", {"List": one_or_all(items)})


def one_or_all(items: list[Doc]) -> Doc | list[Doc]:
    """Return a pushed `List` as WeChat writes it: an object for one item, an array for several."""
    return items[0] if len(items) == 1 else items


def _left(sandbox: Sandbox, openid: str, template_id: str) -> int:
    return int((sandbox.store.get("subscription", f"{openid} {template_id}") or {"left": 0})["left"])


def _keep(sandbox: Sandbox, openid: str, template_id: str, left: int) -> None:
    sandbox.store.put("subscription", f"{openid} {template_id}", {"left": left})


def send(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /cgi-bin/message/subscribe/send`."""
    body = call.read(Message)
    if users.known_user(sandbox, body.touser) is None:
        raise MiniRefusal(40003, "invalid openid")
    if not _TEMPLATE.fullmatch(body.template_id):
        raise MiniRefusal(40037, "invalid template_id")
    if body.page is not None and (body.page.startswith("/") or "://" in body.page):
        raise MiniRefusal(41030, "invalid page")
    if not body.data:
        raise MiniRefusal(47003, "argument invalid! data is empty")
    for key, given in body.data.items():
        check_value(key, str(given.value))
    left = _left(sandbox, body.touser, body.template_id)
    if left < 1:
        raise MiniRefusal(43101, "user refuse to accept the msg")
    _keep(sandbox, body.touser, body.template_id, left - 1)
    number = sandbox.store.next_number("message")
    data = {key: {"value": str(given.value)} for key, given in body.data.items()}
    delivered = {**msgspec.to_builtins(body), "data": data, "msgid": number, "sent": rfc3339(sandbox.now())}
    sandbox.store.put("message", str(number), delivered, parent=body.touser)
    sent = {"TemplateId": body.template_id, "MsgID": str(number), "ErrorCode": "0", "ErrorStatus": "success"}
    queue_push(sandbox, body.touser, "subscribe_msg_sent_event", {"List": one_or_all([sent])})
    return OK


def check_value(key: str, value: str) -> None:
    """Check a value against its type. Raises MiniRefusal: 47003 naming the key."""
    named = _KEY.fullmatch(key)
    rule = VALUE_RULES.get(named[1]) if named else None
    if not value:
        raise MiniRefusal(47003, f"argument invalid! data.{key}.value is empty")
    if rule is None or not rule.fullmatch(value):
        raise MiniRefusal(47003, f"argument invalid! data.{key}.value invalid")


OPERATIONS = (MiniOperation("send", "POST", "/cgi-bin/message/subscribe/send", send),)
