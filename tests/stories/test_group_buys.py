"""拼团: teams that succeed and count for the rule, teams that fail and change nothing, and what counts only later."""

import pytest

from server import db
from server.core.errors import RefundNotAllowed
from server.services.orders import refunds, teams
from tests.support.circle import circle
from tests.support.group_buys import GROUP_FEN, join_team, make_group_buy, open_team, promotion, team_of
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, make_virtual_sku, pass_days, publish, publish_commission, work

DAY_AND_A_BIT = 1.01


async def state_of(team_no: str) -> tuple[str, int, int, int]:
    row = await db.fetch_row("SELECT state, taken, paid, filled FROM teams WHERE team_no = $1", team_no)
    assert row is not None
    return tuple(row)


async def window_over(mall: Mall) -> None:
    """Move the clock past the window and run the jobs."""
    await pass_days(mall, DAY_AND_A_BIT)
    await work(mall)


async def taken() -> int:
    found: int = await db.fetch_value("SELECT taken FROM group_buys")
    return found


async def stock(sku: int) -> tuple[int, int, int]:
    row = await db.fetch_row("SELECT available, reserved, sold FROM skus WHERE id = $1", sku)
    assert row is not None
    return tuple(row)


async def test_given_three_friends_in_one_team_then_they_count_only_when_it_is_complete(mall: Mall) -> None:
    await publish(mall)
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 1000}])
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    friends = [await join(mall, a.me) for _ in range(3)]
    order_no, team_no = await open_team(friends[0], activity, sku)
    await join_team(friends[1], activity, team_no, sku)
    await work(mall)
    assert (await friends[0].order(order_no))["allowed_actions"] == ["share_team"]
    assert (await a.states(), await a.me.rebates()) == (["pending", "pending"], [])
    assert await db.fetch_value("SELECT count(*) FROM commissions") == 0
    assert (await a.me.progress())["counted"] == 0
    last = await join_team(friends[2], activity, team_no, sku)
    assert await state_of(team_no) == ("succeeded", 3, 3, 0)
    assert {(await one.order(no))["status"] for one, no in ((friends[0], order_no), (friends[2], last))} == {"paid"}
    await work(mall)
    (rebate,) = await a.me.rebates()
    assert (rebate["order_no"], rebate["amount_fen"]) == (a.own, 10_000)
    granted = await db.fetch_value("SELECT sum(granted_fen)::bigint FROM commissions")
    assert granted == 3 * GROUP_FEN // 10
    assert await taken() == 3


async def test_given_a_team_that_fails_then_everything_goes_back_without_a_trace(mall: Mall) -> None:
    await publish(mall)
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 1000}])
    a = await circle(mall)
    sku = await make_sku(stock=5)
    activity = await make_group_buy(mall, sku)
    friends = [await join(mall, a.me) for _ in range(2)]
    order_no, team_no = await open_team(friends[0], activity, sku)
    await join_team(friends[1], activity, team_no, sku)
    assert await stock(sku) == (3, 0, 2)
    await window_over(mall)
    assert await state_of(team_no) == ("failed", 2, 2, 0)
    order = await friends[0].order(order_no)
    assert (order["status"], order["refunded_fen"], order["cash_due_fen"]) == ("refunded", 7_800, 7_800)
    (refund,) = (await friends[0].get(f"/orders/{order_no}/refunds"))["items"]
    assert refund["state"] in ("processing", "succeeded")
    assert (refund["cash_fen"], refund["reason"]) == (7_800, "拼团未成团，自动退款")
    assert (await stock(sku), await taken()) == ((5, 0, 0), 0)
    assert await a.states() == ["void", "void"]
    assert await db.fetch_value("SELECT array_agg(DISTINCT void_for) FROM qualifications") == ["team_failed"]
    assert await db.fetch_value("SELECT count(*) FROM commissions") == 0
    assert (
        await db.fetch_value("SELECT count(*) FROM members WHERE first_paid_at IS NOT NULL AND id <> $1", a.me.id) == 0
    )
    await friends[0].buy(await make_sku())
    await work(mall)
    assert sorted(await a.states()) == ["counted", "void", "void"]


async def test_given_a_failed_team_then_a_referrer_may_still_be_found(mall: Mall) -> None:
    await publish(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    me, loner = await join(mall), await join(mall)
    await open_team(loner, activity, sku)
    assert await loner.refused_post("/me/binding", {"share_code": await me.share_code()}) == "422 has_paid_order"
    await window_over(mall)
    await loner.post("/me/binding", {"share_code": await me.share_code()})
    await loner.buy(sku)
    await work(mall)
    assert (await me.progress())["counted"] == 1


async def test_given_another_paid_order_then_a_failed_team_leaves_the_first_payment(mall: Mall) -> None:
    await publish(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    me, friend = await join(mall), await join(mall)
    await friend.buy(sku)
    await open_team(friend, activity, sku)
    await window_over(mall)
    assert await friend.refused_post("/me/binding", {"share_code": await me.share_code()}) == "422 has_paid_order"


async def test_given_a_qualification_of_a_team_that_fails_then_a_later_order_takes_over(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    friend = await join(mall, a.me)
    await open_team(friend, activity, sku)
    await friend.buy(sku)
    await work(mall)
    assert await a.states() == ["pending"]
    await window_over(mall)
    assert sorted(await a.states()) == ["counted", "void"]


async def test_given_a_refund_while_the_team_is_open_then_the_seat_waits_as_the_next_in_line(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    friend = await join(mall, a.me)
    first = await friend.buy(sku)
    _, team_no = await open_team(friend, activity, sku)
    await friend.refund(first)
    await work(mall)
    assert sorted(await a.states()) == ["pending", "void"]
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)
    assert sorted(await a.states()) == ["counted", "void"]


async def test_given_an_open_team_then_nobody_refunds_its_orders_one_by_one(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    me = await join(mall)
    order_no, _ = await open_team(me, activity, sku)
    await work(mall)
    assert (await me.order(order_no))["status"] == "teaming"
    assert await me.refused_post(f"/orders/{order_no}/refunds", {"reason": "不想要了"}) == "422 refund_not_allowed"
    with pytest.raises(RefundNotAllowed):
        await refunds.open_for(mall.deps, order_no, None, "售后", "tester")


async def test_given_a_rule_of_receipt_then_success_leaves_it_waiting(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    friend = await join(mall, a.me)
    order_no, team_no = await open_team(friend, activity, sku)
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)
    assert await a.states() == ["pending"]
    await friend.receive(order_no)
    await work(mall)
    assert await a.states() == ["counted"]


async def test_given_a_refund_of_one_member_of_a_successful_team_then_the_others_keep_theirs(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    friends = [await join(mall, a.me) for _ in range(2)]
    order_no, team_no = await open_team(friends[0], activity, sku)
    other = await join_team(friends[1], activity, team_no, sku)
    await work(mall)
    assert await a.states() == ["counted", "counted"]
    assert (await friends[0].refund(order_no))["state"] in ("processing", "succeeded")
    await work(mall)
    assert (await friends[1].order(other))["status"] == "paid"
    assert sorted(await a.states()) == ["counted", "void"]
    assert await state_of(team_no) == ("succeeded", 2, 2, 0)


async def test_given_an_own_teaming_order_then_it_comes_back_only_after_success(mall: Mall) -> None:
    await publish(mall, required=2)
    me = await join(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    order_no, team_no = await open_team(me, activity, sku)
    for _ in range(2):
        await (await join(mall, me)).buy(sku)
    await work(mall)
    assert await me.rebates() == []
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)
    (rebate,) = await me.rebates()
    assert (rebate["order_no"], rebate["amount_fen"]) == (order_no, GROUP_FEN)


async def test_given_virtual_goods_then_the_keys_come_with_success(mall: Mall) -> None:
    sku = await make_virtual_sku(mall, ["A", "B"])
    activity = await make_group_buy(mall, sku, size=2)
    leader = await join(mall)
    order_no, team_no = await open_team(leader, activity, sku)
    await work(mall)
    assert (await leader.order(order_no))["lines"][0]["cards"] == []
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)
    order = await leader.order(order_no)
    assert (order["status"], len(order["lines"][0]["cards"])) == ("received", 1)


async def test_given_the_switch_then_a_team_is_filled_when_its_window_ends(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=5, virtual_fill=True)
    friend = await join(mall, a.me)
    order_no, team_no = await open_team(friend, activity, sku)
    late = await join(mall)
    unpaid = (await late.place(sku, **promotion(activity, team_no)))["order_no"]
    await window_over(mall)
    assert await state_of(team_no) == ("succeeded", 1, 1, 4)
    assert ((await friend.order(order_no))["status"], (await late.order(unpaid))["status"]) == ("paid", "closed")
    assert await a.states() == ["counted"]
    view = await friend.get(f"/teams/{team_no}")
    assert (view["filled"], len(view["members"]), view["seats_left"]) == (4, 1, 0)


async def test_given_the_switch_and_nobody_who_paid_then_the_team_is_nothing(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, virtual_fill=True)
    person = await join(mall)
    order_no = (await person.place(sku, **promotion(activity)))["order_no"]
    team_no = await team_of(order_no)
    await window_over(mall)
    assert await state_of(team_no) == ("failed", 0, 0, 0)
    assert await taken() == 0


async def test_given_a_payment_after_the_team_failed_then_it_goes_back_by_itself(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    leader, late = await join(mall), await join(mall)
    _, team_no = await open_team(leader, activity, sku)
    unpaid = (await late.place(sku, **promotion(activity, team_no)))["order_no"]
    await late.post(f"/orders/{unpaid}/pay")
    await window_over(mall)
    assert (await late.order(unpaid))["status"] == "closed"
    assert await state_of(team_no) == ("failed", 1, 1, 0)


async def test_given_a_team_paid_with_a_balance_and_a_coupon_then_failure_gives_both_back(mall: Mall) -> None:
    await publish(mall, required=2, observe_days=0)
    a = await circle(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    for _ in range(2):
        await (await join(mall, a.me)).buy(sku)
    await work(mall)
    before = await a.me.wallet()
    await open_team(a.me, activity, sku, use_balance_fen=min(3_000, before["available_fen"]))
    await window_over(mall)
    assert (await a.me.wallet())["available_fen"] == before["available_fen"]


async def test_given_a_month_ladder_then_a_team_that_is_not_complete_is_no_turnover(mall: Mall) -> None:
    await publish(mall)
    tiers = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 5_000, "ratio_bp": 1_000}]
    await publish_commission(mall, policies=[{"kind": "ladder", "by": "month", "tiers": tiers}])
    me, sku = await join(mall), await make_sku()
    activity = await make_group_buy(mall, sku)
    friend = await join(mall, me)
    await open_team(friend, activity, sku)
    await (await join(mall, me)).buy(sku)
    await work(mall)
    assert await db.fetch_value("SELECT sum(granted_fen)::bigint FROM commissions") == 100


async def test_given_a_month_ladder_then_a_team_that_succeeds_after_the_payment_is_no_turnover_yet(mall: Mall) -> None:
    await publish(mall)
    tiers = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 5_000, "ratio_bp": 1_000}]
    await publish_commission(mall, policies=[{"kind": "ladder", "by": "month", "tiers": tiers}])
    me, sku = await join(mall), await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    _, team_no = await open_team(await join(mall, me), activity, sku)
    friend = await join(mall, me)
    await friend.buy(sku)
    mall.clock.advance(2)
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)  # only now the friend's commission is decided
    granted = "SELECT granted_fen FROM commissions WHERE order_id = (SELECT id FROM orders WHERE member_id = $1)"
    assert await db.fetch_value(granted, friend.id) == 100


async def test_deciding_a_team_again_changes_nothing(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    leader = await join(mall)
    order_no, team_no = await open_team(leader, activity, sku)
    team_id = await db.fetch_value("SELECT id FROM teams")
    await window_over(mall)
    await teams.close(mall.deps, team_id)
    await work(mall)
    assert await state_of(team_no) == ("failed", 1, 1, 0)
    assert len((await leader.get(f"/orders/{order_no}/refunds"))["items"]) == 1


async def test_an_open_team_is_refunded_to_nobody(mall: Mall) -> None:
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    leader = await join(mall)
    order_no, _ = await open_team(leader, activity, sku)
    asked = await leader.refused_post(f"/orders/{order_no}/refunds", {"reason": "不想等了"})
    assert asked == "422 refund_not_allowed"
    with pytest.raises(Exception, match="refund_not_allowed"):
        await refunds.open_for(mall.deps, order_no, None, "不想等了", "tester")
