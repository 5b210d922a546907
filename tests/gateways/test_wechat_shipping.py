"""Shipping records as WeChat gets them, and which of its answers are refusals."""

from dataclasses import replace

import orjson
import pytest

from server.gateways.ports import Parcel, WeChatError
from server.gateways.wechat_mini import WeChatMini
from server.rules.shipping import Way
from tests.gateways.wire import Parrot

MEMBER = "o-member"


async def test_what_a_shipping_record_says_on_the_wire(fooled_mini: WeChatMini, parrot: Parrot) -> None:
    parrot.say(200, {"errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7200})
    express = Parcel("42", MEMBER, "茶" * 200, Way.EXPRESS, "SF", "SF1", "13800138000")
    await fooled_mini.upload_shipping(express)
    sent = orjson.loads(parrot.heard[-1].body)
    assert parrot.heard[-1].target == "/wxa/sec/order/upload_shipping_info?access_token=t"
    assert sent == {
        "order_key": {"order_number_type": 2, "transaction_id": "42"},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [
            {
                "item_desc": "茶" * 120,
                "express_company": "SF",
                "tracking_no": "SF1",
                "contact": {"receiver_contact": "*******8000"},
            }
        ],
        "upload_time": "2026-11-22T12:00:00.120+08:00",
        "payer": {"openid": MEMBER},
    }
    await fooled_mini.upload_shipping(replace(express, receiver_phone=""))
    assert "contact" not in orjson.loads(parrot.heard[-1].body)["shipping_list"][0]
    for way, logistics_type in ((Way.OWN, 2), (Way.VIRTUAL, 3), (Way.PICK_UP, 4)):
        await fooled_mini.upload_shipping(replace(express, way=way))
        told = orjson.loads(parrot.heard[-1].body)
        assert (told["logistics_type"], told["shipping_list"]) == (logistics_type, [{"item_desc": "茶" * 120}])


@pytest.mark.parametrize(
    ("errcode", "corrects", "refused"),
    [
        (10060023, False, False),
        (10060023, True, False),
        (10060002, False, False),
        (10060002, True, True),
        (10060003, True, True),
        (268485226, False, True),
    ],
)
async def test_what_wechat_knows_already_is_no_refusal(
    fooled_mini: WeChatMini, parrot: Parrot, errcode: int, corrects: bool, refused: bool
) -> None:
    parrot.say(200, {"errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7200})
    await fooled_mini.upload_shipping(Parcel("42", MEMBER, "茶", Way.OWN, "", "", ""))
    parrot.say(200, {"errcode": errcode, "errmsg": "no"})
    call = fooled_mini.upload_shipping(Parcel("42", MEMBER, "茶", Way.OWN, "", "", "", corrects))
    if refused:
        with pytest.raises(WeChatError, match=str(errcode)):
            await call
    else:
        await call
