import contextlib
import json
import sqlite3
import time
from typing import Any

import httpx
import pytest

from server.sandbox import crypto
from server.sandbox.config import SandboxConfig
from server.sandbox.identity import Identity
from tests.sandbox.world import OPENID, HandClock, Mall, World, open_notice, running_world


async def test_order_is_placed_paid_and_told(world: World) -> None:
    status, body = await world.prepay()
    assert (status, json.loads(body)["prepay_id"][:2]) == (200, "wx")
    unpaid = json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])
    assert (unpaid["trade_state"], "transaction_id" in unpaid) == ("NOTPAY", False)

    paid = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (paid["notified"], paid["notify_status"]) == (True, 204)

    [received] = world.mall.received
    told = open_notice(world, received)
    assert (received.url, told["event_type"]) == ("/pay-notice", "TRANSACTION.SUCCESS")
    assert told["resource"]["transaction_id"] == paid["transaction_id"]
    assert told["resource"]["amount"]["total"] == 100
    assert received.headers["user-agent"] == "Mozilla/4.0"
    for question in ({"out_trade_no": "ORDER0001"}, {"transaction_id": paid["transaction_id"]}):
        assert json.loads((await world.pay.query(**question))[1]) == told["resource"]
    again = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (again["transaction_id"], again["already"]) == (paid["transaction_id"], True)


async def test_extras_come_back(world: World) -> None:
    scene = {"payer_client_ip": "127.0.0.1", "device_id": "013467"}
    assert (await world.prepay(attach="甲", scene_info=scene))[0] == 200
    told = json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])
    assert (told["attach"], told["scene_info"]) == ("甲", {"device_id": "013467"})


async def test_same_number_needs_same_parameters(world: World) -> None:
    _, first = await world.prepay()
    assert await world.prepay() == (200, first)
    status, body = await world.prepay(total_fen=101)
    assert (status, json.loads(body)["code"]) == (403, "OUT_TRADE_NO_USED")


async def test_expired_prepay_id_is_renewed(world: World) -> None:
    _, first = await world.prepay()
    world.clock.advance(2 * 3600)
    await world.control("pay", {"out_trade_no": "ORDER0001"}, status=409)
    status, second = await world.prepay()
    assert (status, second != first) == (200, True)
    await world.control("pay", {"out_trade_no": "ORDER0001"})
    status, body = await world.prepay()
    assert (status, json.loads(body)["code"]) == (400, "ORDER_PAID")


async def test_closing(world: World) -> None:
    await world.prepay()
    assert await world.pay.close("ORDER0001") == (204, b"")
    assert (await world.pay.close("ORDER0001"))[0] == 204
    assert json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])["trade_state"] == "CLOSED"
    await world.control("pay", {"out_trade_no": "ORDER0001"}, status=409)
    assert json.loads((await world.prepay())[1])["code"] == "ORDER_CLOSED"
    await world.paid("ORDER0002")
    status, body = await world.pay.close("ORDER0002")
    assert (status, json.loads(body)["code"]) == (400, "ORDER_PAID")


async def test_order_past_its_time_is_closed(world: World) -> None:
    await world.prepay(time_expire="2026-05-29T04:30:00+08:00")  # 3 minutes and 20 s after the start
    world.clock.advance(199)
    assert (await world.state("ORDER0001"))["trade_state"] == "NOTPAY"
    world.clock.advance(1)
    assert (await world.state("ORDER0001"))["trade_state"] == "CLOSED"


async def test_unknown_numbers(world: World) -> None:
    await world.control("pay", {"out_trade_no": "NEVER0001"}, status=404)
    assert (await world.http.get("/control/state?out_trade_no=NEVER0001")).status_code == 404
    for answer in (
        await world.pay.query(out_trade_no="NEVER0001"),
        await world.pay.query(transaction_id="4200"),
        await world.pay.close("NEVER0001"),
    ):
        assert (answer[0], json.loads(answer[1])["code"]) == (404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": "100"}}, "/amount/total"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency"),
        ({"out_trade_no": "short"}, "/out_trade_no"),
        ({"out_trade_no": "有中文的单号"}, "/out_trade_no"),
        ({"description": "长" * 128}, "/description"),
        ({"notify_url": "https://mall.example/notify?a=1"}, "/notify_url"),
        ({"notify_url": "mall.example/notify"}, "/notify_url"),
        ({"notify_url": "http://[::1"}, "/notify_url"),
        ({"time_expire": "tomorrow"}, "/time_expire"),
        ({"time_expire": "2026-05-29 12:00:00"}, "/time_expire"),
        ({"mchid": "1234567890"}, "/mchid"),
        ({"surprise": 1}, ""),
    ],
)
async def test_bad_parameters_are_named(world: World, changes: dict[str, Any], pointer: str) -> None:
    body = {**good_prepay(world), **changes}
    answer = await signed(world, "POST", "/v3/pay/transactions/jsapi", json.dumps(body).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert answer.json()["detail"]["field"] == pointer
    assert answer.headers["request-id"].endswith("270924358" if "surprise" in changes else "268441616")
    assert "wechatpay-signature" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"appid": 1}', b"1e999"])
async def test_nonsense_is_a_parameter_error(world: World, body: bytes) -> None:
    answer = await signed(world, "POST", "/v3/pay/transactions/jsapi", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


async def test_strangers_are_refused(world: World) -> None:
    status, body = await world.pay.pay("茶", "ORDER0001", {"total": 1}, {"openid": "nobody"})
    assert (status, json.loads(body)["code"]) == (400, "INVALID_REQUEST")
    status, body = await world.pay.pay("茶", "ORDER0001", {"total": 1}, {"openid": OPENID}, appid="wx0")
    assert (status, json.loads(body)["code"]) == (400, "APPID_MCHID_NOT_MATCH")


async def test_wrong_signature_is_explained(world: World) -> None:
    path, body = "/v3/pay/transactions/jsapi", json.dumps(good_prepay(world)).encode()
    headers = {"Authorization": authorization(world, "POST", path, body + b" ")}
    answer = await world.http.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    told = answer.json()["detail"]["sign_information"]
    assert (told["method"], told["url"]) == ("POST", path)
    assert told["truncated_sign_message"].startswith(f"POST\n{path}\n")
    assert told["sign_message_length"] > len(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1"},
        {"serial_no": "0" * 40},
        {"timestamp": "yesterday"},
        {"timestamp": "1000000000"},
        {"nonce_str": "n" * 33},
        {"signature": "bm8="},
        {"signature": "!"},
    ],
)
async def test_bad_authorization(world: World, changes: dict[str, str]) -> None:
    path = f"/v3/pay/transactions/out-trade-no/ORDER0001?mchid={world.identity.mchid}"
    good = authorization(world, "GET", path, b"")
    for name, value in changes.items():
        before = good.split(f'{name}="')[0]
        after = good.split(f'{name}="')[1].split('"', 1)[1]
        good = f'{before}{name}="{value}"{after}'
    answer = await world.http.get(path, headers={"Authorization": good})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert (await world.http.get(path)).status_code == 401


async def test_both_clocks_may_stamp_requests(world: World) -> None:
    path = f"/v3/pay/transactions/out-trade-no/ORDER0001?mchid={world.identity.mchid}"
    for now, status in ((world.clock(), 404), (time.time(), 404), (world.clock() + 301, 401)):
        answer = await world.http.get(path, headers={"Authorization": authorization(world, "GET", path, b"", now)})
        assert answer.status_code == status


async def test_what_was_acknowledged_survives(
    config: SandboxConfig, identity: Identity, clock: HandClock, mall: Mall
) -> None:
    mall.answers = [500]
    async with running_world(config, identity, clock, mall) as world:
        transaction_id = await world.paid()
        await world.control("knobs", {"second_payment": 2})
    async with running_world(config, identity, clock, mall) as world:
        state = await world.state("ORDER0001")
        assert [paid["transaction_id"] for paid in state["payments"]] == [transaction_id]
        assert (await world.control("knobs"))["second_payment"] == {"count": 2, "op": None}
        clock.advance(15)
        await mall.until(2)
    with contextlib.closing(sqlite3.connect(config.state_path)) as state_file:
        assert state_file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_unknown_paths_speak_the_host_s_language(world: World) -> None:
    assert (await world.http.get("/v3/nothing")).json()["code"] == "RESOURCE_NOT_EXISTS"
    assert (await world.http.get("/v3/pay/transactions/jsapi")).json()["code"] == "INVALID_REQUEST"
    assert (await world.http.get("/wxa/nothing")).json()["errcode"] == 40066
    assert (await world.http.get("/control/nothing")).json()["error"]


def good_prepay(world: World) -> dict[str, Any]:
    return {
        "appid": world.identity.appid,
        "mchid": world.identity.mchid,
        "description": "三件茶具",
        "out_trade_no": "ORDER0001",
        "notify_url": "https://mall.example/notify",
        "amount": {"total": 1},
        "payer": {"openid": OPENID},
    }


def authorization(world: World, method: str, path: str, body: bytes, now: float | None = None) -> str:
    timestamp, nonce = str(int(now or world.clock())), crypto.random_word(32)
    key = crypto.load_private_key(world.identity.merchant_private_key)
    signature = crypto.rsa_sign(key, crypto.message_lines(method, path, timestamp, nonce, body))
    return (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{world.identity.mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{world.identity.merchant_serial}"'
    )


async def signed(world: World, method: str, path: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": authorization(world, method, path, body), "Content-Type": "application/json"}
    return await world.http.request(method, path, content=body, headers=headers)
