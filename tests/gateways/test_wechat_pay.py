"""Payments and refunds against the sandbox, and against a server that answers nonsense."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from server.gateways.ports import OutcomeUnknown, PaymentNotice, RefundNotice, RefundRequest, WeChatError
from server.gateways.wechat_pay import PayConfig, WeChatPay
from server.sandbox import crypto
from server.sandbox.identity import Identity
from tests.gateways.conftest import Control
from tests.gateways.wire import NOON, HandClock, Parrot, prepay_of

NUMBER = "T261122120000AAAA2222"
REFUND = "R261122120000BBBB3333"


@pytest.fixture
async def member(control: Control) -> str:
    await control("code", openid="o-member")
    return "o-member"


@pytest.fixture
async def paid(pay: WeChatPay, control: Control, member: str) -> str:
    """Pay NUMBER with 1990 fen; return the transaction id."""
    await pay.prepay(prepay_of(NUMBER))
    return str((await control("pay", out_trade_no=NUMBER))["transaction_id"])


def refund_of(transaction_id: str, amount_fen: int = 990, refund_no: str = REFUND) -> RefundRequest:
    return RefundRequest(refund_no, transaction_id, amount_fen, 1990, "不想要了")


# --- What the library must have --------------------------------------------------------------------------------------


def test_the_library_still_has_the_private_names_that_are_set(pay_config: PayConfig) -> None:
    core = AsyncWeChatPay(
        WeChatPayType.MINIPROG,
        mchid=pay_config.mchid,
        private_key=pay_config.mch_private_key,
        cert_serial_no=pay_config.mch_serial,
        appid=pay_config.appid,
        apiv3_key=pay_config.apiv3_key,
        public_key=pay_config.public_key,
        public_key_id=pay_config.public_key_id,
    )._core
    assert core._gate_way == "https://api.mch.weixin.qq.com"
    assert core._client is None


# --- Life cycle ------------------------------------------------------------------------------------------------------


async def test_calls_need_an_open_gateway_and_opening_is_once(pay_config: PayConfig, clock: HandClock) -> None:
    gateway = WeChatPay(pay_config, clock)
    with pytest.raises(RuntimeError, match="not open"):
        await gateway.query(NUMBER)
    await gateway.open()
    with pytest.raises(RuntimeError, match="already open"):
        await gateway.open()
    await gateway.aclose()
    await gateway.aclose()
    await gateway.open()
    assert await gateway.query(NUMBER) is None
    await gateway.aclose()


async def test_loopback_is_reached_in_spite_of_a_proxy(
    pay_config: PayConfig, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    gateway = WeChatPay(pay_config, clock)
    await gateway.open()
    assert await gateway.query(NUMBER) is None
    await gateway.aclose()


async def test_a_pkcs1_key_signs_like_its_pkcs8_form(pay_config: PayConfig, clock: HandClock) -> None:
    key = crypto.load_private_key(pay_config.mch_private_key)
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    assert old.startswith("-----BEGIN RSA PRIVATE KEY-----")
    gateway = WeChatPay(replace(pay_config, mch_private_key=old), clock)
    await gateway.open()
    assert await gateway.query(NUMBER) is None
    await gateway.aclose()


def test_secrets_stay_out_of_the_configurations_text(pay_config: PayConfig) -> None:
    assert pay_config.apiv3_key not in repr(pay_config)
    assert "PRIVATE" not in repr(pay_config)


# --- The good course -------------------------------------------------------------------------------------------------


async def test_a_payment_from_prepay_to_query(
    pay: WeChatPay, control: Control, identity: Identity, member: str
) -> None:
    prepay_id = await pay.prepay(prepay_of(NUMBER))
    unpaid = await pay.query(NUMBER)
    assert unpaid == PaymentNotice(identity.appid, identity.mchid, NUMBER, "", "NOTPAY", 1990, "CNY", member, None)
    assert await pay.prepay(prepay_of(NUMBER)) == prepay_id
    transaction_id = (await control("pay", out_trade_no=NUMBER))["transaction_id"]
    assert await pay.query(NUMBER) == PaymentNotice(
        appid=identity.appid,
        mchid=identity.mchid,
        out_trade_no=NUMBER,
        transaction_id=transaction_id,
        trade_state="SUCCESS",
        amount_fen=1990,
        currency="CNY",
        payer_openid=member,
        success_time=NOON.replace(microsecond=0),
    )


def test_pay_parameters_are_signed_for_the_client(pay: WeChatPay, identity: Identity) -> None:
    given = pay.pay_parameters("wx2211")
    assert (given.package, given.signType, given.timeStamp) == ("prepay_id=wx2211", "RSA", str(int(NOON.timestamp())))
    signed = crypto.message_lines(identity.appid, given.timeStamp, given.nonceStr, given.package)
    assert crypto.rsa_verify(crypto.load_public_key(identity.merchant_public_key), signed, given.paySign)
    assert pay.pay_parameters("wx2211").nonceStr != given.nonceStr


async def test_what_a_prepay_says_on_the_wire(fooled_pay: WeChatPay, parrot: Parrot, identity: Identity) -> None:
    parrot.say_signed(identity, {"prepay_id": "wx1"})
    request = replace(prepay_of(NUMBER), description="茶" * 200)
    assert await fooled_pay.prepay(request) == "wx1"
    sent = parrot.heard[0]
    assert (sent.method, sent.target) == ("POST", "/v3/pay/transactions/jsapi")
    assert b'"time_expire": "2026-11-22T12:30:00+08:00"' in sent.body
    assert b'"notify_url": "https://mall.example.com/wechat/pay/notify"' in sent.body
    assert sent.body.count(rb"\u8336") == 127


async def test_closing(pay: WeChatPay, member: str) -> None:
    assert await pay.close(NUMBER)  # WeChat never knew it
    await pay.prepay(prepay_of(NUMBER))
    assert await pay.close(NUMBER)
    assert await pay.close(NUMBER)
    closed = await pay.query(NUMBER)
    assert closed is not None
    assert closed.trade_state == "CLOSED"


async def test_a_paid_number_does_not_close(pay: WeChatPay, paid: str) -> None:
    assert not await pay.close(NUMBER)


async def test_a_refund_to_its_end(pay: WeChatPay, paid: str, clock: HandClock) -> None:
    accepted = await pay.refund(refund_of(paid))
    assert accepted == RefundNotice(
        mchid="",
        refund_no=REFUND,
        refund_id=accepted.refund_id,
        out_trade_no=NUMBER,
        transaction_id=paid,
        status="PROCESSING",
        amount_fen=990,
        success_time=None,
        created_at=clock.now().replace(microsecond=0),
    )
    assert (await pay.refund(refund_of(paid))).refund_id == accepted.refund_id
    clock.advance(5)
    ended = await pay.query_refund(REFUND)
    assert ended is not None
    assert (ended.status, ended.amount_fen) == ("SUCCESS", 990)
    assert ended.success_time is not None
    assert timedelta(0) <= ended.success_time - NOON.replace(microsecond=0) <= timedelta(seconds=5)


async def test_unknown_numbers(pay: WeChatPay) -> None:
    assert await pay.query("T000000") is None
    assert await pay.query_refund("R000000") is None


# --- Refusals --------------------------------------------------------------------------------------------------------


async def test_refusals_keep_wechats_code(pay: WeChatPay, control: Control, paid: str) -> None:
    with pytest.raises(WeChatError) as other:
        await pay.prepay(prepay_of(NUMBER, amount_fen=1))
    assert (other.value.code, other.value.status) == ("ORDER_PAID", 400)
    with pytest.raises(WeChatError) as zero:
        await pay.prepay(prepay_of("T261122120000ZERO", amount_fen=0))
    assert zero.value.code == "PARAM_ERROR"
    await control("knobs", not_enough=1)
    with pytest.raises(WeChatError) as poor:
        await pay.refund(refund_of(paid))
    assert (poor.value.code, poor.value.status) == ("NOT_ENOUGH", 403)
    assert poor.value.message


async def test_other_values_under_a_number_are_refused(pay: WeChatPay, member: str) -> None:
    await pay.prepay(prepay_of(NUMBER))
    with pytest.raises(WeChatError, match="OUT_TRADE_NO_USED"):
        await pay.prepay(prepay_of(NUMBER, amount_fen=1))


async def test_a_wrong_merchant_is_no_unknown_number(fooled_pay: WeChatPay, parrot: Parrot) -> None:
    parrot.say(404, {"code": "MCH_NOT_EXISTS", "message": "商户号不存在"})
    for call in (fooled_pay.query(NUMBER), fooled_pay.query_refund(REFUND), fooled_pay.close(NUMBER)):
        with pytest.raises(WeChatError, match="MCH_NOT_EXISTS"):
            await call


@pytest.mark.parametrize("number", ["", "a b", "../x", "订单", "a?b", "x" * 65])
async def test_numbers_that_cannot_stand_in_a_path_are_ours_to_refuse(fooled_pay: WeChatPay, number: str) -> None:
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: fooled_pay.prepay(prepay_of(number)),
        lambda: fooled_pay.query(number),
        lambda: fooled_pay.close(number),
        lambda: fooled_pay.refund(refund_of("4200001", refund_no=number)),
        lambda: fooled_pay.refund(refund_of(number)),
        lambda: fooled_pay.query_refund(number),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not a number"):
            await call()


async def test_a_prepay_needs_a_description(fooled_pay: WeChatPay) -> None:
    with pytest.raises(ValueError, match="description"):
        await fooled_pay.prepay(replace(prepay_of(NUMBER), description=""))


# --- Unknown outcomes ------------------------------------------------------------------------------------------------

FAULTS = ["fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit", "rate_limited"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_call_says_unknown_when_the_answer_is_lost(
    pay: WeChatPay, control: Control, paid: str, fault: str
) -> None:
    calls: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("prepay", lambda: pay.prepay(prepay_of("T261122120000NEW1"))),
        ("query", lambda: pay.query(NUMBER)),
        ("close", lambda: pay.close("T261122120000NEW1")),
        ("refund", lambda: pay.refund(refund_of(paid))),
        ("refund_query", lambda: pay.query_refund(REFUND)),
    ]
    for op, call in calls:
        await control("knobs", timeout_hold_s=2, **{fault: {"count": 1, "op": op}})
        with pytest.raises(OutcomeUnknown):
            await call()
    if fault != "rate_limited":  # WeChat had done all of it
        closed, refund = await pay.query("T261122120000NEW1"), await pay.query_refund(REFUND)
        assert closed is not None
        assert refund is not None
        assert (closed.trade_state, refund.amount_fen) == ("CLOSED", 990)


async def test_nobody_there(pay_config: PayConfig, clock: HandClock) -> None:
    gateway = WeChatPay(replace(pay_config, base_url="http://127.0.0.1:9"), clock)
    await gateway.open()
    with pytest.raises(OutcomeUnknown, match="ConnectError"):
        await gateway.query(NUMBER)
    await gateway.aclose()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, {"code": "ORDER_NOT_EXIST"}),
        (302, {"prepay_id": "wx1"}),  # a redirect has no signature
        (404, b"<html>nginx</html>"),
        (404, {"code": ""}),
        (403, b"\xff\xfe"),
        (200, {"prepay_id": "wx1"}),  # not signed
        (204, b""),
    ],
)
async def test_answers_that_are_not_wechats_prove_nothing(
    fooled_pay: WeChatPay, parrot: Parrot, status: int, body: object
) -> None:
    parrot.say(status, body)
    for call in (fooled_pay.query(NUMBER), fooled_pay.close(NUMBER), fooled_pay.prepay(prepay_of(NUMBER))):
        with pytest.raises(OutcomeUnknown):
            await call


async def test_signed_answers_in_another_form_prove_nothing(
    fooled_pay: WeChatPay, parrot: Parrot, identity: Identity
) -> None:
    parrot.say_signed(identity, {"state": "fine"})
    for call in (
        fooled_pay.query(NUMBER),
        fooled_pay.close(NUMBER),
        fooled_pay.prepay(prepay_of(NUMBER)),
        fooled_pay.query_refund(REFUND),
    ):
        with pytest.raises(OutcomeUnknown):
            await call


async def test_a_signed_answer_about_another_number_proves_nothing(
    fooled_pay: WeChatPay, parrot: Parrot, identity: Identity
) -> None:
    about = {"appid": identity.appid, "mchid": identity.mchid, "out_trade_no": "T9", "trade_state": "CLOSED"}
    parrot.say_signed(identity, about)
    with pytest.raises(OutcomeUnknown, match="answered about T9"):
        await fooled_pay.query(NUMBER)
    refund = {
        "out_refund_no": "R9",
        "refund_id": "1",
        "out_trade_no": NUMBER,
        "transaction_id": "2",
        "status": "SUCCESS",
        "amount": {"refund": 1},
    }
    parrot.say_signed(identity, refund)
    with pytest.raises(OutcomeUnknown, match="answered about R9"):
        await fooled_pay.refund(refund_of("4200001"))
