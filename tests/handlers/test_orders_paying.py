"""WeChat's messages about payments: genuine or not, matching or not, late, doubled, or missing."""

from datetime import timedelta
from typing import Any

import pytest

from server import db
from server.core.errors import WeChatUnavailable
from server.gateways.ports import PaymentNotice, Prepay
from server.rules.payments import Outcome
from server.services.checkout import closing, payments
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, join, make_sku, publish, shopper, until, work


async def count(table: str, where: str = "true") -> int:
    return int(await db.fetch_value(f"SELECT count(*) FROM {table} WHERE {where}"))


async def opened(mall: Mall) -> tuple[Shopper, str]:
    """Return a member with an order whose payment is open."""
    me = await shopper(mall)
    order_no = (await me.place(await make_sku()))["order_no"]
    payment = (await me.post(f"/orders/{order_no}/pay"))["payment"]
    assert sorted(payment) == ["nonceStr", "package", "paySign", "signType", "timeStamp"]
    return me, order_no


async def sandbox_state(mall: Mall, order_no: str) -> dict[str, Any]:
    answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={order_no}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_paying_again_gives_the_same_prepay(mall: Mall) -> None:
    me, order_no = await opened(mall)
    first = (await me.post(f"/orders/{order_no}/pay"))["payment"]
    second = (await me.post(f"/orders/{order_no}/pay"))["payment"]
    assert first["package"] == second["package"]


async def test_a_notice_settles_and_its_copies_change_nothing(mall: Mall) -> None:
    await mall.control("knobs", duplicate=3)
    me, order_no = await opened(mall)
    told = await mall.control("pay", out_trade_no=order_no)
    assert (told["notified"], told["notify_status"]) == (True, 204)

    async def all_sent() -> bool:
        (notice,) = (await sandbox_state(mall, order_no))["notices"]
        return len(notice["attempts"]) == 4

    await until(all_sent)
    (notice,) = (await sandbox_state(mall, order_no))["notices"]
    assert {one["status"] for one in notice["attempts"]} == {204}
    assert (await me.order(order_no))["status"] == "paid"
    assert (await count("payments"), await count("ledger_entries", "kind = 'order_paid'")) == (1, 1)
    await work(mall)
    await proved(mall)


@pytest.mark.parametrize(
    ("knob", "field"),
    [
        ("wrong_amount", "amount"),
        ("foreign_mchid", "mchid"),
        ("foreign_appid", "appid"),
        ("unknown_number", "order"),
    ],
)
async def test_a_notice_that_does_not_fit_changes_nothing_and_is_told(mall: Mall, knob: str, field: str) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", **{knob: 1})
    told = await mall.control("pay", out_trade_no=order_no)
    assert told["notify_status"] == 204
    assert (await me.order(order_no))["status"] == "pending"
    assert (await count("payments"), await count("ledger_entries")) == (0, 0)
    row = await db.fetch_row("SELECT outcome, mismatch FROM payment_notices")
    assert row is not None
    assert (row["outcome"], row["mismatch"]) == ("mismatch", field)
    assert await count("alarms", f"kind = 'payment_mismatch' AND detail ->> 'field' = '{field}'") == 1
    # The server asks WeChat and learns the real result.
    mall.clock.advance(30)
    await work(mall)
    assert (await me.order(order_no))["status"] == "paid"
    await proved(mall)


async def test_somebody_elses_payment_changes_nothing_and_is_told(mall: Mall) -> None:
    me, order_no = await opened(mall)
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET openid = 'o-other' WHERE id = $1", me.id)
    assert (await mall.control("pay", out_trade_no=order_no))["notify_status"] == 204
    mall.clock.advance(3600)
    await work(mall)
    assert (await me.order(order_no))["status"] == "pending"
    assert await count("alarms", "kind = 'payment_mismatch' AND detail ->> 'field' = 'payer'") == 1


@pytest.mark.parametrize(("knob", "reason"), [("tamper", "signature"), ("stale", "stale"), ("signtest", "probe")])
async def test_a_notice_that_is_not_genuine_is_refused_and_recorded(mall: Mall, knob: str, reason: str) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", **{knob: True})
    told = await mall.control("pay", out_trade_no=order_no)
    refused = await count("security_events", f"kind = 'pay_notify' AND reason LIKE '%{reason}%'")
    assert refused >= 1, [dict(row) for row in await db.fetch("SELECT * FROM security_events")]
    if knob == "signtest":  # WeChat's test call has a bad signature; the notice after it is genuine
        assert (told["notify_status"], (await me.order(order_no))["status"]) == (204, "paid")
        return
    assert (told["notify_status"], (await me.order(order_no))["status"]) == (401, "pending")
    await mall.control("knobs", reset=True)
    mall.clock.advance(60)
    await work(mall)
    assert (await me.order(order_no))["status"] == "paid"


async def test_forged_notices_are_refused(mall: Mall) -> None:
    for headers in ({}, {"Wechatpay-Signature": "x", "Wechatpay-Serial": "y", "Wechatpay-Timestamp": "1"}):
        for path in ("pay", "refund"):
            answer = await mall.http.post(f"/wechat/{path}/notify", content=b'{"id":"1"}', headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert await count("security_events") == 4


async def test_a_dropped_notice_is_found_by_asking(mall: Mall) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", drop={"op": "pay_notify"})
    await mall.control("pay", out_trade_no=order_no)
    await work(mall)
    assert (await me.order(order_no))["status"] == "pending"
    mall.clock.advance(21)
    await work(mall)
    assert (await me.order(order_no))["status"] == "paid"
    await proved(mall)


async def test_while_wechat_cannot_answer_questions_wait(mall: Mall) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", drop={"op": "pay_notify"}, fail_500_after_commit={"op": "query"})
    await mall.control("pay", out_trade_no=order_no)
    mall.clock.advance(21)
    await work(mall)
    assert (await me.order(order_no))["status"] == "pending"
    await mall.control("knobs", reset=True)
    mall.clock.advance(60)
    await work(mall)
    assert (await me.order(order_no))["status"] == "paid"


async def test_a_payment_after_close_goes_back_by_itself(mall: Mall) -> None:
    me = await shopper(mall)
    sku = await make_sku(stock=1)
    placed = await me.place(sku)
    order_no = placed["order_no"]
    await me.post(f"/orders/{order_no}/cancel")
    # The member's phone still has the parameters of a payment that was opened just before the order closed.
    soon = mall.clock.now() + timedelta(minutes=10)
    await mall.deps.pay.prepay(Prepay(order_no, "商品", placed["cash_due_fen"], me.openid, soon))
    assert (await mall.control("pay", out_trade_no=order_no))["notify_status"] == 204
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    (refund,) = (await sandbox_state(mall, order_no))["refunds"]
    assert (refund["amount"]["refund"], refund["status"]) == (placed["cash_due_fen"], "SUCCESS")
    assert (await me.order(order_no))["status"] == "closed"
    assert await count("alarms", "kind = 'payment_after_close'") == 1
    assert await count("refunds", "kind = 'stray' AND state = 'succeeded'") == 1
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == 1
    await proved(mall)


async def test_a_second_payment_goes_back_by_itself(mall: Mall) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", second_payment=True)
    first = await mall.control("pay", out_trade_no=order_no)
    second = await mall.control("pay", out_trade_no=order_no)
    assert (second["notify_status"], first["transaction_id"] != second["transaction_id"]) == (204, True)
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    (refund,) = (await sandbox_state(mall, order_no))["refunds"]
    assert (refund["transaction_id"], refund["status"]) == (second["transaction_id"], "SUCCESS")
    order = await me.order(order_no)
    assert (order["status"], order["refunded_fen"]) == ("paid", 0)
    assert await count("alarms", "kind = 'payment_twice'") == 1
    await proved(mall)


FAULTS = ["fail_500_after_commit", "timeout_after_commit", "bad_signature_after_commit"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_answer_to_a_prepay_is_asked_again(mall: Mall, fault: str) -> None:
    me = await shopper(mall)
    order_no = (await me.place(await make_sku()))["order_no"]
    await mall.control("knobs", timeout_hold_s=0.1, **{fault: {"count": 9, "op": "prepay"}})
    answer = await me.ask("POST", f"/orders/{order_no}/pay")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "wechat_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    await mall.control("knobs", reset=True)
    await me.pay(order_no)
    assert (await me.order(order_no))["status"] == "paid"


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_answer_to_a_close_leaves_the_order_pending(mall: Mall, fault: str) -> None:
    me, order_no = await opened(mall)
    await mall.control("knobs", timeout_hold_s=0.1, **{fault: {"count": 9, "op": "close"}})
    assert await me.refused_post(f"/orders/{order_no}/cancel") == "503 wechat_unavailable"
    assert (await me.order(order_no))["status"] == "pending"
    with pytest.raises(WeChatUnavailable):
        await closing.close(mall.deps, order_no, "timeout")
    await mall.control("knobs", reset=True)
    mall.clock.advance(16 * 60)
    await work(mall)
    assert (await me.order(order_no))["status"] == "closed"
    await proved(mall)


async def test_a_payment_that_wechat_refuses_to_open_is_told(mall: Mall) -> None:
    me, order_no = await opened(mall)
    await me.pay(order_no)
    other = (await me.place(await make_sku()))["order_no"]
    await mall.control("knobs", rate_limited={"op": "prepay"})
    assert await me.refused_post(f"/orders/{other}/pay") in ("422 payment_refused", "503 wechat_unavailable")
    assert (await me.order(other))["status"] == "pending"


async def test_a_referred_payment_snapshots_the_chain_and_the_version(mall: Mall) -> None:
    version = await publish(mall)
    top = await join(mall)
    middle = await join(mall, top)
    low = await join(mall, middle)
    order_no = await low.buy(await make_sku())
    row = await db.fetch_row("SELECT * FROM orders WHERE order_no = $1", order_no)
    assert row is not None
    assert (row["referrer_id"], row["ancestor2_id"], row["ancestor3_id"]) == (middle.id, top.id, None)
    assert row["rule_version"] == version


async def test_an_order_is_never_paid_before_it_was_placed(mall: Mall) -> None:
    """In development the sandbox may use the machine's clock while the mall's clock was moved forward."""
    me = await shopper(mall)
    placed = await me.place(await make_sku())
    said = PaymentNotice(
        appid=mall.deps.appid,
        mchid=mall.deps.mchid,
        out_trade_no=placed["order_no"],
        transaction_id="4200000000202611220000000001",
        trade_state="SUCCESS",
        amount_fen=placed["cash_due_fen"],
        currency="CNY",
        payer_openid=me.openid,
        success_time=mall.deps.clock.now() - timedelta(days=7),
    )
    assert await payments.settle(mall.deps, said, "notify") is Outcome.SETTLE
    order = await me.order(placed["order_no"])
    assert order["paid_at"] == order["created_at"]


async def test_a_member_who_allowed_it_is_told_of_the_payment(mall: Mall) -> None:
    me = await shopper(mall)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO notice_credits (member_id, template, credits) VALUES ($1, 'paid', 1)", me.id
        )
    order_no = await me.buy(await make_sku())
    told = await db.fetch_value("SELECT args ->> 'query' FROM outbox WHERE job = 'send_notice'")
    assert told == f"order_no={order_no}"
