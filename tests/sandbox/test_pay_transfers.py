import json
from typing import Any

import pytest

from tests.sandbox.test_pay_orders import signed
from tests.sandbox.world import OPENID, World, open_notice

ROWS = [{"info_type": "岗位类型", "info_content": "推广员"}, {"info_type": "报酬说明", "info_content": "五月佣金"}]
PATH = "/v3/fund-app/mch-transfer/transfer-bills"


async def send(world: World, number: str = "W001", **changes: Any) -> tuple[int, Any]:
    given = {
        "out_bill_no": number,
        "transfer_scene_id": "1005",
        "openid": OPENID,
        "transfer_amount": 500,
        "transfer_remark": "佣金",
        "transfer_scene_report_infos": ROWS,
        "notify_url": f"{world.mall.url}/transfer-notice",
    }
    status, body = await world.pay.mch_transfer_bills(**{**given, **changes})
    return status, json.loads(body)


async def ask(world: World, number: str = "W001") -> Any:
    return json.loads((await world.pay.mch_transfer_bills_query(out_bill_no=number))[1])


async def test_confirmed_transfer(world: World) -> None:
    status, made = await send(world)
    assert (status, made["state"], bool(made["package_info"])) == (200, "WAIT_USER_CONFIRM", True)
    assert await send(world) == (200, made)
    told = await world.control("transfer_confirm", {"out_bill_no": "W001"})
    assert (told["state"], told["notified"], told["transfer_bill_no"]) == ("SUCCESS", True, made["transfer_bill_no"])
    [received] = world.mall.received
    notice = open_notice(world, received)
    assert (received.url, notice["event_type"]) == ("/transfer-notice", "MCHTRANSFER.BILL.FINISHED")
    assert json.loads(received.body)["resource"]["associated_data"] == "mch_payment"
    resource = notice["resource"]
    assert (resource["mch_id"], resource["state"], resource["transfer_amount"]) == (
        world.identity.mchid,
        "SUCCESS",
        500,
    )
    asked = await ask(world)
    assert asked["state"] == "SUCCESS"
    by_id = await world.pay.mch_transfer_bills_query(transfer_bill_no=made["transfer_bill_no"])
    assert json.loads(by_id[1]) == asked
    await world.control("transfer_confirm", {"out_bill_no": "W001"}, status=409)
    await world.control("transfer_confirm", {"out_bill_no": "W002"}, status=404)


async def test_not_confirmed_within_a_day(world: World) -> None:
    await send(world)
    world.clock.advance(86400)
    notice = open_notice(world, (await world.mall.until(1))[0])
    assert (notice["resource"]["state"], notice["resource"]["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")
    world.clock.advance(30 * 86400)
    assert (await ask(world))["code"] == "NOT_FOUND"


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_cancelled(world: World, body: bytes) -> None:
    await send(world)
    answer = await signed(world, "POST", f"{PATH}/out-bill-no/W001/cancel", body)
    assert answer.json()["state"] == "CANCELING"
    world.clock.advance(1)
    notice = open_notice(world, (await world.mall.until(1))[0])
    assert notice["resource"]["state"] == "CANCELLED"
    assert (await signed(world, "POST", f"{PATH}/out-bill-no/W001/cancel", body)).json()["state"] == "CANCELLED"


async def test_cancelling_comes_too_late(world: World) -> None:
    await send(world)
    await world.control("transfer_confirm", {"out_bill_no": "W001"})
    answer = await signed(world, "POST", f"{PATH}/out-bill-no/W001/cancel", b"{}")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert (await signed(world, "POST", f"{PATH}/out-bill-no/W002/cancel", b"{}")).status_code == 404
    assert (await signed(world, "POST", f"{PATH}/out-bill-no/W001/cancel", b'{"a":1}')).status_code == 400


async def test_library_cancel_is_badly_signed(world: World) -> None:
    await send(world)
    status, body = await world.pay.mch_transfer_bills_cancel("W001")
    assert (status, json.loads(body)["code"]) == (401, "SIGN_ERROR")


async def test_slow_and_failing_transfers(world: World) -> None:
    await world.control("knobs", {"transfer_delay_s": 5, "transfer_fail_reason": "ACCOUNT_FROZEN"})
    await send(world)
    told = await world.control("transfer_confirm", {"out_bill_no": "W001"})
    assert (told["state"], told["notified"]) == ("TRANSFERING", False)
    world.clock.advance(5)
    asked = await ask(world)
    assert (asked["state"], asked["fail_reason"]) == ("FAIL", "ACCOUNT_FROZEN")


async def test_names_are_encrypted_and_checked(world: World) -> None:
    big: dict[str, Any] = {"transfer_amount": 200_000, "user_name": "张三丰"}
    assert (await send(world, **big))[1]["state"] == "WAIT_USER_CONFIRM"
    assert (await send(world, **big))[0] == 200  # the same name, encrypted anew
    assert (await send(world, transfer_amount=200_000, user_name="张四丰"))[1]["code"] == "INVALID_REQUEST"
    await world.control("knobs", {"name_mismatch": 1})
    assert (await send(world, "W002", **big))[1]["state"] == "ACCEPTED"
    world.clock.advance(1)
    assert (await ask(world, "W002"))["fail_reason"] == "NAME_NOT_CORRECT"
    assert (await send(world, "W002", **big))[1]["fail_reason"] == "NAME_NOT_CORRECT"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"transfer_amount": 9}, "PARAM_ERROR"),
        ({"transfer_amount": 200_000, "user_name": None}, "PARAM_ERROR"),
        ({"transfer_amount": 29, "user_name": "x"}, "PARAM_ERROR"),
        ({"user_name": "not encrypted"}, "PARAM_ERROR"),
        ({"out_bill_no": "W-1"}, "PARAM_ERROR"),
        ({"notify_url": "https://mall.example/?a"}, "PARAM_ERROR"),
        ({"transfer_scene_report_infos": ROWS[:1]}, "PARAM_ERROR"),
        ({"transfer_scene_report_infos": []}, "PARAM_ERROR"),
        ({"transfer_scene_id": "9999"}, "INVALID_REQUEST"),
        ({"user_recv_perception": "劳务报酬"}, "INVALID_REQUEST"),
        ({"openid": "nobody"}, "INVALID_REQUEST"),
        ({"appid": "wx0"}, "INVALID_REQUEST"),
        ({"transfer_amount": 20_001, "user_recv_style": {"type": "RED_PACKET"}}, "INVALID_REQUEST"),
    ],
)
async def test_refused_transfers(world: World, changes: dict[str, Any], code: str) -> None:
    body = {
        "appid": world.identity.appid,
        "out_bill_no": "W001",
        "transfer_scene_id": "1005",
        "openid": OPENID,
        "transfer_amount": 500,
        "transfer_remark": "佣金",
        "transfer_scene_report_infos": ROWS,
        "notify_url": None,
    }
    if changes.get("user_name") == "x":
        changes = {**changes, "user_name": world.pay._core.encrypt("张三")}
    answer = await signed(world, "POST", PATH, json.dumps({**body, **changes}).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await signed(world, "POST", PATH, json.dumps(body).encode())).status_code == 200
    done = await world.control("transfer_confirm", {"out_bill_no": "W001"})
    assert (done["state"], done["notified"], world.mall.received) == ("SUCCESS", False, [])


async def test_empty_till(world: World) -> None:
    await world.control("knobs", {"not_enough": {"count": 1, "op": "transfer"}})
    assert (await send(world))[1]["code"] == "NOT_ENOUGH"
    assert (await send(world))[0] == 200


async def test_false_notice(world: World) -> None:
    await world.control("knobs", {"wrong_amount": 1, "foreign_mchid": 1, "foreign_appid": 1, "unknown_number": 1})
    await send(world)
    await world.control("transfer_confirm", {"out_bill_no": "W001"})
    told = open_notice(world, world.mall.received[0])["resource"]
    assert (told["transfer_amount"], told["mch_id"], told["out_bill_no"]) == (501, "1999999999", "W001X9")
