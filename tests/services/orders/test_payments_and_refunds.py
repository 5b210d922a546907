"""Rare cases with money: repeated messages, refusals by WeChat, missing rows, and more than one batch due."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from server import db
from server.core.errors import Busy, NotFound, RefundNotAllowed, StateConflict
from server.db import Connection
from server.gateways.ports import OutcomeUnknown, PaymentNotice, Prepay, RefundNotice
from server.jobs import orders as order_jobs
from server.jobs import payments as payment_jobs
from server.jobs import rebates as rebate_jobs
from server.rules.payments import Outcome
from server.services.checkout import closing, payment_checks, payments
from server.services.common import batches
from server.services.orders import fulfilment, refund_transfers, refunds
from server.services.rebates import first_orders, qualifications, releases
from server.services.rebates import views as rebate_views
from server.services.terms import rebate_rules
from tests.races.arena import Arena
from tests.support.circle import circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import set_policy
from tests.support.shop import Shopper, join, make_sku, publish, run_jobs, work


async def statuses(*order_nos: str) -> list[str]:
    rows = await db.fetch("SELECT status FROM orders WHERE order_no = ANY ($1)", list(order_nos))
    assert len(rows) == len(order_nos)
    return [row["status"] for row in rows]


async def placed(mall: Mall) -> tuple[Shopper, str, int]:
    """Return a member, a pending order that was not opened at WeChat, and the amount due."""
    me = await join(mall)
    order = await me.place(await make_sku())
    return me, order["order_no"], order["cash_due_fen"]


async def open_elsewhere(mall: Mall, me: Shopper, order_no: str, amount_fen: int) -> None:
    """Open a payment of this order at WeChat that we know nothing of."""
    soon = mall.clock.now() + timedelta(minutes=10)
    await mall.deps.pay.prepay(Prepay(order_no, "商品", amount_fen, me.openid, soon))


async def test_a_word_of_no_payment_leaves_no_trace(mall: Mall) -> None:
    arena = Arena(mall)
    (buyer,) = await arena.members(1)
    order_no = await arena.place(buyer, await make_sku())
    said = await arena.notice(order_no)
    unpaid = PaymentNotice(**{name: getattr(said, name) for name in said.__slots__} | {"trade_state": "NOTPAY"})
    assert await arena.settle(unpaid) is Outcome.UNPAID
    assert await statuses(order_no) == ["pending"]
    assert await db.fetch_value("SELECT count(*) FROM payment_notices") == 0


async def test_a_payment_known_from_elsewhere_is_not_taken_twice(mall: Mall, owner: Connection) -> None:
    arena = Arena(mall)
    (buyer,) = await arena.members(1)
    order_no = await arena.buy(buyer, await make_sku())
    said = await arena.notice(order_no, await db.fetch_value("SELECT transaction_id FROM payments"))
    await owner.execute("DELETE FROM payment_notices")  # the payment stays without its notice
    assert await arena.settle(said) is Outcome.ALREADY
    assert await db.fetch_value("SELECT count(*) FROM payments") == 1
    await proved(mall)


async def test_a_stray_payment_known_from_elsewhere_is_not_given_back_twice(mall: Mall, owner: Connection) -> None:
    arena = Arena(mall)
    (buyer,) = await arena.members(1)
    order_no = await arena.place(buyer, await make_sku())
    said = await arena.notice(order_no)
    assert await closing.close(mall.deps, order_no, "cancelled")
    assert await arena.settle(said) is Outcome.AFTER_CLOSE
    await owner.execute("DELETE FROM payment_notices")  # the inbox is lost, the payment is not
    assert await arena.settle(said) is Outcome.ALREADY
    assert await db.fetch_value("SELECT count(*) FROM refunds") == 1
    await proved(mall)


async def test_what_is_not_pending_cannot_be_written_as_paid(mall: Mall) -> None:
    """Whatever was judged before: what is written is looked at once more."""
    arena = Arena(mall)
    (buyer,) = await arena.members(1)
    order_no = await arena.place(buyer, await make_sku())
    assert await closing.close(mall.deps, order_no, "cancelled")
    order_id = await db.fetch_value("SELECT id FROM orders")
    at = mall.clock.now().isoformat()
    paid = {"order_id": order_id, "member_id": buyer, "status": "paid", "paid_at": at}
    with pytest.raises(StateConflict):
        await db.fetch_value("SELECT settle_write($1)", orjson.dumps({"at": at, "paid": paid}).decode())
    assert await statuses(order_no) == ["closed"]


async def test_an_order_that_wechat_calls_paid_is_settled_by_asking(mall: Mall) -> None:
    me, order_no, due_fen = await placed(mall)
    await open_elsewhere(mall, me, order_no, due_fen)
    await mall.control("knobs", drop={"op": "pay_notify"})
    await mall.control("pay", out_trade_no=order_no)
    assert await statuses(order_no) == ["pending"]
    assert (await payments.pay(mall.deps, me.id, order_no)).parameters is None
    assert await statuses(order_no) == ["paid"]
    await proved(mall)


async def test_an_order_that_wechat_calls_paid_by_a_stranger_is_refused(mall: Mall) -> None:
    me, order_no, due_fen = await placed(mall)
    stranger = await join(mall)
    await open_elsewhere(mall, stranger, order_no, due_fen)
    await mall.control("knobs", drop={"op": "pay_notify"})
    await mall.control("pay", out_trade_no=order_no)
    assert await me.refused_post(f"/orders/{order_no}/pay") == "422 payment_refused"
    assert await statuses(order_no) == ["pending"]


async def test_a_payment_that_wechat_finds_wrong_is_refused(mall: Mall) -> None:
    me, order_no, _ = await placed(mall)
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET openid = 'nobody' WHERE id = $1", me.id)
    assert await me.refused_post(f"/orders/{order_no}/pay") == "422 payment_refused"
    assert await statuses(order_no) == ["pending"]


async def test_a_prepay_is_renewed_before_a_phone_gets_one_that_wechat_forgot(mall: Mall) -> None:
    """
    Given an order that may be paid for a day, and WeChat, which gives the same prepay_id for two hours
    When the member comes back to pay it again and again
    Then WeChat is asked whenever the two hours may be over, and what the phone gets can be paid
    """
    await set_policy(mall, order_minutes=24 * 60)
    me, order_no, _ = await placed(mall)
    seen = []
    for more in (0, 109, 2, 10, 109):
        mall.clock.advance(more * 60)
        assert (await payments.pay(mall.deps, me.id, order_no)).parameters is not None
        seen.append(await db.fetch_value("SELECT prepay_id FROM orders"))
    assert [prepay_id == seen[0] for prepay_id in seen] == [True, True, True, False, False]
    assert seen[-1] == seen[-2]
    await mall.control("pay", out_trade_no=order_no)
    assert await statuses(order_no) == ["paid"]
    await proved(mall)


async def test_somebody_elses_order_cannot_be_paid(mall: Mall) -> None:
    _, order_no, _ = await placed(mall)
    assert await (await join(mall)).refused_post(f"/orders/{order_no}/pay") == "404 not_found"


async def test_only_an_order_with_nothing_due_is_settled_without_cash_and_once(mall: Mall) -> None:
    _, order_no, _ = await placed(mall)
    with pytest.raises(StateConflict):
        await payments.settle_without_cash(mall.deps, order_no)
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    mall.clock.advance(8 * 86_400)
    await work(mall)
    await a.me.log_in_again()
    sku = await make_sku(9_900)
    free = (await a.me.place(sku, use_balance_fen=9_900))["order_no"]
    await a.me.pay(free)
    assert await statuses(free) == ["paid"]
    await payments.settle_without_cash(mall.deps, free)
    assert await db.fetch_value("SELECT sold FROM skus WHERE id = $1", sku) == 1
    await proved(mall)


async def test_a_refund_that_wechat_refuses_is_told_and_made_later(mall: Mall) -> None:
    me = await join(mall)
    order_no = await me.buy(await make_sku(10_000))
    await work(mall)
    await mall.control("knobs", not_enough={"op": "refund"}, drop={"op": "refund_notify"})
    await me.refund(order_no)
    with pytest.raises(OutcomeUnknown):
        await run_jobs(mall)
    assert await refund_transfers.check_pending(mall.deps) == 1
    row = await db.fetch_row("SELECT id, state, problem FROM refunds")
    assert row is not None
    assert (row["state"], row["problem"].split(":")[0]) == ("approved", "NOT_ENOUGH")
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_refused'") == 1
    await mall.control("knobs", not_enough=None)
    async with db.transaction() as tx:  # as if WeChat had accepted it and then forgotten it
        await tx.execute("UPDATE refunds SET state = 'processing'")
    mall.clock.advance(61)
    await refund_transfers.check_pending(mall.deps)
    mall.clock.advance(61)
    await refund_transfers.check_pending(mall.deps)
    assert await db.fetch_value("SELECT state FROM refunds") == "succeeded"
    await refund_transfers.send(mall.deps, row["id"])
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund_sent'") == 1
    await proved(mall)


async def test_a_refund_is_decided_once_and_its_order_stays_where_it_is(mall: Mall) -> None:
    me = await join(mall)
    order_no = await me.buy(await make_sku())
    opened = await refunds.open_for(mall.deps, order_no, None, "售后", "tester")
    await refunds.approve(mall.deps, opened.refund_no, "tester")
    for again in (
        refunds.approve(mall.deps, opened.refund_no, "tester"),
        refunds.reject(mall.deps, opened.refund_no, "tester", "不符"),
        fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester"),
    ):
        with pytest.raises(StateConflict):
            await again
    assert await statuses(order_no) == ["refunded"]
    assert await db.fetch_value("SELECT state FROM refunds") == "approved"
    await proved(mall)


@pytest.mark.parametrize(
    "falsified", [{"amount_fen": 9_999}, {"amount_fen": 10_001}, {"mchid": "1600000001"}, {"refund_no": "R9"}]
)
async def test_what_wechat_says_of_another_refund_changes_nothing(mall: Mall, falsified: dict[str, Any]) -> None:
    me = await join(mall)
    order_no = await me.buy(await make_sku(10_000))
    await work(mall)
    await mall.control("knobs", not_enough={"op": "refund"})
    await me.refund(order_no)
    refund_no = await db.fetch_value("SELECT refund_no FROM refunds")
    said: dict[str, Any] = {"mchid": mall.deps.mchid, "refund_no": refund_no, "amount_fen": 10_000} | falsified
    rest: dict[str, Any] = {"refund_id": "5", "out_trade_no": order_no, "transaction_id": "4", "status": "SUCCESS"}
    assert not await refund_transfers.apply(mall.deps, RefundNotice(**said, **rest, success_time=mall.clock.now()))
    assert await db.fetch_value("SELECT state FROM refunds") == "approved"
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'refund_mismatch'") == 1
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'refund_sent'") == 0


async def test_what_is_not_there_is_not_found(mall: Mall) -> None:
    for absent in (
        refunds.approve(mall.deps, "R0", "tester"),
        refunds.reject(mall.deps, "R0", "tester"),
        refunds.open_for(mall.deps, "T0", None, "售后", "tester"),
        payments.settle_without_cash(mall.deps, "T0"),
        qualifications.review(mall.deps, 1, "void", "tester"),
        rebate_views.referral(mall.deps, 1),
        rebate_rules.terms_of(99),
    ):
        with pytest.raises(NotFound):
            await absent


async def test_an_unpaid_order_has_nothing_to_refund(mall: Mall) -> None:
    _, order_no, _ = await placed(mall)
    with pytest.raises(RefundNotAllowed):
        await refunds.open_for(mall.deps, order_no, None, "售后", "tester")


async def test_void_by_review_is_final(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    (friend,) = await a.bring()
    qualification_id = await db.fetch_value("SELECT id FROM qualifications")
    with pytest.raises(StateConflict):
        await qualifications.review(mall.deps, qualification_id, "pass", "tester")
    for _ in range(2):  # the second time changes nothing
        await qualifications.review(mall.deps, qualification_id, "void", "tester")
    await friend.person.buy(a.sku)
    async with db.transaction() as tx:
        assert await first_orders.requalify(tx, friend.person.id, mall.clock.now()) == []
    assert await a.states() == ["void"]


async def test_a_rebate_of_which_nothing_in_scope_is_left_is_reversed(mall: Mall) -> None:
    inside, outside = await make_sku(6_000, category="face"), await make_sku(9_000, category="food")
    category = await db.fetch_value("SELECT id FROM categories WHERE slug = 'face'")
    await publish(mall, scope={"categories": [category]})
    a = await circle(mall)
    own = await a.me.buy(inside, outside)
    await a.bring(3, sku=inside)
    assert (await a.rebate())["amount_fen"] == 6_000
    first, _ = await line_ids(a.me, own)
    await shop_refunds(mall, own, {first: 1})
    assert (await a.rebate())["state"] == "reversed"
    assert await a.states() == ["counted"] * 3
    assert await statuses(own) == ["paid"]
    await proved(mall)


async def test_releases_wait_while_the_database_is_busy(mall: Mall, owner: Connection) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    mall.clock.advance(8 * 86_400)
    await owner.execute(
        "CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'locked' USING ERRCODE = 'lock_not_available'; END $$"
    )
    await owner.execute("CREATE TRIGGER busy BEFORE UPDATE ON rebate_stages EXECUTE FUNCTION busy()")
    with pytest.raises(Busy):
        await releases.release_due(mall.deps)
    await owner.execute("DROP TRIGGER busy ON rebate_stages; DROP FUNCTION busy")
    assert await releases.release_due(mall.deps) == 3
    assert await db.fetch_value("SELECT state FROM rebates") == "settled"
    await proved(mall)


async def test_ticks_go_on_until_no_order_is_overdue(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "BATCH", 2)
    monkeypatch.setattr(fulfilment, "BATCH", 2)
    arena = Arena(mall)
    sku = await make_sku()
    buyers = await arena.members(3)
    bought = [await arena.buy(buyer, sku) for buyer in buyers]
    unpaid = [await arena.place(buyer, sku) for buyer in buyers]
    for order_no in bought:
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    mall.clock.advance(40 * 86_400)
    await order_jobs.close_expired(mall.deps)
    assert await statuses(*unpaid) == ["closed"] * 3
    await order_jobs.receive_overdue(mall.deps)
    assert await statuses(*bought) == ["received"] * 3
    mall.clock.advance(40 * 86_400)
    await order_jobs.complete_overdue(mall.deps)
    assert await statuses(*bought) == ["completed"] * 3
    await proved(mall)


async def test_ticks_go_on_until_nothing_is_left_to_ask_wechat(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_checks, "BATCH", 1)
    monkeypatch.setattr(refund_transfers, "BATCH", 1)
    await mall.control("knobs", drop=True)
    people = [await join(mall) for _ in range(2)]
    sku = await make_sku()
    bought = [await person.buy(sku) for person in people]
    assert await statuses(*bought) == ["pending"] * 2
    mall.clock.advance(21)
    await payment_jobs.reconcile_pending(mall.deps)
    assert await statuses(*bought) == ["paid"] * 2
    for person, order_no in zip(people, bought, strict=True):
        await person.refund(order_no)
    await run_jobs(mall)
    mall.clock.advance(120)
    await payment_jobs.check_refunds(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE state = 'succeeded'") == 2
    await proved(mall)


async def test_ticks_go_on_until_no_release_is_due(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 2)
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    mall.clock.advance(8 * 86_400)
    await rebate_jobs.release_due(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM rebate_stages WHERE state = 'settled'") == 3
    await proved(mall)
