"""WeChat's message push, end to end: signatures, each event once, credits, and the log of refused messages."""

from typing import Any

import httpx
import orjson
import pytest

from server import db
from server.db import Connection
from server.models import NoticeCredit, NoticeTemplate
from server.sandbox.crypto import PushCipher, push_signature
from server.services.common import security
from tests.support.mall import Mall
from tests.support.people import log_in

TEMPLATE = "tmpl-shipped"


async def push(mall: Mall, event: dict[str, Any], *, token: str | None = None, plain: bool = False) -> httpx.Response:
    """Deliver an event as WeChat does."""
    token = mall.settings.wechat_push_token if token is None else token
    body = orjson.dumps({"ToUserName": "gh_1", "MsgType": "event", **event})
    query = {"timestamp": "1714112445", "nonce": "415670741"}
    query["signature"] = push_signature(token, *query.values())
    if not plain:
        sealed = PushCipher(mall.settings.wechat_push_aes_key, mall.deps.appid).encrypt(body)
        body = orjson.dumps({"ToUserName": "gh_1", "Encrypt": sealed})
        signature = push_signature(token, query["timestamp"], query["nonce"], sealed)
        query |= {"encrypt_type": "aes", "msg_signature": signature}
    return await mall.http.post("/wechat/push", params=query, content=body)


def popup(status: str = "accept", at: int = 1, **more: Any) -> dict[str, Any]:
    item = {"TemplateId": TEMPLATE, "SubscribeStatusString": status, "PopupScene": "0", **more}
    return {"Event": "subscribe_msg_popup_event", "FromUserName": "o-anna", "CreateTime": at, "List": item}


async def credit_of(member_id: int) -> int:
    row = await NoticeCredit.get_or_none(member_id=member_id)
    return row.credits if row else 0


@pytest.fixture(autouse=True)
async def template(mall: Mall) -> None:
    await NoticeTemplate.create(
        key="shipped", template_id=TEMPLATE, title="发货", page="pages/a", fields_={"thing1": "x"}
    )


async def events_of(mall: Mall) -> list[tuple[str, str, str]]:
    rows = await db.fetch("SELECT kind, reason, remote_ip FROM security_events ORDER BY id")
    return [(row["kind"], row["reason"], row["remote_ip"]) for row in rows]


async def test_the_address_check(mall: Mall) -> None:
    query = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    signature = push_signature(mall.settings.wechat_push_token, query["timestamp"], query["nonce"])
    answer = await mall.http.get("/wechat/push", params=query | {"signature": signature})
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert answer.headers["content-type"].startswith("text/plain")
    wrong = await mall.http.get("/wechat/push", params=query | {"signature": "0" * 40})
    assert (wrong.status_code, wrong.json()) == (401, {"code": "FAIL", "message": "signature"})
    assert (await mall.http.get("/wechat/push")).status_code == 401
    assert await events_of(mall) == [("push", "signature", "127.0.0.1")] * 2


async def test_an_accepted_popup_is_a_credit_once(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    for _ in range(3):
        answer = await push(mall, popup())
        assert (answer.status_code, answer.text) == (200, "success")
    assert await credit_of(anna.id) == 1
    await push(mall, popup(at=2))
    assert await credit_of(anna.id) == 2
    await push(mall, popup("reject", at=3))
    assert await credit_of(anna.id) == 2


async def test_several_items_come_as_a_list(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    event = popup()
    event["List"] = [event["List"], {**event["List"], "TemplateId": "unknown"}, {"TemplateId": 7}, {}]
    assert (await push(mall, event)).status_code == 200
    assert await credit_of(anna.id) == 1


async def test_switching_off_and_blocking_take_the_credits(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await push(mall, popup())
    await push(mall, popup("reject") | {"Event": "subscribe_msg_change_event"})
    assert await credit_of(anna.id) == 0
    await push(mall, popup(at=2))
    sent = {"TemplateId": TEMPLATE, "MsgID": "1", "ErrorCode": "0", "ErrorStatus": "success"}
    event = popup(at=3) | {"Event": "subscribe_msg_sent_event"}
    await push(mall, event | {"List": sent})
    assert await credit_of(anna.id) == 1
    await push(mall, event | {"List": sent | {"MsgID": "2", "ErrorCode": "1", "ErrorStatus": "failed:user block"}})
    assert await credit_of(anna.id) == 0


async def test_events_about_strangers_and_others_are_taken(mall: Mall) -> None:
    assert (await push(mall, popup())).text == "success"
    reminder = "trade_manage_remind_shipping"
    for at, event in enumerate(("debug_demo", "trade_manage_order_settlement", reminder, reminder)):
        about = {"Event": event, "FromUserName": "o-x", "CreateTime": at, "merchant_trade_no": "T1", "msg": "请发货"}
        assert (await push(mall, about)).text == "success"
    alarms = await db.fetch("SELECT kind, subject, detail FROM alarms")
    assert [(row["kind"], row["subject"]) for row in alarms] == [("wechat_reminds", "order:T1")]
    assert orjson.loads(alarms[0]["detail"]) == {"event": "trade_manage_remind_shipping", "problem": "请发货"}


async def test_an_event_that_failed_is_taken_when_it_comes_again(mall: Mall, owner: Connection) -> None:
    anna = await log_in(mall, "o-anna")
    await owner.execute("ALTER TABLE notice_credits RENAME TO away")
    assert (await push(mall, popup())).status_code == 500
    await owner.execute("ALTER TABLE away RENAME TO notice_credits")
    assert (await push(mall, popup())).status_code == 200
    assert await credit_of(anna.id) == 1


async def test_what_is_not_believed(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    for delivery, reason in (
        (push(mall, popup(), token="wrong-token"), "signature"),
        (push(mall, popup(), plain=True), "mode"),
        (mall.http.post("/wechat/push"), "mode"),
        (mall.http.post("/wechat/push?encrypt_type=aes", content=b"\xff"), "shape"),
    ):
        answer = await delivery
        assert (answer.status_code, answer.json()) == (401, {"code": "FAIL", "message": reason})
    assert await credit_of(anna.id) == 0
    assert [reason for _, reason, _ in await events_of(mall)] == ["signature", "mode", "mode", "shape"]


@pytest.mark.parametrize("kind", ["text", "image", "miniprogrampage"])
async def test_what_members_write_is_acknowledged_and_no_forgery(mall: Mall, kind: str) -> None:
    message = {"FromUserName": "o-anna", "CreateTime": 1, "MsgType": kind, "Content": "在吗", "MsgId": 24_000_000_000}
    answer = await push(mall, message)
    assert (answer.status_code, answer.text) == (200, "success")
    assert await events_of(mall) == []
    assert (await push(mall, message, token="wrong-token")).status_code == 401
    assert await events_of(mall) == [("push", "signature", "127.0.0.1")]


async def test_what_is_nested_too_deeply_is_not_believed(mall: Mall) -> None:
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    answer = await mall.http.post("/wechat/push?encrypt_type=aes", content=deep)
    assert (answer.status_code, answer.json()) == (401, {"code": "FAIL", "message": "shape"})


async def test_a_flood_is_not_written_down(mall: Mall) -> None:
    mall.clock.advance(3600)
    for _ in range(100):
        await security.record(mall.deps, "push", "signature", "127.0.0.1")
    assert 60 <= len(await events_of(mall)) <= 61 + 60  # a new minute may begin during the test
    before = len(await events_of(mall))
    await security.record(mall.deps, "pay", "x" * 99, "::1")
    mall.clock.advance(60)
    await security.record(mall.deps, "push", "signature", "127.0.0.1")
    assert len(await events_of(mall)) == before + 2
