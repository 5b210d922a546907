"""Merchant transfers (商家转账) against the sandbox, and against a server that answers nonsense."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from server.gateways.ports import NoticeRejected, OutcomeUnknown, TransferNotice, TransferRequest, WeChatError
from server.gateways.wechat_pay import WeChatPay
from server.sandbox.identity import Identity
from tests.gateways.conftest import Control
from tests.gateways.wire import NOON, HandClock, Parrot, notice, signature_headers

NUMBER = "W261122120000AAAA2222"
SMALL = TransferRequest(
    out_bill_no=NUMBER,
    openid="o-member",
    amount_fen=5000,
    remark="余额提现",
    scene_id="1005",
    reports={"岗位类型": "推广员", "报酬说明": "推荐好友返还"},
    real_name=None,
)
LARGE = replace(SMALL, amount_fen=200_000, real_name="王小明")


@pytest.fixture(autouse=True)
async def member(control: Control) -> None:
    await control("code", openid="o-member")


def whole(identity: Identity, **changes: object) -> dict[str, object]:
    """Return a transfer as queries and notices describe it."""
    return {
        "mch_id": identity.mchid,
        "out_bill_no": NUMBER,
        "transfer_bill_no": "1330001",
        "state": "SUCCESS",
        "transfer_amount": 5000,
        "openid": "o-member",
        "create_time": "2026-11-22T12:00:00+08:00",
        "update_time": "2026-11-22T12:00:00+08:00",
        **changes,
    }


async def test_a_transfer_to_its_end_and_its_notice(
    pay: WeChatPay, control: Control, parrot: Parrot, identity: Identity, clock: HandClock
) -> None:
    opened = await pay.transfer(SMALL)
    assert (opened.state, opened.amount_fen, opened.openid) == ("WAIT_USER_CONFIRM", None, "")
    assert opened.package_info
    assert await pay.transfer(SMALL) == opened
    await control("transfer_confirm", out_bill_no=NUMBER)
    ended = await pay.query_transfer(NUMBER)
    assert ended == TransferNotice(
        out_bill_no=NUMBER,
        transfer_bill_no=opened.transfer_bill_no,
        state="SUCCESS",
        mchid=identity.mchid,
        openid="o-member",
        amount_fen=5000,
        updated_at=clock.now().replace(microsecond=0),
    )
    heard = await parrot.hears(1)
    assert heard.target == "/wechat/transfer/notify"
    named = {name.title(): value for name, value in heard.headers.items()}
    assert pay.parse_transfer_notice(named, heard.body) == ended


async def test_a_name_travels_encrypted_and_is_compared(pay: WeChatPay, control: Control, clock: HandClock) -> None:
    await control("knobs", name_mismatch=1)
    assert (await pay.transfer(LARGE)).state == "ACCEPTED"
    assert (await pay.transfer(LARGE)).state == "ACCEPTED"  # the name is encrypted anew; it is still the same bill
    clock.advance(2)
    ended = await pay.query_transfer(NUMBER)
    assert ended is not None
    assert (ended.state, ended.fail_reason) == ("FAIL", "NAME_NOT_CORRECT")


async def test_what_goes_over_the_wire(fooled_pay: WeChatPay, parrot: Parrot, identity: Identity) -> None:
    answer = {"out_bill_no": NUMBER, "transfer_bill_no": "1", "state": "ACCEPTED", "fail_reason": None}
    parrot.say_signed(identity, answer)
    assert (await fooled_pay.transfer(LARGE)).fail_reason == ""
    sent = parrot.heard[0]
    assert (sent.method, sent.target) == ("POST", "/v3/fund-app/mch-transfer/transfer-bills")
    assert b'"notify_url": "https://mall.example.com/wechat/transfer/notify"' in sent.body
    assert "王小明".encode("unicode-escape") not in sent.body
    assert {name.lower(): value for name, value in sent.headers.items()}["wechatpay-serial"] == (
        identity.platform_public_key_id
    )


async def test_cancelling_before_it_is_confirmed(pay: WeChatPay, clock: HandClock) -> None:
    assert await pay.cancel_transfer(NUMBER) is None
    await pay.transfer(SMALL)
    cancelling = await pay.cancel_transfer(NUMBER)
    assert cancelling is not None
    assert cancelling.state == "CANCELING"
    clock.advance(2)
    ended = await pay.query_transfer(NUMBER)
    assert ended is not None
    assert (ended.state, ended.fail_reason) == ("CANCELLED", "MCH_CANCEL")


async def test_too_late_to_cancel(pay: WeChatPay, control: Control) -> None:
    await pay.transfer(SMALL)
    await control("transfer_confirm", out_bill_no=NUMBER)
    with pytest.raises(WeChatError, match="INVALID_REQUEST"):
        await pay.cancel_transfer(NUMBER)


async def test_refusals_keep_wechats_code(pay: WeChatPay, control: Control) -> None:
    await control("knobs", not_enough={"count": 1, "op": "transfer"})
    with pytest.raises(WeChatError, match="NOT_ENOUGH"):
        await pay.transfer(SMALL)
    assert await pay.query_transfer(NUMBER) is None
    await pay.transfer(SMALL)
    with pytest.raises(WeChatError, match="INVALID_REQUEST"):
        await pay.transfer(replace(SMALL, amount_fen=1))


async def test_names_where_they_do_not_belong_are_ours_to_refuse(fooled_pay: WeChatPay) -> None:
    """The library would silently drop one name, and its error for the other would look like an unknown outcome."""
    with pytest.raises(ValueError, match="takes no name"):
        await fooled_pay.transfer(replace(LARGE, amount_fen=29))
    with pytest.raises(ValueError, match="needs name"):
        await fooled_pay.transfer(replace(LARGE, real_name=None))
    assert "王" not in repr(LARGE)


@pytest.mark.parametrize("number", ["", "a b", "../x", "提现"])
async def test_numbers_that_cannot_stand_in_a_path_are_ours_to_refuse(fooled_pay: WeChatPay, number: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        await fooled_pay.transfer(replace(SMALL, out_bill_no=number))
    for call in (fooled_pay.query_transfer, fooled_pay.cancel_transfer):
        with pytest.raises(ValueError, match="not a number"):
            await call(number)


@pytest.mark.parametrize("fault", ["fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit"])
async def test_every_call_says_unknown_when_the_answer_is_lost(pay: WeChatPay, control: Control, fault: str) -> None:
    calls: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("transfer", lambda: pay.transfer(SMALL)),
        ("transfer_query", lambda: pay.query_transfer(NUMBER)),
        ("transfer_cancel", lambda: pay.cancel_transfer(NUMBER)),
    ]
    for op, call in calls:
        await control("knobs", timeout_hold_s=2, **{fault: {"count": 1, "op": op}})
        with pytest.raises(OutcomeUnknown):
            await call()
    known = await pay.query_transfer(NUMBER)
    assert known is not None
    assert known.state == "CANCELING"  # WeChat had done all of it


async def test_a_signed_answer_about_another_number_or_in_another_form_proves_nothing(
    fooled_pay: WeChatPay, parrot: Parrot, identity: Identity
) -> None:
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: fooled_pay.transfer(SMALL),
        lambda: fooled_pay.query_transfer(NUMBER),
        lambda: fooled_pay.cancel_transfer(NUMBER),
    ]
    for answer in (whole(identity, out_bill_no="W9"), {"state": "SUCCESS"}):
        parrot.say_signed(identity, answer)
        for call in calls:
            with pytest.raises(OutcomeUnknown):
                await call()


def parsed(pay: WeChatPay, identity: Identity, event: str, kind: str, resource: object) -> TransferNotice:
    body = notice(identity, event, kind, resource)
    return pay.parse_transfer_notice(signature_headers(identity, body, int(NOON.timestamp())), body)


def test_what_a_notice_must_be(pay: WeChatPay, identity: Identity) -> None:
    event, kind = "MCHTRANSFER.BILL.FINISHED", "mch_payment"
    failed = parsed(pay, identity, event, kind, whole(identity, state="FAIL", fail_reason="OVERDUE_CLOSE"))
    assert (failed.state, failed.fail_reason, failed.amount_fen) == ("FAIL", "OVERDUE_CLOSE", 5000)
    for odd in (
        ("TRANSACTION.SUCCESS", kind, whole(identity)),
        (event, "transaction", whole(identity)),
        (event, kind, whole(identity, transfer_amount=None)),
        (event, kind, {"out_bill_no": NUMBER}),
    ):
        with pytest.raises(NoticeRejected):
            parsed(pay, identity, *odd)
