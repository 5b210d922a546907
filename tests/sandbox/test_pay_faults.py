import json

import httpx
import pytest

from tests.sandbox.world import World


async def test_500_after_commit(world: World) -> None:
    await world.control("knobs", {"fail_500_after_commit": {"count": 1, "op": "prepay"}})
    status, body = await world.prepay()
    assert (status, json.loads(body)["code"]) == (500, "SYSTEM_ERROR")
    assert (await world.pay.query(out_trade_no="ORDER0001"))[0] == 200
    assert (await world.prepay())[0] == 200


async def test_timeout_after_commit(world: World) -> None:
    await world.control("knobs", {"timeout_after_commit": {"count": 1, "op": "prepay"}, "timeout_hold_s": 0.05})
    with pytest.raises(httpx.RemoteProtocolError):
        await world.prepay()
    assert (await world.prepay())[0] == 200


async def test_bad_signature_after_commit(world: World) -> None:
    await world.prepay()
    await world.control("knobs", {"bad_signature_after_commit": {"count": 1, "op": "close"}})
    with pytest.raises(Exception, match="failed to verify the signature"):
        await world.pay.close("ORDER0001")
    assert json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])["trade_state"] == "CLOSED"


async def test_rate_limited_before_commit(world: World) -> None:
    await world.control("knobs", {"rate_limited": 1})
    status, body = await world.prepay()
    assert (status, json.loads(body)["code"]) == (429, "FREQUENCY_LIMITED")
    assert (await world.pay.query(out_trade_no="ORDER0001"))[0] == 404


async def test_mini_program_calls_fail_too(world: World) -> None:
    token = await world.access_token()
    path = "/cgi-bin/express/delivery/open_msg/get_delivery_list"
    await world.control("knobs", {"fail_500_after_commit": {"count": 1, "op": "shipping_query"}})
    assert (await world.mini(path, {}))["errcode"] == -1
    await world.control(
        "knobs",
        {
            "rate_limited": {"count": 1, "op": "shipping_query"},
            "mini_error": {"errcode": 45009, "count": 1, "op": "shipping_query"},
        },
    )
    assert [(await world.mini(path, {}))["errcode"] for _ in range(3)] == [45011, 45009, 0]
    await world.control("knobs", {"mini_error": {"errcode": -1, "op": "send"}})
    assert (await world.mini(path, {}))["errcode"] == 0
    await world.control("knobs", {"reset": True, "timeout_after_commit": 1, "timeout_hold_s": 0.05})
    with pytest.raises(httpx.RemoteProtocolError):
        await world.http.post(path, params={"access_token": token}, json={})
