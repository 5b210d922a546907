import asyncio
import json
from typing import Any

import pytest

from server.sandbox.notify import RETRY_GAPS_S
from tests.sandbox.test_pay_orders import signed
from tests.sandbox.world import World, open_notice, pay_client


def resource(world: World, index: int) -> Any:
    return open_notice(world, world.mall.received[index])["resource"]


async def attempts_made(world: World, count: int) -> Any:
    """Return the first notification of the order, when this many attempts have ended."""
    async with asyncio.timeout(3):
        while True:
            notice = (await world.state("ORDER0001"))["notices"][0]
            if len(notice["attempts"]) >= count:
                return notice
            await asyncio.sleep(0.01)


async def test_attempts_follow_the_schedule_until_taken(world: World) -> None:
    world.mall.answers = [500, 401, 302]
    await world.prepay()
    paid = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (paid["notified"], paid["notify_status"]) == (False, 500)
    notice: Any = None
    for count, gap in enumerate(RETRY_GAPS_S[:3], start=2):
        world.clock.advance(gap - 1)
        await asyncio.sleep(0.12)
        assert len(world.mall.received) == count - 1
        world.clock.advance(1)
        notice = await attempts_made(world, count)
    assert (notice["state"], [one["status"] for one in notice["attempts"]]) == ("delivered", [500, 401, 302, 204])
    ids = {json.loads(one.body)["id"] for one in world.mall.received}
    signatures = {one.headers["wechatpay-signature"] for one in world.mall.received}
    assert (len(ids), len(signatures)) == (1, 4)


async def test_wechat_gives_up(world: World) -> None:
    world.mall.answers = [500] * 16
    await world.paid()
    for tries, gap in enumerate(RETRY_GAPS_S, start=1):
        await attempts_made(world, tries)
        world.clock.advance(gap)
    notice = await attempts_made(world, 16)
    world.clock.advance(3600)
    await asyncio.sleep(0.12)
    assert (notice["state"], len(world.mall.received)) == ("given_up", 16)


async def test_nobody_listens(world: World) -> None:
    assert (await world.prepay(notify_url="http://127.0.0.1:9/notify"))[0] == 200
    paid = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (paid["notified"], paid["notify_status"]) == (False, None)


async def test_duplicates_are_identical(world: World) -> None:
    await world.control("knobs", {"duplicate": 2})
    await world.paid()
    assert len({one.body for one in await world.mall.until(3)}) == 1


async def test_delay_counts_on_the_clock(world: World) -> None:
    await world.control("knobs", {"delay_s": 60})
    await world.prepay()
    paid = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (paid["notified"], paid["notify_status"], world.mall.received) == (False, None, [])
    world.clock.advance(60)
    await world.mall.until(1)


async def test_dropped_for_good(world: World) -> None:
    await world.control("knobs", {"drop": {"count": 1, "op": "pay_notify"}})
    await world.paid()
    await world.paid("ORDER0002")
    assert [resource(world, at)["out_trade_no"] for at in range(len(world.mall.received))] == ["ORDER0002"]


async def test_reordered(world: World) -> None:
    await world.control("knobs", {"reorder": 1})
    await world.paid()
    await world.paid("ORDER0002")
    await world.mall.until(2)
    assert [resource(world, at)["out_trade_no"] for at in (0, 1)] == ["ORDER0002", "ORDER0001"]


async def test_held_back_until_reset(world: World) -> None:
    await world.control("knobs", {"reorder": True})
    await world.paid()
    assert world.mall.received == []
    await world.control("knobs", {"reset": True})
    await world.mall.until(1)


async def test_tampered_is_not_genuine_and_the_next_attempt_is(world: World) -> None:
    world.mall.answers = [401]
    await world.control("knobs", {"tamper": 1})
    await world.paid()
    await attempts_made(world, 1)
    world.clock.advance(15)
    first, second = await world.mall.until(2)
    assert open_notice(world, first) is None
    assert open_notice(world, second)["resource"]["trade_state"] == "SUCCESS"


async def test_stale_is_signed_but_old(world: World) -> None:
    await world.control("knobs", {"stale": 1})
    await world.paid()
    [received] = world.mall.received
    assert open_notice(world, received)["resource"]
    assert world.clock() - int(received.headers["wechatpay-timestamp"]) == 600


async def test_signature_probe_comes_first(world: World) -> None:
    world.mall.answers = [401]
    await world.control("knobs", {"signtest": 1})
    await world.paid()
    probe, real = world.mall.received
    assert probe.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert open_notice(world, probe) is None
    assert open_notice(world, real)["resource"]
    assert (await world.state("ORDER0001"))["notices"][0]["probe_status"] == 401


@pytest.mark.parametrize(
    ("knob", "name", "expected"),
    [
        ("wrong_amount", "amount", 101),
        ("foreign_mchid", "mchid", "1999999999"),
        ("foreign_appid", "appid", "wx0000000000000000"),
        ("unknown_number", "out_trade_no", "ORDER0001X9"),
    ],
)
async def test_falsehoods_are_properly_signed(world: World, knob: str, name: str, expected: Any) -> None:
    await world.control("knobs", {knob: 1})
    await world.paid()
    told = resource(world, 0)[name]
    assert (told["total"] if name == "amount" else told) == expected
    asked = json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])
    assert asked[name] != told


async def test_second_payment_of_one_number(world: World) -> None:
    first = await world.paid()
    await world.control("knobs", {"second_payment": 1})
    second = await world.control("pay", {"out_trade_no": "ORDER0001"})
    assert (second["transaction_id"] != first, "already" in second) == (True, False)
    assert [resource(world, at)["transaction_id"] for at in (0, 1)] == [first, second["transaction_id"]]
    assert json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])["transaction_id"] == first
    status, body = await world.pay.refund(
        "BACK1", {"refund": 100, "total": 100, "currency": "CNY"}, transaction_id=second["transaction_id"]
    )
    assert (status, json.loads(body)["transaction_id"]) == (200, second["transaction_id"])


async def test_certificate_signs_notices_while_switching(world: World) -> None:
    await world.control("knobs", {"signing": "switching"})
    await world.paid()  # answers are still signed with the public key, else the client would raise
    [received] = world.mall.received
    assert len(received.headers["wechatpay-serial"]) == 40
    assert open_notice(world, received) is None  # a client that has only the public key
    async with pay_client(world.identity, world.base, "http://x/y", public_key=False) as by_certificate:
        assert by_certificate.callback(received.headers, received.body)["resource"]["out_trade_no"] == "ORDER0001"


async def test_old_merchants_have_certificates_only(world: World) -> None:
    await world.control("knobs", {"signing": "certificate"})
    address = f"{world.mall.url}/pay-notice"
    async with pay_client(world.identity, world.base, address, public_key=False) as by_certificate:
        assert (await by_certificate.pay("茶", "ORDER0001", {"total": 1}, {"openid": "alice"}))[0] == 200
        assert await by_certificate.close("ORDER0001") == (204, b"")
    await world.control("knobs", {"reset": True})
    answer = await signed(world, "GET", "/v3/certificates", b"")  # a new merchant has none
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_limits_of_knobs(world: World) -> None:
    assert (await world.control("knobs", {"tamper": 0, "stale": False, "drop": None}))["tamper"] is None
    turned = await world.control("knobs", {"tamper": {"op": "refund_notify"}, "delay_s": 1.5})
    assert (turned["tamper"], turned["delay_s"]) == ({"count": None, "op": "refund_notify"}, 1.5)
    for bad in ({"tamper": "yes"}, {"nothing": 1}, {"tamper": {"op": "fly"}}, {"delay_s": -1}, {"signing": "no"}):
        await world.control("knobs", bad, status=400)
    assert (await world.control("knobs"))["delay_s"] == 1.5
    assert (await world.control("knobs", {"reset": True, "duplicate": 1}))["tamper"] is None
    assert (await world.http.post("/control/knobs", content=b"{")).status_code == 400
    assert (await world.http.post("/control/pay", content=b"\xff")).status_code == 400


async def test_all_notices_are_listed(world: World) -> None:
    await world.paid()
    items = (await world.http.get("/control/notices", params={"limit": "5"})).json()["items"]
    assert [(one["kind"], one["state"]) for one in items] == [("pay_notify", "delivered")]
    assert (await world.http.get("/control/notices", params={"limit": "many"})).status_code == 400
