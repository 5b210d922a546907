import asyncio
import json
from typing import Any

import pytest

from tests.sandbox.test_pay_orders import signed
from tests.sandbox.world import World, open_notice


async def refund(world: World, number: str = "BACK1", fen: int = 40, total: int = 100, **more: Any) -> tuple[int, Any]:
    amount = {"refund": fen, "total": total, "currency": "CNY"}
    given = {"out_trade_no": "ORDER0001", "notify_url": f"{world.mall.url}/refund-notice", **more}
    status, body = await world.pay.refund(number, amount, **given)
    return status, json.loads(body)


async def test_refund_is_accepted_then_done_then_told(world: World) -> None:
    transaction_id = await world.paid()
    status, made = await refund(world, reason="不喜欢")
    assert (status, made["status"], made["transaction_id"]) == (200, "PROCESSING", transaction_id)
    assert made["amount"]["refund"] == 40
    assert "success_time" not in made
    assert (await refund(world, reason="不喜欢"))[1] == made

    world.clock.advance(1)
    _, received = await world.mall.until(2)
    told = open_notice(world, received)
    assert (received.url, told["event_type"]) == ("/refund-notice", "REFUND.SUCCESS")
    assert told["resource"]["refund_status"] == "SUCCESS"
    assert "status" not in told["resource"]
    asked = json.loads((await world.pay.query_refund("BACK1"))[1])
    assert (asked["status"], asked["success_time"]) == ("SUCCESS", told["resource"]["success_time"])
    order = json.loads((await world.pay.query(out_trade_no="ORDER0001"))[1])
    assert order["trade_state"] == "REFUND"


async def test_query_alone_sees_time_pass(world: World) -> None:
    await world.paid()
    await refund(world)
    world.clock.advance(1)
    assert json.loads((await world.pay.query_refund("BACK1"))[1])["status"] == "SUCCESS"


async def test_limits(world: World) -> None:
    await world.paid()
    assert (await refund(world, total=99))[1]["code"] == "INVALID_REQUEST"
    assert (await refund(world, fen=101))[1]["code"] == "INVALID_REQUEST"
    assert (await refund(world, fen=60))[0] == 200
    assert (await refund(world, fen=61))[1]["code"] == "INVALID_REQUEST"  # the same number, another amount
    assert (await refund(world, "BACK2", fen=40))[0] == 429
    world.clock.advance(60)
    assert (await refund(world, "BACK2", fen=41))[1]["code"] == "INVALID_REQUEST"
    assert (await refund(world, "BACK2", fen=40))[0] == 200
    assert (await refund(world, "BACK3", fen=1))[0] == 400
    assert json.loads((await world.pay.query_refund("BACK9"))[1])["code"] == "RESOURCE_NOT_EXISTS"


async def test_fifty_partial_refunds(world: World) -> None:
    await world.paid()
    for number in range(50):
        assert (await refund(world, f"BACK{number}", fen=1))[0] == 200
        world.clock.advance(60)
    status, body = await refund(world, "BACK50", fen=1)
    assert (status, "50" in body["message"]) == (400, True)


async def test_a_year_later(world: World) -> None:
    await world.paid()
    world.clock.advance(365 * 86400 + 1)
    assert (await refund(world))[1]["code"] == "INVALID_REQUEST"


async def test_unpaid_order_cannot_be_refunded(world: World) -> None:
    await world.prepay()
    assert (await refund(world))[1]["code"] == "RESOURCE_NOT_EXISTS"


async def test_which_order_must_be_said_once(world: World) -> None:
    body = json.dumps({"out_refund_no": "B1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}).encode()
    answer = await signed(world, "POST", "/v3/refund/domestic/refunds", body)
    assert (answer.status_code, answer.json()["detail"]["field"]) == (400, "/transaction_id")


async def test_empty_till_then_same_number(world: World) -> None:
    await world.paid()
    await world.control("knobs", {"not_enough": 1})
    status, body = await refund(world)
    assert (status, body["code"]) == (403, "NOT_ENOUGH")
    assert (await refund(world))[0] == 200


@pytest.mark.parametrize("outcome", ["ABNORMAL", "CLOSED"])
async def test_other_endings(world: World, outcome: str) -> None:
    await world.paid()
    await world.control("knobs", {"refund_outcome": outcome, "refund_delay_s": 30})
    _, made = await refund(world, fen=100)
    world.clock.advance(30)
    _, received = await world.mall.until(2)
    told = open_notice(world, received)
    assert (told["event_type"], told["resource"]["refund_status"]) == (f"REFUND.{outcome}", outcome)
    world.clock.advance(60)
    card = {"bank_type": "ICBC_DEBIT", "bank_account": "sealed", "real_name": "sealed"}
    abnormal = {"out_refund_no": "BACK1", "type": "USER_BANK_CARD", **card}
    path = f"/v3/refund/domestic/refunds/{made['refund_id']}/apply-abnormal-refund"
    if outcome == "ABNORMAL":
        nameless = {name: value for name, value in abnormal.items() if name != "real_name"}
        refused = await signed(world, "POST", path, json.dumps(nameless).encode())
        assert refused.json()["code"] == "PARAM_ERROR"
    again = await signed(world, "POST", path, json.dumps(abnormal).encode())
    if outcome == "CLOSED":
        assert again.json()["code"] == "INVALID_REQUEST"
        assert (await refund(world, "BACK2", fen=100))[0] == 200
    else:
        assert again.json()["status"] == "PROCESSING"
        assert (await refund(world, "BACK2", fen=100))[0] == 400
        world.clock.advance(30)
        assert json.loads((await world.pay.query_refund("BACK1"))[1])["status"] == "SUCCESS"


async def test_abnormal_needs_a_refund(world: World) -> None:
    body = json.dumps({"out_refund_no": "BACK1", "type": "USER_BANK_CARD"}).encode()
    answer = await signed(world, "POST", "/v3/refund/domestic/refunds/503/apply-abnormal-refund", body)
    assert answer.status_code == 404


async def test_without_address_nobody_is_told(world: World) -> None:
    await world.paid()
    body = {
        "out_trade_no": "ORDER0001",
        "out_refund_no": "BACK1",
        "amount": {"refund": 1, "total": 100, "currency": "CNY"},
    }
    answer = await signed(world, "POST", "/v3/refund/domestic/refunds", json.dumps(body).encode())
    assert answer.status_code == 200
    world.clock.advance(5)
    await asyncio.sleep(0.12)
    assert len((await world.state("ORDER0001"))["notices"]) == 1
