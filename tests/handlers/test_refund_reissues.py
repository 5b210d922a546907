"""Refunds that WeChat could not make: asked about again, told every day, and made in the end under a second number."""

import asyncio
from typing import Any

import pytest

from server import db
from server.core.errors import NotFound, ReissueRefused, StateConflict, WeChatUnavailable
from server.gateways.ports import BankCard, RefundNotice
from server.jobs import payments as payment_jobs
from server.services.orders import refund_reissues, refund_transfers
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, join, make_sku, work

DAY_S = 86_400
CARD = BankCard(bank_type="ICBC_DEBIT", account="6222020200112233445", real_name="张三")


async def ended(mall: Mall, outcome: str) -> tuple[Shopper, str, str]:
    """Return a member, a refunded order and its refund, which WeChat has ended so. The next ones succeed."""
    me = await join(mall)
    order_no = await me.buy(await make_sku(10_000))
    await work(mall)
    await mall.control("knobs", refund_outcome=outcome, drop={"op": "refund_notify"})
    refund_no = (await me.refund(order_no))["refund_no"]
    await work(mall)
    await pass_minutes(mall, 2)
    assert await state() == "abnormal"
    await mall.control("knobs", reset=True)
    mall.clock.advance(61)  # WeChat wants a minute between two refunds of one order
    return me, order_no, refund_no


async def pass_minutes(mall: Mall, minutes: float) -> None:
    mall.clock.advance(minutes * 60)
    await work(mall)


async def state() -> str:
    return str(await db.fetch_value("SELECT state FROM refunds"))


async def at_wechat(mall: Mall, order_no: str) -> list[tuple[str, str]]:
    """Return what WeChat has: the status of each number."""
    answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={order_no}")
    return sorted((one["status"], one["out_refund_no"]) for one in answer.json()["refunds"])


async def sent_entries() -> list[str]:
    return [row["key"] for row in await db.fetch("SELECT key FROM ledger_entries WHERE kind = 'refund_sent'")]


async def account(code: str) -> int:
    total = await db.fetch_value("SELECT COALESCE(sum(amount), 0) FROM ledger_lines WHERE code = $1", code)
    return int(total)


async def test_a_closed_refund_is_made_under_a_second_number(mall: Mall) -> None:
    me, order_no, refund_no = await ended(mall, "CLOSED")
    (shown,) = (await me.get(f"/orders/{order_no}/refunds"))["items"]
    assert (shown["state"], shown["delayed"]) == ("processing", True)
    with pytest.raises(StateConflict):
        await refund_reissues.to_card(mall.deps, refund_no, CARD, "anna", "原卡已注销")
    number = await refund_reissues.again(mall.deps, refund_no, "anna", "余额不足，已充值")
    with pytest.raises(StateConflict):
        await refund_reissues.again(mall.deps, refund_no, "anna", "再来一次")
    await work(mall)
    await pass_minutes(mall, 2)
    assert await at_wechat(mall, order_no) == [("CLOSED", refund_no), ("SUCCESS", number)]
    (shown,) = (await me.get(f"/orders/{order_no}/refunds"))["items"]
    assert (shown["refund_no"], shown["state"], shown["delayed"]) == (refund_no, "succeeded", False)
    assert await sent_entries() == [f"refund-sent:{refund_no}"]
    await proved(mall)


async def test_what_wechat_says_later_of_a_number_that_was_given_up(mall: Mall) -> None:
    me, order_no, refund_no = await ended(mall, "CLOSED")
    await refund_reissues.again(mall.deps, refund_no, "anna", "已充值")
    said: dict[str, Any] = {"mchid": "", "refund_no": refund_no, "refund_id": "5", "out_trade_no": order_no}
    said |= {"transaction_id": "4", "amount_fen": 10_000, "success_time": None}
    assert await refund_transfers.apply(mall.deps, RefundNotice(**said, status="CLOSED"))
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_mismatch'") == 0
    assert not await refund_transfers.apply(mall.deps, RefundNotice(**said, status="SUCCESS"))
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_mismatch'") == 1
    assert await sent_entries() == []
    await work(mall)
    await pass_minutes(mall, 2)
    assert (await me.order(order_no))["status"] == "refunded"
    assert await sent_entries() == [f"refund-sent:{refund_no}"]


async def test_a_closed_refund_paid_by_hand_leaves_wechats_money_alone(mall: Mall) -> None:
    _, _, refund_no = await ended(mall, "CLOSED")
    await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "anna", "会员要求转银行卡")
    assert (await state(), await account("refunds_due"), await account("paid_by_hand")) == ("succeeded", 0, 10_000)
    assert await account("wechat_cash") == -10_000  # credit-positive: what was paid is still there
    told = await db.fetch_value(
        "SELECT args ->> 'values' FROM outbox WHERE job = 'send_notice' ORDER BY id DESC LIMIT 1"
    )
    assert "已线下退款" in told
    row = await db.fetch_row("SELECT way, number, ended, before_no, by FROM refund_reissues")
    assert row is not None
    assert tuple(row) == ("hand", "BANK20261201", "CLOSED", refund_no, "anna")
    with pytest.raises(StateConflict):
        await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261202", "anna", "再付一次")
    await proved(mall)
    said = await mall.deps.pay.query_refund(refund_no)
    assert said is not None
    late = RefundNotice(**{name: getattr(said, name) for name in said.__slots__} | {"status": "SUCCESS"})
    assert not await refund_transfers.apply(mall.deps, late)
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_mismatch'") == 1


async def test_an_abnormal_refund_goes_to_the_payers_card(mall: Mall) -> None:
    me, order_no, refund_no = await ended(mall, "ABNORMAL")
    with pytest.raises(StateConflict):
        await refund_reissues.again(mall.deps, refund_no, "anna", "重新来")
    await refund_reissues.to_card(mall.deps, refund_no, CARD, "anna", "原卡已注销")
    assert await state() == "processing"
    await pass_minutes(mall, 2)
    assert await at_wechat(mall, order_no) == [("SUCCESS", refund_no)]
    assert ((await me.get(f"/orders/{order_no}/refunds"))["items"][0]["state"], await account("refunds_due")) == (
        "succeeded",
        0,
    )
    assert await sent_entries() == [f"refund-sent:{refund_no}"]
    for text in await db.fetch("SELECT detail::text FROM audit_log UNION ALL SELECT args::text FROM outbox"):
        assert CARD.account not in text[0], "a card is kept nowhere"
    await proved(mall)


async def test_an_abnormal_refund_paid_by_hand_is_done_when_wechat_gave_the_money_back(mall: Mall) -> None:
    _, _, refund_no = await ended(mall, "ABNORMAL")
    await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "anna", "已转银行卡")
    assert (await state(), await sent_entries()) == ("processing", [])
    await pass_minutes(mall, 2)
    assert (await state(), await sent_entries()) == ("succeeded", [f"refund-sent:{refund_no}"])
    assert await account("paid_by_hand") == 0
    await proved(mall)


async def test_an_abnormal_refund_is_asked_about_again_and_told_every_day(mall: Mall) -> None:
    _, order_no, refund_no = await ended(mall, "ABNORMAL")
    refund_id = await db.fetch_value("SELECT wechat_refund_id FROM refunds")
    count = "SELECT count(*) FROM alarms WHERE kind = 'refund_abnormal'"
    for _ in range(3):
        mall.clock.advance(3_601)
        await payment_jobs.check_refunds(mall.deps)
    assert (await state(), await db.fetch_value(count)) == ("abnormal", 1)
    mall.clock.advance(DAY_S)
    await payment_jobs.check_refunds(mall.deps)
    assert await db.fetch_value(count) == 2
    await mall.deps.pay.redirect_refund(refund_id, refund_no, None)  # as somebody does in WeChat's own console
    mall.clock.advance(3_601)
    await payment_jobs.check_refunds(mall.deps)
    assert await at_wechat(mall, order_no) == [("SUCCESS", refund_no)]
    assert await state() == "succeeded"
    await proved(mall)


async def test_what_wechat_made_meanwhile_is_not_paid_again(mall: Mall) -> None:
    _, _, refund_no = await ended(mall, "ABNORMAL")
    refund_id = await db.fetch_value("SELECT wechat_refund_id FROM refunds")
    await mall.deps.pay.redirect_refund(refund_id, refund_no, None)
    mall.clock.advance(60)
    with pytest.raises(StateConflict):
        await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "anna", "已转银行卡")
    assert (await state(), await db.fetch_value("SELECT count(*) FROM refund_reissues")) == ("succeeded", 0)
    with pytest.raises(NotFound):
        await refund_reissues.again(mall.deps, "R0", "anna", "没有这笔")


async def test_two_operators_at_once_pay_once(mall: Mall) -> None:
    _, order_no, refund_no = await ended(mall, "CLOSED")
    results = await asyncio.gather(
        refund_reissues.again(mall.deps, refund_no, "anna", "已充值"),
        refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "bob", "已转账"),
        refund_reissues.again(mall.deps, refund_no, "carl", "已充值"),
        return_exceptions=True,
    )
    assert [isinstance(one, StateConflict) for one in results].count(True) == 2
    assert await db.fetch_value("SELECT count(*) FROM refund_reissues") == 1
    await work(mall)
    await pass_minutes(mall, 2)
    assert (await state(), await sent_entries()) == ("succeeded", [f"refund-sent:{refund_no}"])
    assert [status for status, _ in await at_wechat(mall, order_no)].count("SUCCESS") <= 1
    await proved(mall)


async def test_without_wechats_word_nothing_is_paid(mall: Mall) -> None:
    _, _, refund_no = await ended(mall, "CLOSED")
    await mall.control("knobs", rate_limited={"op": "refund_query"})
    with pytest.raises(WeChatUnavailable):
        await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "anna", "已转银行卡")
    await mall.control("knobs", reset=True)
    async with db.transaction() as tx:
        await tx.execute("UPDATE refunds SET issue_no = 'R-unknown-there', issued_at = now()")
    with pytest.raises(WeChatUnavailable):
        await refund_reissues.by_hand(mall.deps, refund_no, "BANK20261201", "anna", "已转银行卡")
    assert (await state(), await db.fetch_value("SELECT count(*) FROM refund_reissues")) == ("abnormal", 0)


@pytest.mark.parametrize("silent", [False, True])
async def test_a_card_without_an_answer_is_asked_about_and_a_refused_one_told(mall: Mall, silent: bool) -> None:
    _, _, refund_no = await ended(mall, "ABNORMAL")
    if silent:
        await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "refund_abnormal"})
        with pytest.raises(WeChatUnavailable):
            await refund_reissues.to_card(mall.deps, refund_no, CARD, "anna", "原卡已注销")
        assert await state() == "abnormal"
        await pass_minutes(mall, 61)
        assert await state() == "succeeded"
        await proved(mall)
        return
    nobody = BankCard(bank_type="ICBC_DEBIT", account="6222020200112233445", real_name="")
    with pytest.raises(ReissueRefused):
        await refund_reissues.to_card(mall.deps, refund_no, nobody, "anna", "原卡已注销")
    assert await state() == "abnormal"


@pytest.mark.parametrize("remedy", ["again", "hand"])
async def test_a_doubled_payments_refund_ends_somewhere_too(mall: Mall, remedy: str) -> None:
    me = await join(mall)
    order_no = await me.buy(await make_sku(10_000))
    await mall.control("knobs", second_payment=1, refund_outcome="CLOSED")
    await mall.control("pay", out_trade_no=order_no)
    await work(mall)
    await pass_minutes(mall, 2)
    await mall.control("knobs", reset=True)
    mall.clock.advance(61)
    row = await db.fetch_row("SELECT refund_no, kind, state, problem FROM refunds")
    assert row is not None
    assert tuple(row)[1:] == ("stray", "abnormal", "CLOSED")
    if remedy == "again":
        await refund_reissues.again(mall.deps, row["refund_no"], "anna", "已充值")
        await work(mall)
        await pass_minutes(mall, 2)
    else:
        await refund_reissues.by_hand(mall.deps, row["refund_no"], "BANK20261201", "anna", "已转银行卡")
    assert (await state(), await account("refunds_due")) == ("succeeded", 0)
    assert (await me.order(order_no))["status"] == "paid"
    await proved(mall)
