"""The mini program's server API: login, token, messages, shipping, codes and groups."""

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
import redis.asyncio as aioredis
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from server.gateways.ports import OutcomeUnknown, Parcel, WeChatError
from server.gateways.transport import client
from server.gateways.wechat_mini import MiniConfig, WeChatMini, masked
from server.gateways.wechat_pay import WeChatPay
from server.rules.shipping import Way
from server.sandbox.identity import Identity
from tests.gateways.conftest import Control
from tests.gateways.wire import HandClock, Parrot, prepay_of

NUMBER = "T261122120000AAAA2222"
MEMBER = "o-member"
WORDS = {"thing1": "龙井茶", "amount2": "¥19.90"}


@pytest.fixture
async def member(control: Control) -> str:
    await control("code", openid=MEMBER)
    await control("subscribe", openid=MEMBER, template_id="t1", times=9)
    return MEMBER


@pytest.fixture
async def parcel(pay: WeChatPay, control: Control, member: str) -> Parcel:
    """Return the parcel of a paid order, ready to be recorded."""
    await pay.prepay(prepay_of(NUMBER))
    paid = (await control("pay", out_trade_no=NUMBER))["transaction_id"]
    return Parcel(paid, member, "龙井茶 250 克 ×1" * 20, Way.EXPRESS, "SF", "SF1234567890", "13800138000")


def calls_of(*gateways: WeChatMini) -> Counter[str]:
    """Return a counter of the calls to each path from now on."""
    counted: Counter[str] = Counter()

    async def count(request: httpx.Request) -> None:
        counted[request.url.path] += 1

    for gateway in gateways:
        assert gateway._http is not None
        gateway._http.event_hooks = {"request": [count]}
    return counted


def send(gateway: WeChatMini, **changes: str) -> Awaitable[None]:
    given = {"openid": MEMBER, "template_id": "t1", "page": "pages/order/detail?id=1"} | changes
    return gateway.send_message(**given, values=WORDS)


SEND, TOKEN = "/cgi-bin/message/subscribe/send", "/cgi-bin/stable_token"

# --- Life cycle and secrets ------------------------------------------------------------------------------------------


async def test_calls_need_an_open_gateway_and_opening_is_once(
    mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock
) -> None:
    gateway = WeChatMini(mini_config, redis, clock)
    with pytest.raises(RuntimeError, match="not open"):
        await gateway.login("x")
    await gateway.open()
    with pytest.raises(RuntimeError, match="already open"):
        await gateway.open()
    await gateway.aclose()
    await gateway.aclose()


async def test_the_secret_is_neither_shown_nor_logged(
    mini: WeChatMini, mini_config: MiniConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with pytest.raises(WeChatError):
        await mini.login("no-such-code")
    assert mini_config.secret not in caplog.text + repr(mini_config)


# --- Login and phone -------------------------------------------------------------------------------------------------


async def test_login(mini: WeChatMini, control: Control) -> None:
    code = (await control("code", openid=MEMBER))["code"]
    login = await mini.login(code)
    assert (login.openid, login.unionid) == (MEMBER, None)
    assert len(base64.b64decode(login.session_key)) == 16
    with pytest.raises(WeChatError) as used:
        await mini.login(code)
    assert used.value.code == "40029"
    assert "invalid code" in used.value.message


async def test_a_blocked_user(mini: WeChatMini, control: Control) -> None:
    code = (await control("code", openid=MEMBER))["code"]
    await control("knobs", user_blocked=1)
    with pytest.raises(WeChatError, match="40226"):
        await mini.login(code)


async def test_phone(mini: WeChatMini, control: Control) -> None:
    code = (await control("phone", openid=MEMBER, phone="13800138000"))["code"]
    assert await mini.phone(code) == "13800138000"
    with pytest.raises(WeChatError, match="40029"):
        await mini.phone(code)


async def test_a_foreign_phone_keeps_its_country(fooled_mini: WeChatMini, parrot: Parrot) -> None:
    parrot.say(
        200,
        {
            "access_token": "t",
            "expires_in": 7200,
            "phone_info": {"phoneNumber": "+852 5123 4567", "purePhoneNumber": "5123 4567", "countryCode": "852"},
        },
    )
    assert await fooled_mini.phone("code") == "85251234567"


# --- The access token ------------------------------------------------------------------------------------------------


async def test_eight_at_once_make_one_token_call(
    mini: WeChatMini, mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock, member: str
) -> None:
    other = WeChatMini(mini_config, redis, clock)  # like in another process
    await other.open()
    counted = calls_of(mini, other)
    await asyncio.gather(*(send(gateway) for gateway in (mini, other) for _ in range(4)))
    await other.aclose()
    assert counted == {TOKEN: 1, SEND: 8}


async def test_the_token_is_renewed_in_its_last_five_minutes(
    mini: WeChatMini, clock: HandClock, member: str, redis: aioredis.Redis
) -> None:
    counted = calls_of(mini)
    await send(mini)
    before = await redis.get(f"wechat:token:{mini._config.appid}")
    clock.advance(7200 - 301)
    await send(mini)
    assert counted[TOKEN] == 1
    clock.advance(1)
    await send(mini)
    assert counted[TOKEN] == 2
    assert await redis.get(f"wechat:token:{mini._config.appid}") != before


async def test_a_flushed_redis_only_costs_a_fetch(mini: WeChatMini, redis: aioredis.Redis, member: str) -> None:
    counted = calls_of(mini)
    await send(mini)
    await redis.flushdb()
    await send(mini)
    assert counted == {TOKEN: 2, SEND: 2}


async def test_a_token_replaced_elsewhere_is_fetched_again(
    mini: WeChatMini, mini_config: MiniConfig, wechat: str, member: str
) -> None:
    await send(mini)
    async with client(wechat, 5) as somebody:
        forced = {"grant_type": "client_credential", "appid": mini_config.appid, "secret": mini_config.secret}
        await somebody.post(TOKEN, json=forced | {"force_refresh": True})
    counted = calls_of(mini)
    await asyncio.gather(send(mini), send(mini), send(mini))
    assert counted[TOKEN] == 1
    assert counted[SEND] == 6


async def test_a_token_refused_twice_is_no_loop(mini: WeChatMini, control: Control, member: str) -> None:
    await control("knobs", mini_error={"errcode": 42001, "op": "send"})
    counted = calls_of(mini)
    with pytest.raises(WeChatError, match="42001"):
        await send(mini)
    assert counted == {TOKEN: 2, SEND: 2}


async def test_a_refused_secret_is_wechats_refusal(
    mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock
) -> None:
    gateway = WeChatMini(replace(mini_config, secret="wrong"), redis, clock)
    await gateway.open()
    with pytest.raises(WeChatError, match="40125"):
        await send(gateway)
    await gateway.aclose()


async def test_without_redis_nothing_is_known(mini_config: MiniConfig, clock: HandClock, control: Control) -> None:
    async with aioredis.Redis(host="127.0.0.1", port=9) as nowhere:
        gateway = WeChatMini(mini_config, nowhere, clock)
        await gateway.open()
        with pytest.raises(OutcomeUnknown, match="no access token"):
            await send(gateway)
        code = (await control("code", openid=MEMBER))["code"]
        assert (await gateway.login(code)).openid == MEMBER  # login needs no token
        await gateway.aclose()


async def test_a_fetcher_that_hangs_does_not_hold_others_for_ever(
    mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock
) -> None:
    await redis.set(f"wechat:token:{mini_config.appid}:lock", "somebody")
    gateway = WeChatMini(replace(mini_config, timeout_s=0.05), redis, clock)
    await gateway.open()
    with pytest.raises(OutcomeUnknown, match="LockError"):
        await send(gateway)
    await gateway.aclose()


# --- Messages --------------------------------------------------------------------------------------------------------


async def test_a_message_arrives_cut_to_fit(mini: WeChatMini, member: str, wechat: str) -> None:
    await mini.send_message(member, "t1", "", {"thing1": "茶" * 30, "phrase2": "已发货 OK"})
    async with client(wechat, 5) as http:
        delivered = (await http.get("/control/messages", params={"openid": member})).json()["items"][0]
    assert delivered["data"] == {"thing1": {"value": "茶" * 20}, "phrase2": {"value": "已发货"}}
    assert not delivered.get("page")


async def test_messages_refused(mini: WeChatMini, member: str) -> None:
    with pytest.raises(WeChatError, match="43101"):
        await send(mini, template_id="t2")
    with pytest.raises(WeChatError, match="40003"):
        await send(mini, openid="o-stranger")
    with pytest.raises(WeChatError, match="47003"):
        await mini.send_message(member, "t1", "", {"amount1": "面议"})


# --- Shipping --------------------------------------------------------------------------------------------------------


async def test_shipping_is_recorded_once(mini: WeChatMini, parcel: Parcel, clock: HandClock) -> None:
    await mini.upload_shipping(parcel)
    clock.advance(1)
    await mini.upload_shipping(parcel)  # WeChat answers 10060023: already recorded


async def test_an_order_shipped_by_hand_is_success(mini: WeChatMini, parcel: Parcel, control: Control) -> None:
    await control("knobs", mini_error={"errcode": 10060002, "op": "shipping", "count": 1})
    await mini.upload_shipping(parcel)


async def test_a_payment_that_wechat_does_not_know_yet(mini: WeChatMini, parcel: Parcel, control: Control) -> None:
    await control("knobs", shipping_not_found=1)
    with pytest.raises(WeChatError, match="10060001"):
        await mini.upload_shipping(parcel)
    await mini.upload_shipping(parcel)


async def test_virtual_goods(mini: WeChatMini, parcel: Parcel) -> None:
    await mini.upload_shipping(replace(parcel, way=Way.VIRTUAL, company="", tracking_no=""))


@pytest.mark.parametrize(
    ("phone", "shown"), [("13800138000", "*******8000"), ("02012345678", "*******5678"), ("12", "12")]
)
def test_masking(phone: str, shown: str) -> None:
    assert masked(phone) == shown


# --- Codes and groups ------------------------------------------------------------------------------------------------


async def test_a_code_image(mini: WeChatMini) -> None:
    assert (await mini.code_image("s=AB12", "pages/index/index")).startswith(b"\x89PNG")
    with pytest.raises(WeChatError, match="40129"):
        await mini.code_image("s=%E8", "pages/index/index")
    with pytest.raises(WeChatError, match="40169"):
        await mini.code_image("s" * 33, "pages/index/index")


async def test_a_code_that_is_no_image(fooled_mini: WeChatMini, parrot: Parrot) -> None:
    parrot.say(200, {"access_token": "t", "expires_in": 7200})
    with pytest.raises(OutcomeUnknown, match="neither"):
        await fooled_mini.code_image("s", "pages/index/index")


def sealed_group(appid: str, key: bytes, start: bytes) -> str:
    padder = PKCS7(128).padder()
    text = orjson.dumps({"opengid": "tG1", "watermark": {"appid": appid, "timestamp": 1}})
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return base64.b64encode(encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()).decode()


def test_group_ids(mini: WeChatMini, identity: Identity) -> None:
    key, start = secrets.token_bytes(16), secrets.token_bytes(16)
    session, iv = base64.b64encode(key).decode(), base64.b64encode(start).decode()
    sealed = sealed_group(identity.appid, key, start)
    assert mini.group_id(session, sealed, iv) == "tG1"
    assert mini.group_id(session, sealed_group("wx0000000000000000", key, start), iv) is None
    for nonsense in (
        (base64.b64encode(bytes(16)).decode(), sealed, iv),
        (session, sealed[:-8], iv),
        (session, "", iv),
        (session, "订单", iv),
        (session, sealed, "AAAA"),
        ("AAAA", sealed, iv),
    ):
        assert mini.group_id(*nonsense) is None


# --- Unknown outcomes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["fail_500_after_commit", "timeout_after_commit"])
async def test_every_call_says_unknown_when_the_answer_is_lost(
    mini: WeChatMini, control: Control, parcel: Parcel, fault: str
) -> None:
    login, phone = await control("code", openid=MEMBER), await control("phone", openid=MEMBER, phone="13800138000")
    calls: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("code2session", lambda: mini.login(login["code"])),
        ("token", lambda: mini.phone(phone["code"])),
        ("phone", lambda: mini.phone(phone["code"])),
        ("send", lambda: send(mini)),
        ("shipping", lambda: mini.upload_shipping(parcel)),
        ("wxacode", lambda: mini.code_image("s", "pages/index/index")),
        ("link", lambda: mini.open_link("/pages/index/index", "", 30)),
    ]
    for op, call in calls:
        await control("knobs", timeout_hold_s=2, **{fault: {"count": 1, "op": op}})
        with pytest.raises(OutcomeUnknown):
            await call()


@pytest.mark.parametrize("errcode", [-1, 10060012, 10060019])
async def test_wechats_own_trouble(mini: WeChatMini, control: Control, parcel: Parcel, errcode: int) -> None:
    await control("knobs", mini_error={"errcode": errcode, "op": "shipping", "count": 1})
    with pytest.raises(OutcomeUnknown, match=str(errcode)):
        await mini.upload_shipping(parcel)


@pytest.mark.parametrize(
    ("status", "body"), [(502, {"openid": "o"}), (429, b""), (404, b"nginx"), (200, b"<html>"), (200, {"openid": "o"})]
)
async def test_answers_that_are_not_wechats_prove_nothing(
    fooled_mini: WeChatMini, parrot: Parrot, status: int, body: object
) -> None:
    parrot.say(status, body)
    with pytest.raises(OutcomeUnknown):
        await fooled_mini.login("code")


async def test_nobody_there(mini_config: MiniConfig, redis: aioredis.Redis, clock: HandClock) -> None:
    gateway = WeChatMini(replace(mini_config, base_url="http://127.0.0.1:9"), redis, clock)
    await gateway.open()
    with pytest.raises(OutcomeUnknown, match="ConnectError"):
        await gateway.login("code")
    await gateway.aclose()
