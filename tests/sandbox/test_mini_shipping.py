import asyncio
import json
from typing import Any

import pytest

from tests.sandbox.test_mini_messages import opened
from tests.sandbox.world import OPENID, World

BASE = "/wxa/sec/order"
PARCEL = {"tracking_no": "YT123", "express_company": "YTO", "item_desc": "茶具一套"}


def upload_body(world: World, **changes: Any) -> dict[str, Any]:
    key = {"order_number_type": 1, "mchid": world.identity.mchid, "out_trade_no": "ORDER0001"}
    body = {
        "order_key": key,
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [PARCEL],
        "upload_time": "2026-05-29T04:26:40.000+08:00",
        "payer": {"openid": OPENID},
    }
    return {**body, **changes}


async def upload(world: World, **changes: Any) -> int:
    return int((await world.mini(f"{BASE}/upload_shipping_info", upload_body(world, **changes)))["errcode"])


async def order(world: World) -> Any:
    body = {"merchant_id": world.identity.mchid, "merchant_trade_no": "ORDER0001"}
    return (await world.mini(f"{BASE}/get_order", body))["order"]


def settlements(world: World) -> list[Any]:
    events = [opened(world, one) for one in world.mall.received if one.url == "/push"]
    return [event for event in events if event["Event"] == "trade_manage_order_settlement"]


async def test_shipped_confirmed_completed(world: World) -> None:
    transaction_id = await world.paid()
    by_id = await world.mini(f"{BASE}/get_order", {"transaction_id": transaction_id})
    assert by_id["order"] == await order(world)
    assert by_id["order"]["order_state"] == 1
    assert await upload(world) == 0
    shown = await order(world)
    assert (shown["order_state"], shown["transaction_id"], shown["paid_amount"]) == (2, transaction_id, 100)
    assert shown["shipping"]["shipping_list"][0]["tracking_no"] == "YT123"
    await world.mall.until(2)
    assert settlements(world)[0]["estimated_settlement_time"] == int(world.clock()) + 10 * 86400

    told = await world.control("confirm_receive", {"out_trade_no": "ORDER0001"})
    assert (told["order_state"], (await order(world))["order_state"]) == (3, 3)
    await world.mall.until(3)
    assert settlements(world)[1]["confirm_receive_method"] == 2
    world.clock.advance(60)
    assert (await order(world))["order_state"] == 4
    await world.control("confirm_receive", {"out_trade_no": "ORDER0001"}, status=409)
    await world.control("confirm_receive", {"out_trade_no": "NEVER0001"}, status=404)


@pytest.mark.parametrize(("logistics_type", "days"), [(1, 10), (2, 2), (3, 2), (4, 2)])
async def test_time_confirms(world: World, logistics_type: int, days: int) -> None:
    await world.paid()
    assert await upload(world, logistics_type=logistics_type) == 0
    world.clock.advance(days * 86400 - 1)
    assert (await order(world))["order_state"] == 2
    world.clock.advance(1)
    assert (await order(world))["order_state"] == 3
    await world.mall.until(3)
    assert settlements(world)[1]["confirm_receive_method"] == 1


async def test_unshipped_is_reminded_of(world: World) -> None:
    await world.paid()
    world.clock.advance(48 * 3600)
    event = opened(world, (await world.mall.until(2))[1])
    assert (event["Event"], event["merchant_trade_no"]) == ("trade_manage_remind_shipping", "ORDER0001")
    assert (await order(world))["order_state"] == 1


async def test_split_parcels_add_up(world: World) -> None:
    await world.paid()
    split: dict[str, Any] = {"delivery_mode": 2, "is_all_delivered": False}
    second = {**PARCEL, "tracking_no": "YT124"}
    assert await upload(world, **split) == 0
    assert (await order(world))["order_state"] == 1
    assert await upload(world, **split) == 10060023
    later = {"upload_time": "2026-05-29T05:00:00.000+08:00", "shipping_list": [second]}
    assert await upload(world, **split, shipping_list=[second]) == 10060014  # upload_time is not later than the last
    assert await upload(world, delivery_mode=2, is_all_delivered=True, **later) == 0
    shipping = (await order(world))["shipping"]
    assert [row["tracking_no"] for row in shipping["shipping_list"]] == ["YT123", "YT124"]
    assert shipping["finish_shipping"] is True


async def test_fifteen_parcels_in_all(world: World) -> None:
    await world.paid()
    rows = [{**PARCEL, "tracking_no": f"YT{number}"} for number in range(15)]
    split: dict[str, Any] = {"delivery_mode": 2, "is_all_delivered": False}
    assert await upload(world, **split, shipping_list=rows) == 0
    later = "2026-05-29T05:00:00.000+08:00"
    assert await upload(world, **split, upload_time=later) == 10060024


async def test_one_reship(world: World) -> None:
    await world.paid()
    assert [await upload(world), await upload(world)] == [0, 10060023]
    other = [{**PARCEL, "tracking_no": "YT125"}]
    assert await upload(world, shipping_list=other, upload_time="2026-05-29T05:00:00.000+08:00") == 0
    shown = (await order(world))["shipping"]
    assert (shown["finish_shipping_count"], [row["tracking_no"] for row in shown["shipping_list"]]) == (2, ["YT125"])
    assert await upload(world, upload_time="2026-05-29T06:00:00.000+08:00") == 10060003


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"order_key": {"order_number_type": 3}}, 268485194),
        ({"order_key": {"order_number_type": 2}}, 268485195),
        ({"order_key": {"order_number_type": 1, "out_trade_no": "ORDER0001"}}, 268485196),
        ({"order_key": {"order_number_type": 1, "mchid": "1"}}, 268485197),
        ({"order_key": {"order_number_type": 2, "transaction_id": "4200"}}, 10060001),
        ({"order_key": {"order_number_type": 1, "mchid": "1", "out_trade_no": "ORDER0001"}}, 10060001),
        ({"logistics_type": 5}, 10060005),
        ({"delivery_mode": 3}, 268485224),
        ({"upload_time": "2026-05-29T04:26:40+08:00"}, 268485216),
        ({"upload_time": "2026-13-29T04:26:40.000+08:00"}, 268485216),
        ({"shipping_list": [PARCEL] * 16, "delivery_mode": 2}, 10060024),
        ({"shipping_list": [PARCEL] * 2}, 268485228),
        ({"shipping_list": PARCEL}, 47001),
        ({"delivery_mode": 2, "logistics_type": 2}, 10060006),
        ({"delivery_mode": 2}, 10060007),
        ({"delivery_mode": 2, "is_all_delivered": True, "shipping_list": []}, 10060014),
        ({"shipping_list": [{**PARCEL, "item_desc": ""}]}, 10060020),
        (
            {"delivery_mode": 2, "is_all_delivered": True, "shipping_list": [PARCEL, {**PARCEL, "item_desc": ""}]},
            10060008,
        ),
        ({"shipping_list": [{**PARCEL, "item_desc": "长" * 121}]}, 10060009),
        ({"shipping_list": [{**PARCEL, "tracking_no": ""}]}, 268485226),
        ({"shipping_list": [{**PARCEL, "express_company": ""}]}, 268485227),
        ({"shipping_list": [{**PARCEL, "express_company": "Y" * 129}]}, 10060025),
        ({"shipping_list": [{**PARCEL, "tracking_no": "1" * 129}]}, 10060026),
        ({"shipping_list": [{**PARCEL, "express_company": "SF"}]}, 10060014),
        ({"payer": {"openid": "bob"}}, 10060031),
        ({"shipping_list": [{"item_desc": "茶具一套"}]}, 268485226),
        ({"shipping_list": [{"item_desc": "茶具一套"}], "logistics_type": 2}, 0),
        ({"shipping_list": [{"item_desc": "茶具一套"}], "logistics_type": 4}, 0),
        ({"shipping_list": [{"item_desc": "会员卡"}], "logistics_type": 3}, 0),
        (
            {"shipping_list": [{**PARCEL, "express_company": "SF", "contact": {"receiver_contact": "138****0000"}}]},
            0,
        ),
    ],
)
async def test_what_can_be_uploaded(world: World, changes: dict[str, Any], errcode: int) -> None:
    await world.paid()
    assert await upload(world, **changes) == errcode


async def test_not_found_right_after_payment(world: World) -> None:
    await world.paid()
    await world.control("knobs", {"shipping_not_found": 1})
    assert [await upload(world), await upload(world)] == [10060001, 0]


async def test_refunded_orders_are_not_shipped(world: World) -> None:
    await world.paid()
    amount = {"refund": 100, "total": 100, "currency": "CNY"}
    assert (await world.pay.refund("BACK1", amount, out_trade_no="ORDER0001"))[0] == 200
    assert (await order(world))["order_state"] == 5
    assert await upload(world) == 10060004


async def test_reminding_the_buyer(world: World) -> None:
    await world.paid()
    key = {"merchant_id": world.identity.mchid, "merchant_trade_no": "ORDER0001"}
    path, now = f"{BASE}/notify_confirm_receive", int(world.clock())

    async def remind(received: int) -> int:
        return int((await world.mini(path, {**key, "received_time": received}))["errcode"])

    assert await remind(now) == 10060028
    await upload(world)
    assert [await remind(now - 1), await remind(now), await remind(now)] == [10060029, 0, 10060030]
    await world.paid("ORDER0002")
    key["merchant_trade_no"] = "ORDER0002"
    virtual = {"order_key": {"order_number_type": 1, "mchid": world.identity.mchid, "out_trade_no": "ORDER0002"}}
    assert await upload(world, **virtual, logistics_type=3) == 0
    assert await remind(now) == 10060032


async def test_listing(world: World) -> None:
    for number in range(3):
        await world.paid(f"ORDER000{number}")
        world.clock.advance(10)
    page = await world.mini(f"{BASE}/get_order_list", {"page_size": 2})
    assert (len(page["order_list"]), page["has_more"]) == (2, True)
    rest = await world.mini(f"{BASE}/get_order_list", {"page_size": 2, "last_index": page["last_index"]})
    assert ([one["merchant_trade_no"] for one in rest["order_list"]], rest["has_more"]) == (["ORDER0002"], False)
    for asked, count in (
        ({"openid": "bob"}, 0),
        ({"order_state": 2}, 0),
        ({"order_state": 1, "pay_time_range": {"begin_time": int(world.clock()) - 25}}, 2),
    ):
        assert len((await world.mini(f"{BASE}/get_order_list", asked))["order_list"]) == count
    assert (await world.mini(f"{BASE}/get_order_list", {"last_index": "x"}))["errcode"] == 10060011
    unknown = {"merchant_id": "1", "merchant_trade_no": "ORDER0001"}
    assert (await world.mini(f"{BASE}/get_order", unknown))["errcode"] == 10060001


async def test_account_settings(world: World) -> None:
    app = {"appid": world.identity.appid}
    assert (await world.mini(f"{BASE}/is_trade_managed", app))["is_trade_managed"] is True
    await world.control("knobs", {"trade_managed": False})
    assert (await world.mini(f"{BASE}/is_trade_managed", app))["is_trade_managed"] is False
    assert (await world.mini(f"{BASE}/is_trade_management_confirmation_completed", app))["completed"] is True
    assert (await world.mini(f"{BASE}/is_trade_managed", {"appid": "wx0"}))["errcode"] == 40013
    assert (await world.mini(f"{BASE}/set_msg_jump_path", {"path": "pages/order/detail"}))["errcode"] == 0


async def test_special_orders(world: World) -> None:
    transaction_id = await world.paid()
    now, path = int(world.clock()), f"{BASE}/opspecialorder"
    for body, errcode in (
        ({"order_id": "ORDER0001", "type": 3}, 268546000),
        ({"order_id": "ORDER0001", "type": 1, "delay_to": now}, 268546001),
        ({"order_id": "NEVER0001", "type": 2}, 268546002),
        ({"order_id": transaction_id, "type": 2}, 0),
        ({"order_id": "ORDER0001", "type": 1, "delay_to": now + 5 * 86400}, 0),
    ):
        assert (await world.mini(path, body))["errcode"] == errcode
    world.clock.advance(4 * 86400)
    await asyncio.sleep(0.12)
    assert len(world.mall.received) == 1
    world.clock.advance(86400)
    await world.mall.until(2)
    assert json.loads(world.mall.received[1].body)["Encrypt"]
