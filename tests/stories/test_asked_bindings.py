"""The chain of referrers is that of the time of payment, and a binding asked for meanwhile waits for it."""

import asyncio

from server import db
from server.rules import referrals
from server.services.rebates import blocking, first_orders
from server.services.referrals import bindings
from tests.support import purse
from tests.support.circle import circle
from tests.support.late import (
    bought_unheard,
    heard,
    notices_of_friends,
    opened,
    order_of,
    settled,
    standing,
    taken,
    waiting_bindings,
)
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import Shopper, join, make_sku, publish, publish_commission, run_jobs, work

# The referrer


async def test_given_a_binding_asked_for_after_wechat_took_the_money_then_the_order_has_no_referrer(mall: Mall) -> None:
    await publish(mall)
    a, friend = await circle(mall), await join(mall)
    said = await bought_unheard(friend, a.sku)
    mall.clock.advance(5)
    again = await join(mall, a.me, openid=friend.openid)
    assert again.binding == {"status": "pending", "reason": None}
    await heard(mall, said)
    order = await order_of(said)
    assert (order["referrer_id"], order["ancestor2_id"], order["ancestor3_id"]) == (None, None, None)
    assert (await standing(friend), await waiting_bindings()) == ([], 0)
    code = await a.me.share_code()
    assert await friend.refused_post("/me/binding", {"share_code": code}) == "422 has_paid_order"
    assert (await a.me.get("/me/referral"))["progress"]["counted"] == 0


async def test_given_a_binding_asked_for_before_the_money_was_taken_then_it_holds_from_then_on(mall: Mall) -> None:
    await publish(mall)
    await publish_commission(
        mall, policies=[{"kind": "ratio", "ratio_bp": 1_000}, {"kind": "ratio", "ratio_bp": 500, "level": 2}], depth=2
    )
    above = await join(mall)
    me = await join(mall, above)
    friend, sku = await join(mall), await make_sku(20_000)
    order_no = await opened(friend, sku)
    asked_from = mall.clock.now()
    assert (await friend.post("/me/binding", {"share_code": await me.share_code()}))["status"] == "pending"
    assert (await friend.post("/me/binding", {"share_code": await me.share_code()}))["status"] == "pending"
    asked_until = mall.clock.now()
    mall.clock.advance(1)
    await heard(mall, said := await taken(friend, order_no))
    order = await order_of(said)
    assert (order["referrer_id"], order["ancestor2_id"], order["ancestor3_id"]) == (me.id, above.id, None)
    assert await standing(friend) == [(me.id, "counted", None)]
    assert [(await shopper.get("/commissions"))["items"][0]["level"] for shopper in (me, above)] == [1, 2]
    bound = await db.fetch_row("SELECT b.*, m.bound_at FROM bindings b JOIN members m ON m.id = b.member_id"
                               " WHERE b.member_id = $1", friend.id)  # fmt: skip
    assert bound is not None
    assert asked_from <= bound["valid_from"] == bound["bound_at"] <= asked_until
    assert (bound["how"], await waiting_bindings()) == ("late", 0)
    assert await notices_of_friends(me) == 1
    await proved(mall)


async def test_given_an_order_that_closes_then_the_binding_is_made_at_once(mall: Mall) -> None:
    await publish(mall)
    me, friend = await join(mall), await join(mall)
    order_no = await opened(friend, await make_sku())
    assert (await friend.post("/me/binding", {"share_code": await me.share_code()}))["status"] == "pending"
    await friend.post(f"/orders/{order_no}/cancel")
    await run_jobs(mall)
    assert await db.fetch_value("SELECT referrer_id FROM members WHERE id = $1", friend.id) == me.id


async def told_to_wait(person: Shopper) -> list[str | None]:
    """Return what the member's page and the centre say of a binding that waits."""
    return [(await person.get(path))["binding_waits"] for path in ("/me", "/me/referral")]


async def test_given_a_binding_that_waits_then_the_member_is_told_what_for_until_it_is_decided(mall: Mall) -> None:
    await publish(mall)
    me, friend = await join(mall), await join(mall)
    assert await told_to_wait(friend) == [None, None]
    order_no = await opened(friend, await make_sku())
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    assert await told_to_wait(friend) == [referrals.WAITS] * 2
    assert (await friend.get("/me/referral"))["referrer"] is None
    async with db.snapshot() as reader:
        [waits] = await bindings.waiting(reader, friend.id)
    assert (waits.referrer_id, waits.how, waits.held_by) == (me.id, "late", [order_no])
    await bindings.correct_binding(mall.deps, friend.id, me.id, "补绑", "boss")
    assert await told_to_wait(friend) == [None, None], "an operator has decided"
    assert await waiting_bindings() == 1
    await friend.post(f"/orders/{order_no}/cancel")
    async with db.snapshot() as reader:
        assert [one.held_by for one in await bindings.waiting(reader, friend.id)] == [[]]
    await work(mall)
    assert await waiting_bindings() == 0


async def test_given_a_payment_that_is_not_opened_then_nothing_waits(mall: Mall) -> None:
    await publish(mall)
    me, friend = await join(mall), await join(mall)
    await friend.place(await make_sku())
    assert (await friend.post("/me/binding", {"share_code": await me.share_code()}))["status"] == "bound"


async def test_given_two_open_payments_then_a_binding_waits_for_both_and_later_ones_do_not_count(mall: Mall) -> None:
    await publish(mall)
    me, friend, sku = await join(mall), await join(mall), await make_sku()
    first, second = await opened(friend, sku), await opened(friend, sku)
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    mall.clock.advance(1)
    third = await opened(friend, sku)
    for order_no in (first, third):
        await heard(mall, await taken(friend, order_no))
    assert await waiting_bindings() == 1, "the second may have been paid before"
    await heard(mall, said := await taken(friend, second))
    assert await db.fetch_value("SELECT count(*) FROM orders WHERE referrer_id = $1", me.id) == 3
    assert await standing(friend) == [(me.id, "counted", None)]
    earliest = "SELECT o.order_no FROM qualifications q JOIN orders o ON o.id = q.order_id"
    assert await db.fetch_value(earliest) == first != said.out_trade_no


async def test_given_a_crash_before_the_job_then_the_tick_decides(mall: Mall) -> None:
    await publish(mall)
    me, friend = await join(mall), await join(mall)
    order_no = await opened(friend, await make_sku())
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    mall.clock.advance(1)
    await settled(mall, await taken(friend, order_no))
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM outbox")
    assert await first_orders.decide_due_bindings(mall.deps) == 1
    assert await first_orders.decide_due_bindings(mall.deps) == 0
    await first_orders.decide_bindings(mall.deps, friend.id)
    assert await db.fetch_value("SELECT referrer_id FROM orders WHERE order_no = $1", order_no) == me.id


async def test_given_several_wishes_then_the_oldest_that_passes_wins(mall: Mall) -> None:
    await publish(mall)
    people = [await join(mall) for _ in range(6)]
    friend = await join(mall)
    order_no = await opened(friend, await make_sku())
    for one in people[:5]:
        assert (await friend.post("/me/binding", {"share_code": await one.share_code()}))["status"] == "pending"
    sixth = await people[5].share_code()
    assert await friend.refused_post("/me/binding", {"share_code": sixth}) == "429 too_many_requests"
    await blocking.block(mall.deps, people[0].id, "调查", "tester")
    await friend.post(f"/orders/{order_no}/cancel")
    assert (await friend.post("/me/binding", {"share_code": await people[1].share_code()}))["status"] == "pending"
    await work(mall)
    assert await db.fetch_value("SELECT referrer_id FROM members WHERE id = $1", friend.id) == people[1].id
    assert await waiting_bindings() == 0


async def test_given_a_wish_after_the_payment_ended_then_it_waits_for_the_older_ones(mall: Mall) -> None:
    await publish(mall)
    me, other, friend = await join(mall), await join(mall), await join(mall)
    order_no = await opened(friend, await make_sku())
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    await friend.post(f"/orders/{order_no}/cancel")
    assert (await friend.post("/me/binding", {"share_code": await other.share_code()}))["status"] == "pending"
    await work(mall)
    assert await db.fetch_value("SELECT referrer_id FROM members WHERE id = $1", friend.id) == me.id


async def test_given_a_correction_meanwhile_then_the_operator_wins(mall: Mall) -> None:
    await publish(mall)
    me, other, friend = await join(mall), await join(mall), await join(mall)
    order_no = await opened(friend, await make_sku())
    await friend.post("/me/binding", {"share_code": await me.share_code()})
    await bindings.correct_binding(mall.deps, friend.id, other.id, "误绑", "boss")
    await bindings.correct_binding(mall.deps, friend.id, None, "误绑", "boss")
    await friend.post(f"/orders/{order_no}/cancel")
    await work(mall)
    assert await db.fetch_value("SELECT referrer_id FROM members WHERE id = $1", friend.id) is None
    assert await waiting_bindings() == 0


async def test_given_a_correction_after_the_payment_then_the_chain_is_that_of_the_payment(mall: Mall) -> None:
    await publish(mall)
    above, other = await join(mall), await join(mall)
    a = await circle(mall)
    await bindings.correct_binding(mall.deps, a.me.id, above.id, "补绑", "boss")
    friend = await join(mall, a.me)
    said = await bought_unheard(friend, a.sku)
    await bindings.correct_binding(mall.deps, a.me.id, None, "误绑", "boss")
    await bindings.correct_binding(mall.deps, friend.id, other.id, "误绑", "boss")
    await heard(mall, said)
    order = await order_of(said)
    assert (order["referrer_id"], order["ancestor2_id"], order["ancestor3_id"]) == (a.me.id, above.id, None)
    assert await standing(friend) == [(a.me.id, "counted", None)]
    assert await notices_of_friends(a.me) == 1


async def test_given_nothing_to_pay_then_a_binding_committed_before_holds(mall: Mall) -> None:
    """The payment waits for the member's lock while the binding is made, so it is paid after it."""
    await publish(mall)
    me, friend = await join(mall), await purse.rich(mall)
    code = await me.share_code()
    order_no = (await friend.place(await make_sku(5_000), use_balance_fen=10_000))["order_no"]
    async with asyncio.TaskGroup() as tasks, held(MEMBER, friend.id) as tx:
        paying = tasks.create_task(friend.post(f"/orders/{order_no}/pay"))
        await waiting(1)
        assert await bindings.bind(tx, mall.deps, friend.id, code, "late") == bindings.Binding("bound")
    assert paying.result()["paid"] is True
    row = await db.fetch_row(
        "SELECT o.referrer_id, o.paid_at = m.bound_at AS together FROM orders o JOIN members m ON m.id = o.member_id"
        " WHERE o.order_no = $1",
        order_no,
    )
    assert row is not None
    assert (row["referrer_id"], row["together"]) == (me.id, True)
