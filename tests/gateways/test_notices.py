"""Callbacks of WeChat Pay: which are accepted, and which are not."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import msgspec
import pytest
from sanic.compat import Header

from server.gateways.ports import NoticeRejected, PaymentNotice, RefundNotice, RefundRequest
from server.gateways.wechat_pay import WeChatPay
from server.sandbox.identity import Identity
from tests.gateways.conftest import Control, pay_config_of
from tests.gateways.wire import NOON, HandClock, Parrot, notice, prepay_of, signature_headers

NUMBER = "T261122120000AAAA2222"
STAMP = int(NOON.timestamp())
Headers = Mapping[str, str]


def transaction(identity: Identity, **changes: object) -> dict:
    return {
        "appid": identity.appid,
        "mchid": identity.mchid,
        "out_trade_no": NUMBER,
        "transaction_id": "4200001",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "bank_type": "OTHERS",
        "success_time": "2026-11-22T12:00:00+08:00",
        "payer": {"openid": "o-member"},
        "amount": {"total": 1990, "payer_total": 1990, "currency": "CNY", "payer_currency": "CNY"},
        **changes,
    }


def refund(status: str = "SUCCESS") -> dict:
    return {
        "mchid": "1600000000",
        "transaction_id": "4200001",
        "out_trade_no": NUMBER,
        "refund_id": "5030001",
        "out_refund_no": "R1",
        "refund_status": status,
        "success_time": "2026-11-22T12:00:00+08:00",
        "user_received_account": "招商银行信用卡0403",
        "amount": {"total": 1990, "refund": 990, "payer_total": 1990, "payer_refund": 990},
    }


@pytest.fixture
def body(identity: Identity) -> bytes:
    return notice(identity, "TRANSACTION.SUCCESS", "transaction", transaction(identity))


@pytest.fixture
def pay(identity: Identity, clock: HandClock) -> WeChatPay:
    """Return a gateway that is not opened: callbacks need no connection."""
    return WeChatPay(pay_config_of(identity, "http://127.0.0.1:9", "https://mall.example.com"), clock)


def rejection(pay: WeChatPay, headers: Headers, body: bytes) -> str:
    with pytest.raises(NoticeRejected) as rejected:
        pay.parse_payment_notice(headers, body)
    return rejected.value.reason


def signed(identity: Identity, body: bytes, stamp: int | str = STAMP, **changes: str) -> dict[str, str]:
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    return signature_headers(identity, body, stamp) | changed


# --- Accepted --------------------------------------------------------------------------------------------------------


def test_a_payment_notice(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert pay.parse_payment_notice(signed(identity, body), body) == PaymentNotice(
        appid=identity.appid,
        mchid=identity.mchid,
        out_trade_no=NUMBER,
        transaction_id="4200001",
        trade_state="SUCCESS",
        amount_fen=1990,
        currency="CNY",
        payer_openid="o-member",
        success_time=datetime(2026, 11, 22, 4, tzinfo=UTC),
    )


def test_headers_as_sanic_gives_them(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    headers = Header({name.lower(): value for name, value in signed(identity, body).items()})
    assert pay.parse_payment_notice(headers, body).out_trade_no == NUMBER


@pytest.mark.parametrize("age_s", [-300, 300])
def test_five_minutes_either_way_are_fresh(pay: WeChatPay, identity: Identity, body: bytes, age_s: int) -> None:
    assert pay.parse_payment_notice(signed(identity, body, STAMP - age_s), body).amount_fen == 1990


@pytest.mark.parametrize("status", ["SUCCESS", "ABNORMAL", "CLOSED"])
def test_a_refund_notice(pay: WeChatPay, identity: Identity, status: str) -> None:
    body = notice(identity, f"REFUND.{status}", "refund", refund(status))
    assert pay.parse_refund_notice(signed(identity, body), body) == RefundNotice(
        mchid="1600000000",
        refund_no="R1",
        refund_id="5030001",
        out_trade_no=NUMBER,
        transaction_id="4200001",
        status=status,
        amount_fen=990,
        success_time=datetime(2026, 11, 22, 4, tzinfo=UTC),
    )


def test_another_merchants_notice_is_read_for_the_rules_to_judge(pay: WeChatPay, identity: Identity) -> None:
    body = notice(identity, "TRANSACTION.SUCCESS", "transaction", transaction(identity, mchid="1999999999"))
    assert pay.parse_payment_notice(signed(identity, body), body).mchid == "1999999999"


# --- Not accepted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("age_s", [-301, 301, 31_536_000])
def test_stale(pay: WeChatPay, identity: Identity, body: bytes, age_s: int) -> None:
    assert rejection(pay, signed(identity, body, STAMP - age_s), body) == "stale"


def test_the_injected_clock_decides_what_is_stale(
    pay: WeChatPay, identity: Identity, body: bytes, clock: HandClock
) -> None:
    headers = signed(identity, body)
    clock.advance(301)
    assert rejection(pay, headers, body) == "stale"


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 400, "9" * 5000, "17.5"])
def test_stamps_that_are_no_time(pay: WeChatPay, identity: Identity, body: bytes, stamp: str) -> None:
    assert rejection(pay, signed(identity, body, stamp), body) in {"timestamp", "stale"}


def test_a_fresh_stamp_put_on_an_old_notice(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    old = signed(identity, body, STAMP - 1000)
    assert rejection(pay, old | {"Wechatpay-Timestamp": str(STAMP)}, body) == "signature"


def test_django_style_headers_do_not_get_an_old_notice_past_the_clock(
    pay: WeChatPay, identity: Identity, body: bytes
) -> None:
    old = signed(identity, body, STAMP - 1000)
    smuggled = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in old.items()}
    fresh = signed(identity, b"something else")
    assert rejection(pay, fresh | smuggled, body) == "signature"


def test_the_signature_probe(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    headers = signed(identity, body, Wechatpay_Signature="WECHATPAY/SIGNTEST/abc")
    assert rejection(pay, headers, body) == "probe"


def test_a_foreign_serial(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert rejection(pay, signed(identity, body, Wechatpay_Serial="PUB_KEY_ID_0000"), body) == "serial"


def test_nothing_at_all(pay: WeChatPay) -> None:
    assert rejection(pay, {}, b"") == "serial"


def test_a_tampered_body(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert rejection(pay, signed(identity, body), body.replace(b"encrypt-resource", b"encrypt-resourcf")) == "signature"


def test_a_body_written_again(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert rejection(pay, signed(identity, body), msgspec.json.format(body)) == "signature"


@pytest.mark.parametrize("signature", ["", "AAAA", "no base64", "订单"])
def test_garbage_for_a_signature(pay: WeChatPay, identity: Identity, body: bytes, signature: str) -> None:
    assert rejection(pay, signed(identity, body, Wechatpay_Signature=signature), body) in {"signature", "malformed"}


def test_another_algorithm(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert rejection(pay, signed(identity, body, Wechatpay_Signature_Type="WECHATPAY2-SM2"), body) == "malformed"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"not json", b"[]"])
def test_signed_nonsense(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    assert rejection(pay, signed(identity, body), body) == "malformed"


def test_sealed_with_another_key(pay: WeChatPay, identity: Identity) -> None:
    other = msgspec.structs.replace(identity, apiv3_key="x" * 32)
    body = notice(other, "TRANSACTION.SUCCESS", "transaction", transaction(identity))
    assert rejection(pay, signed(identity, body), body) == "signature"


@pytest.mark.parametrize(
    ("event_type", "original_type"),
    [
        ("REFUND.SUCCESS", "transaction"),
        ("TRANSACTION.SUCCESS", "refund"),
        ("MCHTRANSFER.BILL.FINISHED", "mch_payment"),
    ],
)
def test_an_event_that_is_no_payment(pay: WeChatPay, identity: Identity, event_type: str, original_type: str) -> None:
    body = notice(identity, event_type, original_type, transaction(identity))
    assert rejection(pay, signed(identity, body), body) == "event"


@pytest.mark.parametrize(
    ("event_type", "original_type"),
    [("TRANSACTION.SUCCESS", "refund"), ("REFUND.SUCCESS", "transaction"), ("REFUND.CLOSED", "refund")],
)
def test_an_event_that_is_not_this_refund(
    pay: WeChatPay, identity: Identity, event_type: str, original_type: str
) -> None:
    body = notice(identity, event_type, original_type, refund("SUCCESS"))
    with pytest.raises(NoticeRejected, match="event"):
        pay.parse_refund_notice(signed(identity, body), body)


def test_a_payment_is_no_refund(pay: WeChatPay, identity: Identity, body: bytes) -> None:
    with pytest.raises(NoticeRejected, match="shape"):
        pay.parse_refund_notice(signed(identity, body), body)


@pytest.mark.parametrize(
    "changes",
    [{"amount": {"total": "1990"}}, {"amount": {"total": 19.9}}, {"success_time": "2026-11-22T12:00:00"}, {"mchid": 1}],
)
def test_values_of_other_types(pay: WeChatPay, identity: Identity, changes: dict) -> None:
    body = notice(identity, "TRANSACTION.SUCCESS", "transaction", transaction(identity, **changes))
    assert rejection(pay, signed(identity, body), body) == "shape"


# --- As the sandbox sends them ---------------------------------------------------------------------------------------


@pytest.fixture
async def live_pay(
    wechat: str, control: Control, parrot: Parrot, identity: Identity, clock: HandClock
) -> AsyncIterator[WeChatPay]:
    """Return a gateway for the sandbox, whose notices go to the parrot; NUMBER can be paid."""
    gateway = WeChatPay(pay_config_of(identity, wechat, parrot.url), clock)
    await gateway.open()
    await control("code", openid="o-member")
    await gateway.prepay(prepay_of(NUMBER))
    yield gateway
    await gateway.aclose()


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({}, None),
        ({"tamper": 1}, "signature"),
        ({"stale": 1}, "stale"),
        ({"signtest": 1}, "probe"),
        ({"signing": "switching"}, "serial"),
    ],
)
async def test_the_sandboxs_notices(
    live_pay: WeChatPay, control: Control, parrot: Parrot, knobs: dict, reason: str | None
) -> None:
    await control("knobs", **knobs)
    await control("pay", out_trade_no=NUMBER)
    heard = parrot.heard[0]
    assert (heard.method, heard.target) == ("POST", "/wechat/pay/notify")
    if reason is None:
        assert live_pay.parse_payment_notice(Header(heard.headers), heard.body).amount_fen == 1990
    else:
        assert rejection(live_pay, Header(heard.headers), heard.body) == reason


async def test_the_sandboxs_refund_notice(
    live_pay: WeChatPay, control: Control, parrot: Parrot, clock: HandClock, identity: Identity
) -> None:
    paid = (await control("pay", out_trade_no=NUMBER))["transaction_id"]
    await live_pay.refund(RefundRequest("R1", paid, 990, 1990, "不想要了"))
    clock.advance(5)
    heard = await parrot.hears(2)
    assert heard.target == "/wechat/refund/notify"
    told = live_pay.parse_refund_notice(Header(heard.headers), heard.body)
    assert (told.mchid, told.refund_no, told.status, told.amount_fen) == (identity.mchid, "R1", "SUCCESS", 990)
