"""Open refunds hold what their orders bring, until they are decided, withdrawn, or the shop's default decides."""

import asyncio
from typing import Any

import pytest

from server import db
from server.core.errors import StateConflict
from server.services.orders import fulfilment, refunds
from server.services.rebates import releases
from tests.support.circle import Circle, Friend, circle
from tests.support.locks import MEMBER, held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import set_policy
from tests.support.shop import DAY_S, join, make_sku, pass_days, publish, publish_commission, work


async def received(mall: Mall, **terms: Any) -> Circle:
    """Return a circle whose four orders were received 6.9 days ago, under an observation of 7 days."""
    await publish(mall, observe_days=7, withdrawable=True, **terms)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    await pass_days(mall, 6.9)
    for person in (a.me, *(friend.person for friend in a.friends)):
        await person.log_in_again()
    return a


async def rebate(a: Circle) -> tuple[str, str | None]:
    found = await a.rebate()
    return found["state"], found["waits_for"]


async def test_given_friends_who_ask_before_the_observation_ends_then_the_rebate_waits_for_the_decisions(
    mall: Mall,
) -> None:
    a = await received(mall)
    asked = [await friend.refund() for friend in a.friends]
    await pass_days(mall, 0.2)
    assert await rebate(a) == ("frozen", "refund")
    assert (await a.me.wallet())["available_fen"] == 0
    for one in asked:
        await refunds.approve(mall.deps, one["refund_no"], "tester")
    await work(mall)
    assert ((await a.rebate())["state"], (await a.me.wallet())["debt_fen"]) == ("reversed", 0)
    await proved(mall)


async def test_given_a_request_that_is_refused_then_the_rebate_is_released(mall: Mall) -> None:
    a = await received(mall)
    asked = await a.friends[1].refund()
    await pass_days(mall, 0.2)
    await refunds.reject(mall.deps, asked["refund_no"], "tester", "已超出质量问题范围")
    await work(mall)
    assert await rebate(a) == ("settled", None)
    await proved(mall)


async def test_given_a_request_for_the_returned_order_then_the_rebate_waits_until_the_member_withdraws_it(
    mall: Mall,
) -> None:
    a = await received(mall)
    asked = await a.me.refund(a.own)
    await pass_days(mall, 0.2)
    assert await rebate(a) == ("frozen", "refund")
    path = f"/orders/{a.own}/refunds/{asked['refund_no']}/withdraw"
    for _ in range(2):
        assert (await a.me.post(path))["state"] == "withdrawn"
    assert await a.friends[0].person.refused_post(path) == "404 not_found"
    await work(mall)
    assert await rebate(a) == ("settled", None)
    assert "refund" not in (await a.me.order(a.own))["allowed_actions"], "its window is over"
    await proved(mall)


async def test_given_a_request_that_was_withdrawn_in_time_then_the_member_may_ask_again(mall: Mall) -> None:
    a = await received(mall)
    friend = a.friends[0]
    asked = await friend.refund()
    await friend.person.post(f"/orders/{friend.order_no}/refunds/{asked['refund_no']}/withdraw")
    again = await friend.refund()
    assert (again["state"], again["refund_no"] != asked["refund_no"]) == ("requested", True)
    await refunds.approve(mall.deps, again["refund_no"], "tester")
    path = f"/orders/{friend.order_no}/refunds/{again['refund_no']}/withdraw"
    assert await friend.person.refused_post(path) == "409 state_conflict"


async def test_given_a_decision_and_a_withdrawal_of_the_request_at_once_then_one_of_the_two_counts(mall: Mall) -> None:
    a = await received(mall)
    for friend in a.friends:
        asked = await friend.refund()
        came = await asyncio.gather(
            refunds.withdraw(mall.deps, friend.person.id, friend.order_no, asked["refund_no"]),
            refunds.approve(mall.deps, asked["refund_no"], "tester"),
            return_exceptions=True,
        )
        assert [isinstance(one, StateConflict) for one in came].count(True) == 1
        status = (await friend.person.order(friend.order_no))["status"]
        assert status == ("received" if isinstance(came[1], StateConflict) else "refunded")
    await work(mall)
    await proved(mall)


async def test_given_commission_and_points_when_their_order_is_asked_back_then_they_wait_too(mall: Mall) -> None:
    await set_policy(mall, points_per_yuan=1)
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 500}])
    a = await received(mall)
    friend = a.friends[0]
    asked = await friend.refund()
    await pass_days(mall, 0.2)
    states = (await a.me.get("/commissions"))["items"]
    assert (
        sorted((one["state"], one["waits_for"]) for one in states) == [("frozen", "refund")] + [("settled", None)] * 2
    )
    points = await friend.person.get("/points")
    assert (points["points"], points["frozen"] > 0, points["waits_for"]) == (0, True, "refund")
    assert points["waits_label"] == "相关订单有退款在处理中，有结果后继续"
    await refunds.approve(mall.deps, asked["refund_no"], "tester")
    await work(mall)
    points = await friend.person.get("/points")
    assert (points["points"], points["frozen"], points["debt"], points["waits_for"]) == (0, 0, 0, None)
    await proved(mall)


async def test_given_a_request_before_receipt_when_the_member_confirms_then_it_counts_but_brings_nothing_yet(
    mall: Mall,
) -> None:
    await set_policy(mall, points_per_yuan=1)
    me = await join(mall)
    order_no = await me.buy(await make_sku(5_000))
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    await pass_days(mall, 8)
    await me.log_in_again()
    await me.refund(order_no)
    await pass_days(mall, 3)
    await me.log_in_again()
    assert (await me.order(order_no))["status"] == "shipped", "nobody confirms for the member"
    await me.post(f"/orders/{order_no}/receive")
    await pass_days(mall, 3.9)
    points = await me.get("/points")
    assert (points["points"], points["frozen"], points["waits_for"]) == (0, 50, "refund")
    await proved(mall)


async def test_given_an_order_asked_back_then_it_is_not_completed_and_brings_no_growth(mall: Mall) -> None:
    a = await received(mall)
    friend = a.friends[0]
    asked = await friend.refund()
    await pass_days(mall, 1)
    assert (await friend.person.order(friend.order_no))["status"] == "received"
    await refunds.reject(mall.deps, asked["refund_no"], "tester", "不符合")
    await work(mall)
    assert (await friend.person.order(friend.order_no))["status"] == "completed"
    await proved(mall)


@pytest.mark.parametrize(("default", "ends"), [("grant", "refunded"), ("reject", "completed")])
async def test_given_a_request_that_nobody_decides_then_operators_are_reminded_and_the_shops_default_decides(
    mall: Mall, default: str, ends: str
) -> None:
    await set_policy(mall, refund_default=default, refund_decide_days=4)
    a = await received(mall)
    friend = a.friends[0]
    asked = await friend.refund()
    alarms = "SELECT count(*) FROM alarms WHERE kind = 'refund_waits' AND subject = $1"
    await pass_days(mall, 1.9)
    assert await db.fetch_value(alarms, f"refund:{asked['refund_no']}") == 0
    await pass_days(mall, 0.2)
    assert await db.fetch_value(alarms, f"refund:{asked['refund_no']}") == 1
    assert (await a.rebate())["state"] == "frozen"
    await pass_days(mall, 2)
    assert await db.fetch_value(alarms, f"refund:{asked['refund_no']}") == 1
    await friend.person.log_in_again()
    assert (await friend.person.order(friend.order_no))["status"] == ends
    assert await db.fetch_value("SELECT decided_by FROM refunds") == "system"
    await a.me.log_in_again()
    assert (await a.rebate())["state"] == ("reversed" if default == "grant" else "settled")
    await proved(mall)


async def test_given_a_friend_who_withdraws_and_asks_again_then_the_rebate_is_held_only_for_a_time(mall: Mall) -> None:
    """Its receipt is due on day 10. The request of day 12 receives it first, and the window ends on day 19."""
    await publish(mall, observe_days=7)
    a = await circle(mall)
    await a.bring(3)
    await a.me.receive(a.own)
    for friend in a.friends[1:]:
        await friend.receive()
    asker = a.friends[0]
    await fulfilment.ship(mall.deps, asker.order_no, "SF", "SF1234567890", "tester")
    statuses = []
    for _ in range(4):
        asked = await asker.refund()
        statuses.append((await asker.person.order(asker.order_no))["status"])
        await pass_days(mall, 6)
        await asker.person.log_in_again()
        await asker.person.post(f"/orders/{asker.order_no}/refunds/{asked['refund_no']}/withdraw")
    assert statuses == ["shipped", "shipped", "received", "received"]
    asking = f"/orders/{asker.order_no}/refunds"
    assert await asker.person.refused_post(asking, {"reason": "不想要了"}) == "422 refund_not_allowed"
    await pass_days(mall, 0)
    await a.me.log_in_again()
    assert (await a.rebate())["state"] == "settled"
    await proved(mall)


async def test_given_an_operators_refund_after_the_window_then_it_holds_nothing(mall: Mall) -> None:
    await publish(mall, observe_days=10)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    await pass_days(mall, 8)
    opened = await refunds.open_for(mall.deps, a.friends[0].order_no, None, "售后", "tester")
    await pass_days(mall, 2.1)
    await a.me.log_in_again()
    assert (opened.state, await rebate(a)) == ("requested", ("settled", None))
    await proved(mall)


async def test_given_a_request_at_the_moment_of_release_then_one_of_the_two_comes_first(mall: Mall) -> None:
    a = await received(mall)
    mall.clock.advance(0.05 * DAY_S)
    friend: Friend = a.friends[0]
    async with held(MEMBER, a.me.id):
        asks = asyncio.create_task(friend.refund())
        await waiting()
        mall.clock.advance(0.1 * DAY_S)
        frees = asyncio.create_task(releases.release_due(mall.deps))
        await waiting(2)
    await asks
    await frees
    assert await rebate(a) == ("frozen", "refund"), "the request was first in the queue for the lock"
    await proved(mall)
