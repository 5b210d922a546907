"""Bills from WeChat, and everything that can go wrong with them."""

import asyncio
import gzip
import hashlib
import io
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from server.core.errors import BillNotReady
from server.gateways.ports import OutcomeUnknown, RefundRequest, WeChatError
from server.gateways.wechat_pay import PayConfig, WeChatPay
from server.rules.bills import Bill
from server.sandbox import crypto
from server.sandbox.identity import Identity
from tests.gateways.conftest import Control
from tests.gateways.wire import HandClock, Parrot, prepay_of

DAY = date(2026, 11, 22)
NUMBER = "T261122120000AAAA2222"


@pytest.fixture
async def paid(pay: WeChatPay, control: Control) -> str:
    await control("code", openid="o-member")
    await pay.prepay(prepay_of(NUMBER))
    return str((await control("pay", out_trade_no=NUMBER))["transaction_id"])


async def bill(pay: WeChatPay, kind: Bill = Bill.TRADE, day: date = DAY) -> list[str]:
    into = io.BytesIO()
    await pay.bill(kind, day, into)
    return into.getvalue().decode().splitlines()


def test_the_library_still_has_the_private_names_that_sign(pay_config: PayConfig) -> None:
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
    assert (core._mchid, core._cert_serial_no) == (pay_config.mchid, pay_config.mch_serial)
    assert core._private_key.key_size >= 2048


async def test_the_three_bills_of_a_day(pay: WeChatPay, paid: str) -> None:
    await pay.refund(RefundRequest("R1", paid, 990, 1990, "不想要了"))
    trade, refund, fund = await bill(pay), await bill(pay, Bill.REFUND), await bill(pay, Bill.FUND)
    assert [len(lines) for lines in (trade, refund, fund)] == [4, 4, 6]
    assert f"`{paid}" in trade[1]
    assert ",`R1,`9.90" in refund[1]
    assert [line.split(",`")[3] for line in fund[1:4]] == ["交易", "扣除交易手续费", "退款"]


async def test_a_day_without_movement_has_no_bill(pay: WeChatPay) -> None:
    assert await bill(pay) == []


async def test_there_is_no_bill_before_ten_the_next_morning(pay: WeChatPay, control: Control, clock: HandClock) -> None:
    await control("knobs", bills_today=False)
    with pytest.raises(BillNotReady) as early:
        await bill(pay)
    assert early.value.detail == {"day": "2026-11-22"}
    clock.advance(15 * 3600)
    with pytest.raises(BillNotReady):
        await bill(pay)
    clock.advance(7 * 3600)
    assert await bill(pay) == []
    with pytest.raises(WeChatError, match="INVALID_REQUEST"):
        await bill(pay, day=DAY - timedelta(days=100))


@pytest.mark.parametrize("knob", ["fail_500_after_commit", "bad_signature_after_commit", "rate_limited"])
@pytest.mark.parametrize("op", ["trade_bill", "fund_bill"])
async def test_an_answer_that_cannot_be_believed(
    pay: WeChatPay, control: Control, paid: str, knob: str, op: str
) -> None:
    await control("knobs", **{knob: {"count": 1, "op": op}})
    kind = Bill.TRADE if op == "trade_bill" else Bill.FUND
    with pytest.raises(OutcomeUnknown):
        await bill(pay, kind)
    assert await bill(pay, kind)


@pytest.mark.parametrize("knob", ["fail_500_after_commit", "rate_limited"])
async def test_a_file_that_does_not_come(pay: WeChatPay, control: Control, paid: str, knob: str) -> None:
    await control("knobs", **{knob: {"count": 1, "op": "bill_download"}})
    with pytest.raises(OutcomeUnknown):
        await bill(pay)


TEXT = "一\r\n`1\r\n".encode()


@pytest.fixture
async def shelf() -> AsyncIterator[Parrot]:
    """Run the server behind the download link."""
    bird = Parrot()
    server = await asyncio.start_server(bird.serve, "127.0.0.1", 0)
    async with server:
        bird.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield bird


def link(parrot: Parrot, identity: Identity, url: str, content: bytes) -> None:
    """Let the signed answer contain `url` and the hash of `content`."""
    digest = hashlib.sha1(content).hexdigest().upper()  # noqa: S324 - WeChat uses SHA-1
    parrot.say_signed(identity, {"download_url": url, "hash_type": "SHA1", "hash_value": digest})


@pytest.mark.parametrize("hashed", [TEXT, gzip.compress(TEXT, mtime=0)])
async def test_the_hash_may_be_of_either_form_and_the_link_is_signed_as_it_is_sent(
    fooled_pay: WeChatPay, parrot: Parrot, shelf: Parrot, identity: Identity, hashed: bytes
) -> None:
    link(parrot, identity, f"{shelf.url}/file?token=a%2Fb", hashed)
    shelf.say(200, gzip.compress(TEXT, mtime=0))
    assert await bill(fooled_pay) == ["一", "`1"]
    [fetched] = shelf.heard
    assert fetched.target == "/file?token=a%2Fb"
    headers = {name.lower(): value for name, value in fetched.headers.items()}
    assert headers["accept-encoding"] == "identity"
    pairs = dict(re.findall(r'(\w+)="([^"]*)"', headers["authorization"]))
    message = crypto.message_lines("GET", fetched.target, pairs["timestamp"], pairs["nonce_str"], b"")
    assert crypto.rsa_verify(crypto.load_public_key(identity.merchant_public_key), message, pairs["signature"])


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, gzip.compress(b"changed")),
        (200, b"no gzip"),
        (200, gzip.compress(TEXT * 1000)[:-20]),
        (404, b"<html>"),
        (302, b""),
    ],
    ids=["hash", "form", "cut", "proxy", "moved"],
)
async def test_a_file_that_is_not_the_bill(
    fooled_pay: WeChatPay, parrot: Parrot, shelf: Parrot, identity: Identity, status: int, content: bytes
) -> None:
    link(parrot, identity, shelf.url, TEXT)
    shelf.say(status, content)
    with pytest.raises(OutcomeUnknown):
        await bill(fooled_pay)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/file", "http://["])
async def test_a_link_that_leads_nowhere(fooled_pay: WeChatPay, parrot: Parrot, identity: Identity, url: str) -> None:
    link(parrot, identity, url, TEXT)
    with pytest.raises(OutcomeUnknown):
        await bill(fooled_pay)


async def test_a_link_that_ran_out(fooled_pay: WeChatPay, parrot: Parrot, shelf: Parrot, identity: Identity) -> None:
    link(parrot, identity, shelf.url, TEXT)
    shelf.say(400, {"code": "INVALID_REQUEST", "message": "下载链接无效或已过期"})
    with pytest.raises(WeChatError, match="INVALID_REQUEST"):
        await bill(fooled_pay)
