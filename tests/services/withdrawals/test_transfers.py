"""Withdrawals when WeChat fails, does not answer, refuses, or contradicts itself: never paid twice, never lost."""

import asyncio
import contextlib
from typing import Any

import pytest

from server import db
from server.gateways.ports import OutcomeUnknown, TransferNotice
from server.rules.withdrawals import S
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals import transfers
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import ask, rich, send, set_policy, state_of
from tests.support.shop import DAY_S, Shopper, run_jobs, until, work

RETRY_S = 61
"""A little longer than the first wait before WeChat is asked again."""


async def later(mall: Mall, seconds: float = RETRY_S) -> None:
    mall.clock.advance(seconds)
    await work(mall)


async def alarms() -> list[str]:
    rows = await db.fetch("SELECT kind FROM alarms WHERE kind LIKE 'withdrawal%' ORDER BY id")
    return [row["kind"] for row in rows]


async def ends_well(mall: Mall, anna: Shopper, no: str) -> None:
    """Check that the member can confirm and is paid once."""
    assert await state_of(anna, no) == "confirming"
    assert (await mall.http.post(f"/sandbox/transfers/{no}/confirm")).json()["state"] == "SUCCESS"
    assert await state_of(anna, no) == "paid"
    assert (await anna.wallet())["in_flight_fen"] == 0
    await proved(mall)


async def said_of(no: str, state: str, **more: Any) -> TransferNotice:
    bill = await db.fetch_value("SELECT wechat_bill_no FROM withdrawals WHERE withdrawal_no = $1", no)
    return TransferNotice(out_bill_no=no, transfer_bill_no=bill or "1330001", state=state, **more)


@pytest.mark.parametrize("fault", ["fail_500_after_commit", "bad_signature_after_commit", "rate_limited"])
async def test_the_answer_to_sending_is_lost(mall: Mall, fault: str) -> None:
    """WeChat may have acted or not: it is asked, and then the same bill is sent again."""
    anna = await rich(mall)
    await mall.control("knobs", **{fault: {"count": 1, "op": "transfer"}})
    no = await send(mall, anna)
    assert await state_of(anna, no) == "sent"
    await proved(mall)
    await later(mall)
    await ends_well(mall, anna, no)


async def test_killed_while_wechat_answers(mall: Mall) -> None:
    anna = await rich(mall)
    no = await ask(anna)
    await withdrawal_requests.approve(mall.deps, no, "tester")
    await mall.control("knobs", timeout_after_commit={"count": 1, "op": "transfer"})
    sending = asyncio.create_task(transfers.send(mall.deps, no))

    async def gone_out() -> bool:
        return bool(await db.fetch_value("SELECT state = 'sent' FROM withdrawals"))

    await until(gone_out)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    await proved(mall)
    await later(mall)
    await ends_well(mall, anna, no)


async def test_killed_after_the_request_and_after_the_approval(mall: Mall) -> None:
    """The committed rows are enough: any worker can continue from them."""
    anna = await rich(mall)
    no = await ask(anna)
    await work(mall)
    assert await state_of(anna, no) == "requested"
    await withdrawal_requests.approve(mall.deps, no, "tester")
    await proved(mall)
    await work(mall)
    await transfers.send(mall.deps, no)  # the job comes twice
    await ends_well(mall, anna, no)


async def test_the_end_is_never_told(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.control("knobs", drop={"op": "transfer_notify"})
    await mall.http.post(f"/sandbox/transfers/{no}/confirm")
    assert await state_of(anna, no) == "confirming"
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "transfer_query"})
    await later(mall)
    assert await state_of(anna, no) == "confirming"
    await later(mall, 2 * RETRY_S)
    assert await state_of(anna, no) == "paid"
    await proved(mall)


async def test_the_shops_purse_is_empty(mall: Mall) -> None:
    """The bill waits under its number, with one alarm, until the shop has money again."""
    anna = await rich(mall)
    await mall.control("knobs", not_enough={"count": 2, "op": "transfer"})
    no = await send(mall, anna)
    await later(mall, 2 * RETRY_S)
    assert await state_of(anna, no) == "sent"
    assert await alarms() == ["withdrawal_refused"]
    await later(mall, 8 * RETRY_S)
    await ends_well(mall, anna, no)


async def test_called_off_while_the_shops_purse_is_empty(mall: Mall) -> None:
    anna = await rich(mall)
    await mall.control("knobs", not_enough={"op": "transfer"})
    no = await send(mall, anna)
    await anna.post(f"/withdrawals/{no}/cancel")
    await run_jobs(mall)
    assert await state_of(anna, no) == "sent"  # a call to WeChat may still be running
    await later(mall)
    assert await state_of(anna, no) == "cancelled"
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await transfers.call_off(mall.deps, no)
    await transfers._never_made(mall.deps, no, S.FAILED, "重复")
    assert await state_of(anna, no) == "cancelled"
    await proved(mall)


@pytest.mark.parametrize("silent", [False, True])
async def test_refused_for_good(mall: Mall, silent: bool) -> None:
    await set_policy(mall, transfer_scene_id="9999")
    anna = await rich(mall)
    if silent:
        await mall.control("knobs", rate_limited={"count": 1, "op": "transfer_query"})
    no = await send(mall, anna)
    if silent:
        assert await state_of(anna, no) == "sent"
        await later(mall, 2 * RETRY_S)
    failed = await anna.get(f"/withdrawals/{no}")
    assert (failed["state"], failed["why"]) == ("failed", "微信未能完成转账，请稍后再试或联系客服")
    assert await alarms() == ["withdrawal_refused"]
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_the_answer_is_lost_and_the_shop_changes_its_scene(mall: Mall) -> None:
    """WeChat has the bill and refuses the changed repetition. The member cannot confirm it, so it expires."""
    anna = await rich(mall)
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "transfer"})
    no = await send(mall, anna)
    await set_policy(mall, transfer_scene_id="1006")
    await later(mall)
    seen = await anna.get(f"/withdrawals/{no}")
    assert (seen["state"], seen["confirm"]) == ("sent", None)
    await later(mall, DAY_S)
    assert await state_of(anna, no) == "expired"
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_called_off_while_the_answer_to_sending_is_on_its_way(mall: Mall) -> None:
    anna = await rich(mall)
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "transfer"})
    no = await send(mall, anna)
    await anna.post(f"/withdrawals/{no}/cancel")
    await db.fetch("UPDATE outbox SET done_at = due_at WHERE job = 'cancel_withdrawal' RETURNING id")
    assert await transfers.apply(mall.deps, await said_of(no, "WAIT_USER_CONFIRM", package_info="x"))
    assert (await anna.get(f"/withdrawals/{no}"))["cancelling"]
    await later(mall, 1)
    await later(mall, 2 * RETRY_S)
    assert await state_of(anna, no) == "cancelled"
    await proved(mall)


async def test_wechat_keeps_silent_about_a_cancellation(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "transfer_cancel"})
    await anna.post(f"/withdrawals/{no}/cancel")
    with pytest.raises(OutcomeUnknown):
        await transfers.call_off(mall.deps, no)
    await later(mall)
    await later(mall, 2 * RETRY_S)
    assert await state_of(anna, no) == "cancelled"
    await proved(mall)


@pytest.mark.parametrize(
    "falsified", [{"amount_fen": 4_999}, {"openid": "o-somebody"}, {"mchid": "1600000001"}, {"out_bill_no": "W9"}]
)
async def test_what_does_not_fit_changes_nothing(mall: Mall, falsified: dict[str, Any]) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    said: dict[str, Any] = {
        "out_bill_no": no,
        "transfer_bill_no": "1",
        "state": "SUCCESS",
        "amount_fen": 5_000,
    } | falsified
    assert not await transfers.apply(mall.deps, TransferNotice(**said))
    assert await alarms() == ["withdrawal_mismatch"]
    assert await state_of(anna, no) == "confirming"


async def test_old_news_and_the_same_again(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    for state in ("SUCCESS", "SUCCESS", "WAIT_USER_CONFIRM"):
        assert await transfers.apply(mall.deps, await said_of(no, state, amount_fen=5_000))
    assert await state_of(anna, no) == "paid"
    assert await alarms() == []
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'withdrawal_paid'") == 1


@pytest.mark.parametrize("said", ["SUCCESS", "WAIT_USER_CONFIRM"])
async def test_wechat_pays_what_was_given_back(mall: Mall, said: str) -> None:
    """This should never happen. If it does, operators are told, and the books stay as they are."""
    anna = await rich(mall)
    no = await ask(anna)
    await anna.post(f"/withdrawals/{no}/cancel")
    assert not await transfers.apply(mall.deps, await said_of(no, said, package_info="x"))
    assert await alarms() == ["withdrawal_contradiction"]
    assert await state_of(anna, no) == "cancelled"
    await proved(mall)


async def test_wechat_no_longer_knows_a_bill(mall: Mall) -> None:
    """WeChat forgets a bill after 30 days. That proves nothing, so a person must decide."""
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.control("knobs", drop={"op": "transfer_notify"})
    await later(mall, 31 * DAY_S)
    await anna.log_in_again()
    assert await state_of(anna, no) == "confirming"
    assert await alarms() == ["withdrawal_lost"]
    assert not await transfers.ask_due(mall.deps)


async def test_a_bill_whose_answer_was_lost_is_not_sent_again_once_wechat_may_have_forgotten_it(mall: Mall) -> None:
    """
    Given a bill that WeChat took and paid, its answer and its notice lost, in a shop that stood still for a month
    When WeChat no longer knows it
    Then it may have been paid: it is not sent again, and a person looks at it
    """
    anna = await rich(mall)
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "transfer"}, drop={"op": "transfer_notify"})
    no = await send(mall, anna)
    assert (await mall.http.post(f"/sandbox/transfers/{no}/confirm")).json()["state"] == "SUCCESS"
    mall.clock.advance(31 * DAY_S)
    await work(mall)
    await anna.log_in_again()
    assert await state_of(anna, no) == "sent"
    assert await alarms() == ["withdrawal_lost"]
    assert (await anna.wallet())["in_flight_fen"] == 5_000
    await proved(mall)


async def test_a_sending_that_comes_late_does_not_send_what_was_called_off(mall: Mall) -> None:
    """The job may run twice. If the member has cancelled and WeChat has no such bill, WeChat must not get one."""
    anna = await rich(mall)
    await mall.control("knobs", not_enough={"count": 1, "op": "transfer"})
    no = await send(mall, anna)
    await anna.post(f"/withdrawals/{no}/cancel")
    await transfers.send(mall.deps, no)
    assert await mall.deps.pay.query_transfer(no) is None
    await later(mall)
    assert await state_of(anna, no) == "cancelled"
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_a_shop_without_funds_for_longer_than_wechat_remembers(mall: Mall) -> None:
    """WeChat says each time that it does not know the bill. At last it is sent under its number and paid once."""
    anna = await rich(mall)
    await mall.control("knobs", not_enough={"op": "transfer"})
    no = await send(mall, anna)
    for _ in range(5):
        await later(mall, 8 * DAY_S)
    await anna.log_in_again()
    assert await state_of(anna, no) == "sent"
    await mall.control("knobs", reset=True)
    await later(mall, DAY_S)
    await ends_well(mall, anna, no)


async def test_called_off_when_wechat_never_knew_it_for_a_month(mall: Mall) -> None:
    anna = await rich(mall)
    await mall.control("knobs", not_enough={"op": "transfer"})
    no = await send(mall, anna)
    for _ in range(5):
        await later(mall, 8 * DAY_S)
    await withdrawal_requests.cancel_for(mall.deps, no, "tester")
    await later(mall, DAY_S)
    await anna.log_in_again()
    assert await state_of(anna, no) == "cancelled"
    assert (await anna.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


async def test_a_notice_that_is_not_believed(mall: Mall) -> None:
    answer = await mall.http.post("/wechat/transfer/notify", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert await db.fetch_value("SELECT kind FROM security_events") == "transfer_notify"


async def test_members_are_told(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.http.post(f"/sandbox/transfers/{no}/confirm")
    told = await db.fetch("SELECT args ->> 'values' AS said FROM outbox WHERE job = 'send_notice' ORDER BY id")
    assert ["待转账" in told[0]["said"], "待确认收款" in told[1]["said"], "已到账" in told[2]["said"]] == [True] * 3
