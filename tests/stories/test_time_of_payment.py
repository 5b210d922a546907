"""The time of payment decides: rule, policies, referrers, the first order are as of `paid_at`, however late that is."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from server import db
from server.core.clock import SHANGHAI
from server.ledger import statement
from server.rules.payments import Outcome
from server.services.checkout import payments
from server.services.rebates import blocking, first_orders, qualifications
from server.services.referrals import bindings
from tests.support.circle import circle, shop_refunds
from tests.support.late import bought_unheard, heard, notices_of_friends, opened, order_of, settled, standing, taken
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import join, make_sku, pass_days, publish, publish_commission, work

_transactions = count(10**9)


# Versions


async def test_given_a_version_published_after_the_payment_then_the_late_notice_uses_the_one_before(mall: Mall) -> None:
    first = await publish(mall)
    a = await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    mall.clock.advance(600)
    await publish(mall, required=2, min_paid_fen=10**9)
    await heard(mall, said)
    assert (await order_of(said))["rule_version"] == first
    assert await standing(friend) == [(a.me.id, "counted", None)]
    await proved(mall)


@pytest.mark.parametrize(("later_s", "version"), [(0, 1), (1, 2)])
async def test_a_version_applies_from_the_second_after_its_publication(mall: Mall, later_s: int, version: int) -> None:
    await publish(mall)
    buyer = await join(mall)
    order_no = await opened(buyer, await make_sku())
    mall.clock.advance(1)
    await publish(mall)
    at: datetime = await db.fetch_value("SELECT max(published_at) FROM rule_versions")
    second = at.replace(microsecond=0) + timedelta(seconds=later_s)
    said = replace(await taken(buyer, order_no), success_time=second)
    await heard(mall, said)
    assert (await order_of(said))["rule_version"] == version


async def test_given_no_rule_when_it_was_paid_then_the_order_counts_for_nobody(mall: Mall) -> None:
    a, friend = await circle(mall), await join(mall)
    code = await db.fetch_value("SELECT share_code FROM members WHERE id = $1", a.me.id)
    await bindings.bind_late(mall.deps, friend.id, code)
    said = await bought_unheard(friend, a.sku)
    await publish(mall)
    await heard(mall, said)
    assert (await order_of(said))["rule_version"] is None
    assert await standing(friend) == []
    await heard(mall, await bought_unheard(friend, a.sku))
    assert await standing(friend) == [(a.me.id, "counted", None)], "the first order matched no rule"


async def test_given_policies_published_after_the_payment_then_commission_is_by_those_before(mall: Mall) -> None:
    await publish(mall)

    def ratio(ratio_bp: int) -> list[dict[str, Any]]:
        return [{"kind": "ratio", "ratio_bp": ratio_bp}]

    version = await publish_commission(mall, policies=ratio(1_000))
    a = await circle(mall)
    said = await bought_unheard(await join(mall, a.me), a.sku)
    await publish_commission(mall, policies=ratio(2_000))
    await heard(mall, said)
    (mine,) = (await a.me.get("/commissions"))["items"]
    assert (mine["explanation"]["version"], mine["amount_fen"]) == (version, 2_000)


async def test_given_a_ladder_then_an_order_known_in_the_next_month_sees_the_month_it_was_paid_in(mall: Mall) -> None:
    await publish(mall)
    steps = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 20_000, "ratio_bp": 1_000}]
    await publish_commission(mall, policies=[{"kind": "ladder", "by": "month", "tiers": steps}])
    local = mall.clock.now().astimezone(SHANGHAI)
    end = (local.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    mall.clock.advance((end - local).total_seconds() - 300)
    a = await circle(mall)
    await a.bring()
    said = await bought_unheard(await join(mall, a.me), a.sku)
    mall.clock.advance(400)
    await heard(mall, said)
    mine = (await a.me.get("/commissions"))["items"]
    assert [one["amount_fen"] for one in mine] == [2_000, 200]


# The first order


async def test_given_an_earlier_payment_known_later_then_the_qualification_moves_to_its_referrer(mall: Mall) -> None:
    await publish(mall)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, b.me.id, "误绑", "boss")
    second = await friend.buy(a.sku)
    await work(mall)
    await friend.receive(second)
    await pass_days(mall, 0)
    assert await standing(friend) == [(b.me.id, "counted", None)]
    await heard(mall, said)
    assert await standing(friend) == [(b.me.id, "void", "earlier_order"), (a.me.id, "counted", None)]
    assert [await notices_of_friends(one.me) for one in (a, b)] == [1, 1]
    assert (await a.me.progress())["counted"] == 1
    await proved(mall)


async def test_given_a_friend_whose_later_order_is_completed_then_growth_goes_with_the_move(mall: Mall) -> None:
    await publish(mall)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, b.me.id, "误绑", "boss")
    second = await friend.buy(a.sku)
    await friend.receive(second)
    async with db.transaction() as tx:  # a notice that comes more than a week late, of an order that never closed
        await tx.execute("UPDATE orders SET expires_at = expires_at + interval '30 days' WHERE status = 'pending'")
    await pass_days(mall, 8)
    growth = "SELECT COALESCE(sum(amount), 0)::bigint FROM growth_entries WHERE member_id = $1"
    gained = await db.fetch_value(growth, b.me.id)
    assert gained > 0
    await friend.log_in_again()
    await heard(mall, said)
    assert await db.fetch_value(growth, b.me.id) == 0
    await friend.receive(said.out_trade_no)
    await pass_days(mall, 8)
    assert await db.fetch_value(growth, a.me.id) == gained
    await proved(mall)


async def test_given_the_same_referrer_then_nobody_is_told_twice(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await friend.buy(a.sku)
    await work(mall)
    await heard(mall, said)
    assert await standing(friend) == [(a.me.id, "void", "earlier_order"), (a.me.id, "counted", None)]
    moved = await db.fetch_row("SELECT order_id, paid_at FROM qualifications WHERE state = 'counted'")
    order = await order_of(said)
    assert moved is not None
    assert (moved["order_id"], moved["paid_at"]) == (order["id"], order["paid_at"])
    assert await notices_of_friends(a.me) == 1


async def test_given_an_earlier_payment_without_referrer_then_the_referee_qualifies_for_nobody(mall: Mall) -> None:
    await publish(mall)
    a, friend = await circle(mall), await join(mall)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, a.me.id, "补绑", "boss")
    second = await friend.buy(a.sku)
    await work(mall)
    assert await standing(friend) == [(a.me.id, "counted", None)]
    await heard(mall, said)
    assert await standing(friend) == [(a.me.id, "void", "earlier_order")]
    third = await friend.buy(a.sku)
    await work(mall)
    assert await standing(friend) == [(a.me.id, "void", "earlier_order")], "the first order still decides"
    await shop_refunds(mall, said.out_trade_no)
    assert await standing(friend) == [(a.me.id, "void", "earlier_order"), (a.me.id, "counted", None)]
    counted = "SELECT o.order_no FROM qualifications q JOIN orders o ON o.id = q.order_id WHERE q.state = 'counted'"
    assert await db.fetch_value(counted) == second != third


async def test_given_equal_times_then_the_lower_order_is_the_earlier(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    friend = await join(mall, a.me)
    lower, higher = await opened(friend, a.sku), await opened(friend, a.sku)
    said = await taken(friend, lower)
    await heard(mall, replace(await taken(friend, higher), success_time=said.success_time))
    await heard(mall, said)
    counted = "SELECT o.order_no FROM qualifications q JOIN orders o ON o.id = q.order_id WHERE q.state = 'counted'"
    assert await db.fetch_value(counted) == lower


async def test_given_a_consumed_qualification_then_it_stays_until_a_reversal_frees_it(mall: Mall) -> None:
    await publish(mall, required=2)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, b.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, a.me.id, "误绑", "boss")
    await friend.buy(a.sku)
    (other,) = await a.bring()
    assert await standing(friend) == [(a.me.id, "consumed", None)]
    await heard(mall, said)
    assert await standing(friend) == [(a.me.id, "consumed", None)]
    await other.refund()
    await work(mall)
    assert await standing(friend) == [(a.me.id, "void", "earlier_order"), (b.me.id, "counted", None)]
    await proved(mall)


async def test_given_an_earlier_order_that_waits_for_receipt_then_it_takes_over_when_it_is_received(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, b.me.id, "误绑", "boss")
    second = await friend.buy(a.sku)
    await work(mall)
    await heard(mall, said)
    assert await standing(friend) == [(b.me.id, "pending", None)]
    await friend.receive(second)
    await work(mall)
    assert await standing(friend) == [(b.me.id, "counted", None)]
    await friend.receive(said.out_trade_no)
    await work(mall)
    assert await standing(friend) == [(b.me.id, "void", "earlier_order"), (a.me.id, "counted", None)]


async def test_given_a_blocked_referrer_of_the_earlier_order_then_the_moved_one_is_held(mall: Mall) -> None:
    await publish(mall)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, b.me.id, "误绑", "boss")
    await friend.buy(a.sku)
    await blocking.block(mall.deps, a.me.id, "调查", "tester")
    await heard(mall, said)
    assert await standing(friend) == [(b.me.id, "void", "earlier_order"), (a.me.id, "held", None)]
    assert await notices_of_friends(a.me) == 0


async def test_given_a_closed_referrer_of_the_earlier_order_then_nobody_gains(mall: Mall) -> None:
    await publish(mall)
    a, b = await circle(mall), await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, friend.id, b.me.id, "误绑", "boss")
    await friend.buy(a.sku)
    await work(mall)
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET state = 'closed' WHERE id = $1", a.me.id)
    await heard(mall, said)
    assert await standing(friend) == [(b.me.id, "void", "earlier_order")]


async def test_given_a_void_by_review_then_an_earlier_payment_changes_nothing(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await friend.buy(a.sku)
    await work(mall)
    await qualifications.review(mall.deps, await db.fetch_value("SELECT id FROM qualifications"), "void", "tester")
    await heard(mall, said)
    assert await standing(friend) == [(a.me.id, "void", "review")]


async def test_given_an_earlier_order_that_does_not_match_then_the_later_one_counts(mall: Mall) -> None:
    await publish(mall, min_paid_fen=10_000)
    a = await circle(mall)
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, await make_sku(5_000))
    await friend.buy(a.sku)
    await work(mall)
    await heard(mall, said)
    await first_orders.look_at(mall.deps, friend.id)
    assert await standing(friend) == [(a.me.id, "counted", None)]


async def test_given_a_failed_team_then_the_first_payment_is_forgotten_but_not_the_others(mall: Mall) -> None:
    """`first_paid_at` is the time of the earliest payment, whichever was heard first."""
    friend, sku = await join(mall), await make_sku()
    said = await bought_unheard(friend, sku)
    await friend.buy(sku)
    later = await db.fetch_value("SELECT first_paid_at FROM members WHERE id = $1", friend.id)
    await heard(mall, said)
    order = await order_of(said)
    assert (
        await db.fetch_value("SELECT first_paid_at FROM members WHERE id = $1", friend.id) == order["paid_at"] < later
    )


# The books


async def test_a_payments_entry_happened_when_it_was_paid_and_is_posted_when_it_is_known(mall: Mall) -> None:
    await publish(mall, required=2, observe_days=0)
    a = await circle(mall)
    await a.bring(2)
    await a.receive_all()
    placed = await a.me.place(a.sku, use_balance_fen=4_000)
    await a.me.post(f"/orders/{placed['order_no']}/pay")
    said = await taken(a.me, placed["order_no"])
    mall.clock.advance(300)
    before = mall.clock.now()
    await heard(mall, said)
    key = f"order-paid:{said.out_trade_no}"
    entry = await db.fetch_row("SELECT id, effective_at, posted_at FROM ledger_entries WHERE key = $1", key)
    assert entry is not None
    assert said.success_time is not None
    assert entry["effective_at"] == said.success_time < before <= entry["posted_at"]
    lines = await statement.statement(a.me.id, before_entry=None, limit=50)
    assert [line.time for line in lines if line.entry_id == entry["id"]] in ([], [entry["effective_at"]])
    assert [line.entry_id for line in lines] == sorted((line.entry_id for line in lines), reverse=True)


async def test_a_payment_that_is_given_back_happened_when_wechat_took_it(mall: Mall) -> None:
    buyer = await join(mall)
    order_no = await opened(buyer, await make_sku())
    said = await taken(buyer, order_no)
    await settled(mall, said)
    mall.clock.advance(60)
    again = replace(said, transaction_id=f"42{next(_transactions)}")
    assert await payments.settle(mall.deps, again, "notify") is Outcome.TWICE
    entry = await db.fetch_row("SELECT effective_at, posted_at FROM ledger_entries WHERE kind = 'stray_payment'")
    assert entry is not None
    assert entry["effective_at"] == said.success_time
    assert entry["posted_at"] - entry["effective_at"] > timedelta(minutes=1)
