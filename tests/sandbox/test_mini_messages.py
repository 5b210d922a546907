import io
import json
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from server.sandbox.crypto import PushCipher, push_signature
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_messages import check_value
from tests.sandbox.world import OPENID, Received, World

TEMPLATE = "Tz0rderPaid_-01"


async def send(world: World, **changes: Any) -> int:
    body = {
        "touser": OPENID,
        "template_id": TEMPLATE,
        "page": "pages/order/detail?id=1",
        "data": {"thing1": {"value": "已支付"}},
    }
    return int((await world.mini("/cgi-bin/message/subscribe/send", {**body, **changes}))["errcode"])


def opened(world: World, received: Received) -> Any:
    """Return a pushed event, after the checks that a careful receiver makes."""
    query, token = received.query, world.identity.push_token
    assert query["signature"] == push_signature(token, query["timestamp"], query["nonce"])
    body = json.loads(received.body)
    if "encrypt_type" not in query:
        return body
    assert query["msg_signature"] == push_signature(token, query["timestamp"], query["nonce"], body["Encrypt"])
    return json.loads(PushCipher(world.identity.push_aes_key, world.identity.appid).decrypt(body["Encrypt"]))


async def test_one_acceptance_is_one_message(world: World) -> None:
    assert await send(world) == 43101
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE, "times": 2})
    assert [await send(world) for _ in range(3)] == [0, 0, 43101]
    items = (await world.http.get("/control/messages", params={"openid": OPENID})).json()["items"]
    assert [one["data"] for one in items] == [{"thing1": {"value": "已支付"}}] * 2
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE, "times": 1})
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE, "times": 0})
    assert await send(world) == 43101


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_events_reach_the_mall(world: World, mode: str) -> None:
    await world.control("knobs", {"push_mode": mode})
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE})
    [popup] = await world.mall.until(1)
    assert ("encrypt_type" in popup.query) == (mode == "safe")
    event = opened(world, popup)
    assert (event["Event"], event["FromUserName"]) == ("subscribe_msg_popup_event", OPENID)
    assert event["List"] == {"TemplateId": TEMPLATE, "SubscribeStatusString": "accept", "PopupScene": "0"}
    assert await send(world) == 0
    sent = opened(world, (await world.mall.until(2))[1])
    assert (sent["Event"], sent["List"]["ErrorStatus"]) == ("subscribe_msg_sent_event", "success")


async def test_several_templates_make_an_array(world: World) -> None:
    await world.control("subscribe", {"openid": OPENID, "template_id": ["one", "two"], "times": 0})
    event = opened(world, (await world.mall.until(1))[0])
    assert [one["SubscribeStatusString"] for one in event["List"]] == ["reject", "reject"]


async def test_push_is_tried_four_times(world: World) -> None:
    world.mall.answers = [500] * 5
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE})
    for _ in range(3):
        while (await latest(world))["due"] is None or (await latest(world))["due"] <= world.clock():
            pass
        world.clock.advance(5)
    while (await latest(world))["state"] == "waiting":
        pass
    assert ((await latest(world))["state"], len(world.mall.received)) == ("given_up", 4)


async def latest(world: World) -> Any:
    return (await world.http.get("/control/notices", params={"limit": "1"})).json()["items"][0]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"touser": "nobody"}, 40003),
        ({"template_id": "有"}, 40037),
        ({"page": "/pages/home"}, 41030),
        ({"data": {}}, 47003),
        ({"data": {"thing1": {"value": "字" * 21}}}, 47003),
        ({"data": {"thing1": "bare"}}, 47001),
        ({"miniprogram_state": "beta"}, 47001),
    ],
)
async def test_refused_messages_cost_nothing(world: World, changes: dict[str, Any], errcode: int) -> None:
    await world.control("subscribe", {"openid": OPENID, "template_id": TEMPLATE})
    assert await send(world, **changes) == errcode
    assert await send(world) == 0


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", ["一二三四五六七八九十一二三四五六七八九十", "a b!"], ["", "字" * 21]),
        ("number2", ["0", "12.50", "-3", "9" * 32], ["1,000", "9" * 33, "1.", "一"]),
        ("letter1", ["abcXYZ"], ["abc1", "a" * 33]),
        ("symbol1", ["!?#"], ["!!!!!!", "a"]),
        ("character_string3", ["SF-123 45", "a" * 32], ["单号1", "a" * 33]),
        ("date4", ["2026年5月20日", "2026-05-20 13:05", "2026年5月20日 ~ 2026年5月21日"], ["明天", "13:05"]),
        ("time5", ["13:05", "2026年5月20日 13:05:59", "10:00~12:00"], ["25:00", "noon"]),
        ("amount6", ["12.50", "¥12.50", "12元", "1234567890"], ["12345678901", "¥¥1", "-5", "twelve"]),
        ("phone_number7", ["138****8000", "+86-0766-66888866"], ["1" * 18, "电话"]),
        ("car_number8", ["粤A8Z888挂"], ["粤A8Z888挂挂挂"]),
        ("name9", ["张三丰", "Ada Lovelace"], ["一二三四五六七八九十一", "张3"]),
        ("phrase10", ["已发货"], ["已发货了啊啊", "OK"]),
        ("enum1", ["男"], [""]),
        ("unheard1", [], ["x"]),
        ("thing", [], ["x"]),
    ],
)
def test_value_rules(key: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        check_value(key, value)
    for value in bad:
        with pytest.raises(MiniRefusal, match=f"47003: argument invalid! data.{key}.value"):
            check_value(key, value)


async def test_code_image(world: World) -> None:
    token = await world.access_token()

    async def draw(scene: str, **more: Any) -> Any:
        return await world.http.post(
            "/wxa/getwxacodeunlimit", params={"access_token": token}, json={"scene": scene, **more}
        )

    answer = await draw("s=Ab3-_~", width=280)
    image: Any = Image.open(io.BytesIO(answer.content))
    image.load()
    assert (answer.headers["content-type"], image.size) == ("image/png", (280, 280))
    assert [code.text for code in zxingcpp.read_barcodes(image)] == ["pages/index/index?scene=s%3DAb3-_~"]
    paged = Image.open(io.BytesIO((await draw("s=1", page="pages/a/b")).content))
    assert [code.text for code in zxingcpp.read_barcodes(paged)] == ["pages/a/b?scene=s%3D1"]
    assert (await draw("other", width=280)).content != answer.content
    for body, errcode in (
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "中"}, 40129),
        ({"scene": "a%20b"}, 40129),
        ({"scene": "scancode_time=1"}, 85096),
        ({"scene": "a", "page": "/pages/home"}, 41030),
        ({"scene": "a", "page": "pages/home?x=1"}, 41030),
        ({"scene": "a", "width": 279}, 40097),
        ({"scene": "a", "env_version": "beta"}, 40097),
    ):
        refused = await draw(**body)
        assert (refused.headers["content-type"][:16], refused.json()["errcode"]) == ("application/json", errcode)


async def test_links(world: World) -> None:
    link = await world.mini("/wxa/generate_urllink", {"path": "pages/home", "query": "s=1"})
    assert link["url_link"].startswith("https://wxaurl.cn/")
    now = int(world.clock())
    for body, errcode in (
        ({"path": "a?b"}, 40165),
        ({"query": "q" * 1025}, 40212),
        ({"expire_type": 1, "expire_interval": 31}, 85401),
        ({"expire_time": now + 59}, 85401),
        ({"expire_time": now + 60}, 0),
    ):
        assert (await world.mini("/wxa/generate_urllink", body))["errcode"] == errcode
    assert (await world.mini("/wxa/genwxashortlink", {"page_url": "pages/home"}))["link"].startswith("#小程序://")
    assert (await world.mini("/wxa/genwxashortlink", {}))["errcode"] == 40066
    assert (await world.mini("/wxa/genwxashortlink", {"page_url": "p", "page_title": "t" * 21}))["errcode"] == 40225


async def test_content_and_risk(world: World) -> None:
    text = {"content": "好茶", "version": 2, "scene": 2, "openid": OPENID}
    assert (await world.mini("/wxa/msg_sec_check", text))["result"] == {"suggest": "pass", "label": 100}
    visitor = {"appid": world.identity.appid, "openid": OPENID, "scene": 1, "client_ip": "127.0.0.1"}
    assert (await world.mini("/wxa/getuserriskrank", visitor))["risk_rank"] == 0
    await world.control("knobs", {"content_suggest": "risky", "risk_rank": 4})
    assert (await world.mini("/wxa/msg_sec_check", text))["result"]["suggest"] == "risky"
    assert (await world.mini("/wxa/getuserriskrank", visitor))["risk_rank"] == 4
    media = {"media_url": "https://mall.example/a.png", "media_type": 2, "version": 2, "scene": 1, "openid": OPENID}
    trace_id = (await world.mini("/wxa/media_check_async", media))["trace_id"]
    event = opened(world, (await world.mall.until(1))[0])
    assert (event["Event"], event["trace_id"], event["result"]["suggest"]) == ("wxa_media_check", trace_id, "risky")

    for path, body, errcode in (
        ("/wxa/msg_sec_check", {**text, "scene": 9}, 40129),
        ("/wxa/msg_sec_check", {**text, "content": "字" * 2501}, 47001),
        ("/wxa/msg_sec_check", {**text, "version": 1}, 47001),
        ("/wxa/msg_sec_check", {**text, "openid": "nobody"}, 40003),
        ("/wxa/media_check_async", {**media, "media_type": 3}, 40004),
        ("/wxa/media_check_async", {**media, "media_url": "a.png"}, 87020),
        ("/wxa/getuserriskrank", {**visitor, "appid": "wx0"}, 40013),
        ("/wxa/getuserriskrank", {**visitor, "openid": "nobody"}, 40003),
        ("/wxa/getuserriskrank", {**visitor, "client_ip": ""}, 47001),
    ):
        assert (await world.mini(path, body))["errcode"] == errcode
    world.clock.advance(2 * 3600 + 1)
    assert (await world.mini("/wxa/msg_sec_check", text))["errcode"] == 61010
