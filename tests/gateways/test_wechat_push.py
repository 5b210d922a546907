"""WeChat's documented examples of the message push, and messages that are refused."""

import orjson
import pytest

from server.gateways.ports import NoticeRejected
from server.gateways.wechat_push import PushEvent, WeChatPush
from server.sandbox.crypto import PushCipher, push_signature

APPID, TOKEN, AES_KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
SAFE = WeChatPush(APPID, TOKEN, AES_KEY)
PLAIN = WeChatPush(APPID, TOKEN, "")
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIj"
    "df8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
SAFE_QUERY = {
    "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    "timestamp": "1714112445",
    "nonce": "415670741",
    "encrypt_type": "aes",
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
}
EVENT = {
    "ToUserName": "gh_97417a04a28d",
    "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
    "CreateTime": 1714112445,
    "MsgType": "event",
    "Event": "debug_demo",
    "debug_str": "hello world",
}
POPUP = {"TemplateId": "t1", "SubscribeStatusString": "accept", "PopupScene": "0"}


def plain_query(token: str = TOKEN) -> dict[str, str]:
    return {"timestamp": "1", "nonce": "2", "signature": push_signature(token, "1", "2")}


def safe_query(sealed: str) -> dict[str, str]:
    return {
        "timestamp": "1",
        "nonce": "2",
        "encrypt_type": "aes",
        "msg_signature": push_signature(TOKEN, "1", "2", sealed),
    }


def envelope(sealed: str) -> bytes:
    return orjson.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": sealed})


def opened(push: WeChatPush, query: dict[str, str], body: bytes) -> PushEvent:
    event = push.open_event(query, body)
    assert event is not None
    return event


def rejection(push: WeChatPush, query: dict[str, str], body: bytes) -> str:
    with pytest.raises(NoticeRejected) as rejected:
        push.open_event(query, body)
    return rejected.value.reason


def test_the_address_check() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert SAFE.verify_url(query)
    assert not SAFE.verify_url(query | {"nonce": "1514711493"})
    assert not SAFE.verify_url({})
    assert not SAFE.verify_url(query | {"signature": "签名"})


def test_a_plain_event() -> None:
    query = {
        "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        "timestamp": "1714037059",
        "nonce": "486452656",
    }
    event = opened(PLAIN, query, orjson.dumps(EVENT))
    assert (event.event, event.openid, event.created_at_s) == ("debug_demo", EVENT["FromUserName"], 1714112445)
    assert event.fields == EVENT
    assert event.items == ()


def test_a_sealed_event() -> None:
    assert opened(SAFE, SAFE_QUERY, envelope(SEALED)).fields == EVENT


def test_a_printed_reply_opens_too() -> None:
    """It is not an event, but it is encrypted in the same way."""
    sealed = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    query = {
        "timestamp": "1713424427",
        "nonce": "415670741",
        "encrypt_type": "aes",
        "msg_signature": "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
    }
    assert SAFE._unsealed(query, envelope(sealed)) == b'{"demo_resp":"good luck"}'


@pytest.mark.parametrize(("listed", "count"), [(POPUP, 1), ([POPUP], 1), ([POPUP, POPUP], 2), ([], 0)])
def test_a_list_of_one_comes_as_an_object(listed: object, count: int) -> None:
    event = opened(PLAIN, plain_query(), orjson.dumps(EVENT | {"Event": "subscribe_msg_popup_event", "List": listed}))
    assert event.items == (POPUP,) * count


def test_the_key_tells_events_apart() -> None:
    def key(**changes: object) -> str:
        return opened(PLAIN, plain_query(), orjson.dumps(EVENT | changes)).key

    backwards = dict(reversed(EVENT.items()))
    assert key() == opened(PLAIN, plain_query(), orjson.dumps(backwards)).key
    assert len({key(), key(CreateTime=1), key(FromUserName="o2"), key(Event="other"), key(debug_str="other")}) == 5


def test_a_message_that_is_no_event_is_verified_and_nothing_more() -> None:
    text = orjson.dumps({"FromUserName": "o", "CreateTime": 1, "MsgType": "text", "Content": "在吗", "MsgId": 1})
    assert PLAIN.open_event(plain_query(), text) is None
    assert rejection(PLAIN, plain_query("BBBBB"), text) == "signature"
    assert rejection(PLAIN, plain_query(), b'{"a":' * 20_000) == "shape"


def test_not_signed_by_wechat() -> None:
    assert rejection(PLAIN, plain_query("BBBBB"), orjson.dumps(EVENT)) == "signature"
    assert rejection(PLAIN, {}, orjson.dumps(EVENT)) == "signature"
    assert rejection(SAFE, SAFE_QUERY | {"msg_signature": SAFE_QUERY["signature"]}, envelope(SEALED)) == "signature"
    assert rejection(SAFE, SAFE_QUERY, envelope(SEALED[:-1])) == "signature"


def test_without_a_token_anyone_could_sign() -> None:
    unset = WeChatPush(APPID, "", "")
    assert not unset.verify_url(plain_query(""))
    assert rejection(unset, plain_query(""), orjson.dumps(EVENT)) == "signature"


def test_safe_mode_takes_nothing_plain() -> None:
    assert rejection(SAFE, plain_query(), orjson.dumps(EVENT)) == "mode"
    assert rejection(PLAIN, SAFE_QUERY, envelope(SEALED)) == "mode"


def test_meant_for_another_app() -> None:
    sealed = PushCipher(AES_KEY, "wx0000000000000000").encrypt(orjson.dumps(EVENT))
    assert rejection(SAFE, safe_query(sealed), envelope(sealed)) == "appid"


@pytest.mark.parametrize("sealed", ["", "AAAA", "A" * 44, "订单"])
def test_signed_but_not_sealed(sealed: str) -> None:
    assert rejection(SAFE, safe_query(sealed), envelope(sealed)) == "malformed"


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"\xff", b"[]", b"{}", b'{"Event":"a","FromUserName":"o","List":1}'])
def test_shapes_that_are_no_event(body: bytes) -> None:
    assert rejection(PLAIN, plain_query(), body) == "shape"
    assert rejection(SAFE, SAFE_QUERY, body) == "shape"
