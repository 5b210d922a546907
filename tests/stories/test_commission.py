"""分润 from payment to wallet: decided, frozen, released, taken back, and together with 推三返一."""

from typing import Any

import msgspec
import pytest

from server import db
from server.core.errors import FileInvalid, FormInvalid, NotFound
from server.services.commissions import earnings
from server.services.orders import refunds
from server.services.rebates import blocking, cycles
from server.services.terms import commission_policies, policy
from tests.support.calendar import HOUR, MINUTE, UTC_BEHIND, move_to, next_month
from tests.support.circle import circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.purse import set_policy
from tests.support.shop import Shopper, join, make_sku, pass_days, publish, publish_commission, work


async def policies(mall: Mall, *found: dict[str, Any], **more: Any) -> int:
    """Publish these policies; return the version."""
    return await publish_commission(mall, policies=found, **more)


def ratio(ratio_bp: int, **more: Any) -> dict[str, Any]:
    return {"kind": "ratio", "ratio_bp": ratio_bp, **more}


async def chain(mall: Mall) -> tuple[Shopper, Shopper, Shopper]:
    """Return grandparent, parent and child, in a shop whose rebates need many friends."""
    await publish(mall, required=10)
    first = await join(mall)
    second = await join(mall, first)
    return first, second, await join(mall, second)


async def mine(shopper: Shopper) -> list[dict[str, Any]]:
    return list((await shopper.get("/commissions"))["items"])


async def money(shopper: Shopper) -> tuple[int, int, int]:
    """Return withdrawable, frozen and debt."""
    wallet = await shopper.wallet()
    return wallet["withdrawable_fen"], wallet["frozen_fen"], wallet["debt_fen"]


async def bought(mall: Mall, shopper: Shopper, *skus: int, **more: Any) -> str:
    order_no = await shopper.buy(*skus, **more)
    await work(mall)
    return order_no


async def test_given_no_policies_when_a_friend_buys_then_nobody_earns(mall: Mall) -> None:
    _, parent, child = await chain(mall)
    await bought(mall, child, await make_sku())
    assert await mine(parent) == []
    await policies(mall, ratio(1_000))
    await work(mall)
    assert await mine(parent) == []


async def test_given_policies_that_come_between_the_payment_and_the_job_then_nobody_earns(mall: Mall) -> None:
    _, parent, child = await chain(mall)
    await child.buy(await make_sku())
    mall.clock.advance(60)
    await policies(mall, ratio(1_000))
    await work(mall)
    assert await mine(parent) == []


async def test_no_commission_is_released_within_the_refund_period(mall: Mall) -> None:
    """It can be withdrawn at once, so a refund would find an empty wallet."""
    for days in (0, 6):
        with pytest.raises(FileInvalid) as refused:
            await policies(mall, ratio(500), observe_days=days)
        assert [one["problem"] for one in refused.value.detail["problems"]] == ["观察期不能短于退款期 7 天"]
    await policies(mall, observe_days=0)  # without policies nobody earns
    await policies(mall, ratio(500), observe_days=7)
    stored = await policy.stored()
    longer = msgspec.structs.replace(stored.policy, refund_days=8)
    with pytest.raises(FormInvalid) as told:
        await policy.change(mall.deps, longer, stored.version, "test", "tester")
    assert "佣金的收货后观察期只有 7 天" in told.value.detail["problems"][0]["problem"]
    await policies(mall, ratio(500), observe_days=8)
    assert await policy.change(mall.deps, longer, stored.version, "test", "tester") == ["refund_days"]


async def test_given_a_paid_order_when_it_is_received_and_observed_then_its_commission_arrives(mall: Mall) -> None:
    version = await policies(mall, ratio(500), observe_days=8)
    grandparent, parent, child = await chain(mall)
    order_no = await bought(mall, child, await make_sku(10_000))
    (found,) = await mine(parent)
    assert (found["state"], found["state_label"], found["order_no"], found["level"]) == (
        "frozen",
        "冻结中",
        order_no,
        1,
    )
    assert (found["amount_fen"], found["whole_fen"], found["release_at"]) == (500, 500, None)
    (line,) = found["explanation"]["lines"]
    assert found["explanation"]["version"] == version
    assert (line["base_fen"], line["earned_fen"], line["amount_fen"]) == (10_000, 500, 500)
    assert line["why"] == "全店策略：实付 100.00 元 × 5.00%"
    assert await money(parent) == (0, 500, 0)
    await child.receive(order_no)
    (found,) = await mine(parent)
    assert found["release_at"] is not None
    await pass_days(mall, 7.9)
    assert await money(parent) == (0, 500, 0)
    await pass_days(mall, 0.2)
    assert await money(parent) == (500, 0, 0)
    assert (await mine(parent))[0]["state"] == "settled"
    assert await parent.get("/commissions/summary") == {"count": 1, "settled_fen": 500, "frozen_fen": 0}
    again = await bought(mall, child, await make_sku(2_000))
    assert [one["order_no"] for one in await mine(parent)] == [again, order_no]
    assert await parent.get(f"/commissions/{found['id']}") == (await mine(parent))[1]
    assert await child.refused("GET", f"/commissions/{found['id']}") == "404 not_found"
    page = await parent.get("/commissions?limit=1")
    rest = await parent.get(f"/commissions?cursor={page['next_cursor']}")
    assert ([one["order_no"] for one in rest["items"]], rest["next_cursor"]) == ([order_no], None)
    assert await mine(grandparent) == []


async def test_given_depth_two_when_a_friends_friend_buys_then_both_earn_within_the_cap(mall: Mall) -> None:
    await policies(mall, ratio(2_000), ratio(2_000, level=2), depth=2)
    grandparent, parent, child = await chain(mall)
    order_no = await bought(mall, child, await make_sku(10_000))
    assert [(await mine(one))[0]["amount_fen"] for one in (parent, grandparent)] == [2_000, 1_000]
    await child.refund(order_no)
    await work(mall)
    for one in (parent, grandparent):
        (found,) = await mine(one)
        assert (found["state"], found["amount_fen"], await money(one)) == ("reversed", 0, (0, 0, 0))


async def test_given_two_lines_when_one_goes_back_then_only_its_commission_goes(mall: Mall) -> None:
    one, other = await make_sku(10_000), await make_sku(5_000)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", one)
    await policies(mall, ratio(1_000), ratio(500, scope="product", ids=[product]))
    _, parent, child = await chain(mall)
    order_no = await bought(mall, child, one, other)
    assert await money(parent) == (0, 1_000, 0)
    first, second = await line_ids(child, order_no)
    await shop_refunds(mall, order_no, {first: 1})
    assert await money(parent) == (0, 500, 0)
    mall.clock.advance(61)
    await shop_refunds(mall, order_no, {second: 1})
    assert await money(parent) == (0, 0, 0)


async def test_given_a_line_that_brought_nothing_when_it_goes_back_then_the_commission_stays(mall: Mall) -> None:
    earning, plain = await make_sku(10_000), await make_sku(10_000)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", earning)
    await policies(mall, ratio(500, scope="product", ids=[product]))
    _, parent, child = await chain(mall)
    order_no = await bought(mall, child, earning, plain)
    _, second = await line_ids(child, order_no)
    await shop_refunds(mall, order_no, {second: 1})
    (found,) = await mine(parent)
    assert (found["state"], found["amount_fen"], found["whole_fen"]) == ("frozen", 500, 500)


async def test_a_version_that_is_not_there_is_not_found(mall: Mall) -> None:
    with pytest.raises(NotFound):
        await commission_policies.terms_of(7)


async def test_given_money_that_arrived_and_was_spent_when_the_order_goes_back_then_it_is_owed(mall: Mall) -> None:
    await policies(mall, ratio(1_000))
    _, parent, child = await chain(mall)
    order_no = await bought(mall, child, await make_sku(10_000))
    await child.receive(order_no)
    await pass_days(mall, 7.01)
    await parent.buy(await make_sku(600), use_balance_fen=600)
    await shop_refunds(mall, order_no)
    assert await money(parent) == (0, 0, 600)
    assert (await mine(parent))[0]["state"] == "reversed"
    kinds = [line["kind"] for line in (await parent.get("/wallet/statement"))["items"]]
    assert {"commission_frozen", "commission_release", "commission_take_back"} <= set(kinds)
    again = await bought(mall, child, await make_sku(10_000))
    await child.receive(again)
    await pass_days(mall, 7.01)
    assert await money(parent) == (400, 0, 0)


async def test_given_an_order_that_balance_pays_when_decided_then_it_brings_nothing(mall: Mall) -> None:
    await policies(mall, ratio(1_000))
    _, parent, child = await chain(mall)
    friend = await join(mall, child)
    earned = await bought(mall, friend, await make_sku(100_000))
    await friend.receive(earned)
    await pass_days(mall, 7.01)
    await bought(mall, child, await make_sku(9_900), use_balance_fen=9_900)
    assert await mine(parent) == []


async def test_given_refunds_before_the_decision_then_only_what_is_left_is_granted(mall: Mall) -> None:
    await policies(mall, ratio(1_000), {"kind": "fixed", "fixed_fen": 1, "level": 2}, depth=2)
    grandparent, parent, child = await chain(mall)
    whole = await child.buy(await make_sku(10_000))
    await child.refund(whole)
    part = await child.buy(await make_sku(10_000), await make_sku(4_000))
    first, _ = await line_ids(child, part)
    opened = await child.refund(part, lines=[{"line_id": first, "quantity": 1}])
    await refunds.approve(mall.deps, opened["refund_no"], "tester")
    await work(mall)
    (found,) = await mine(parent)
    assert (found["order_no"], found["whole_fen"], found["amount_fen"]) == (part, 1_400, 400)
    assert [(one["whole_fen"], one["amount_fen"]) for one in await mine(grandparent)] == [(2, 1)]


async def test_given_a_tiny_rest_when_decided_then_a_grant_may_be_gone_from_the_start(mall: Mall) -> None:
    await policies(mall, ratio(1_000), {"kind": "fixed", "fixed_fen": 1, "level": 2, "per": "order"}, depth=2)
    grandparent, parent, child = await chain(mall)
    order_no = await child.buy(await make_sku(10_000), await make_sku(9_000))
    first, second = await line_ids(child, order_no)
    opened = await child.refund(order_no, lines=[{"line_id": first, "quantity": 1}])
    await refunds.approve(mall.deps, opened["refund_no"], "tester")
    await work(mall)
    assert (await mine(parent))[0]["amount_fen"] == 900
    (gone,) = await mine(grandparent)
    assert (gone["state"], gone["whole_fen"], gone["amount_fen"]) == ("reversed", 1, 0)
    assert second


async def test_given_a_ladder_by_the_month_then_earlier_orders_count_and_refunds_before_do_not(mall: Mall) -> None:
    tiers = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 15_000, "ratio_bp": 1_000}]
    await policies(mall, {"kind": "ladder", "by": "month", "tiers": tiers})
    _, parent, child = await chain(mall)
    sku = await make_sku(10_000)
    first, _ = await bought(mall, child, sku), await bought(mall, child, sku)
    third = await bought(mall, child, sku)
    assert [one["amount_fen"] for one in await mine(parent)] == [1_000, 100, 100]
    await child.refund(first)
    await work(mall)
    await bought(mall, child, sku)
    await child.refund(third)
    await work(mall)
    await bought(mall, child, sku)
    amounts = [one["amount_fen"] for one in await mine(parent)]
    assert amounts == [1_000, 1_000, 0, 100, 0]


async def test_given_a_ladder_by_the_month_then_months_begin_at_midnight_in_shanghai(mall: Mall) -> None:
    """A purchase an hour before midnight no longer counts a minute after it, though the month has not begun in UTC."""
    tiers = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 15_000, "ratio_bp": 1_000}]
    await policies(mall, {"kind": "ladder", "by": "month", "tiers": tiers})
    edge = next_month(mall)
    move_to(mall, edge - HOUR)
    _, parent, child = await chain(mall)
    sku, dear = await make_sku(10_000), await make_sku(20_000)
    await bought(mall, child, dear)
    move_to(mall, edge + MINUTE)
    await bought(mall, child, sku)
    await bought(mall, child, dear)
    move_to(mall, edge + UTC_BEHIND + MINUTE)
    await bought(mall, child, sku)
    assert [one["amount_fen"] for one in await mine(parent)] == [1_000, 200, 100, 200]


async def test_given_a_blocked_referrer_then_the_commission_waits_and_a_closed_one_earns_nothing(mall: Mall) -> None:
    await policies(mall, ratio(1_000))
    _, parent, child = await chain(mall)
    await blocking.block(mall.deps, parent.id, "test", "tester")
    order_no = await bought(mall, child, await make_sku(10_000))
    await child.receive(order_no)
    await pass_days(mall, 8)
    state = "SELECT state FROM commissions WHERE member_id = $1"
    assert await db.fetch_value(state, parent.id) == "frozen"
    await blocking.unblock(mall.deps, parent.id, "test", "tester")
    await work(mall)
    assert await db.fetch_value(state, parent.id) == "settled"
    await db.fetch("UPDATE members SET state = 'closed' WHERE id = $1 RETURNING id", parent.id)
    await bought(mall, child, await make_sku(10_000))
    assert await db.fetch_value("SELECT count(*) FROM commissions") == 1


async def test_given_a_receipt_before_the_decision_then_the_time_of_release_is_known_at_once(mall: Mall) -> None:
    await policies(mall, ratio(1_000))
    _, parent, child = await chain(mall)
    order_no = await child.buy(await make_sku(10_000))
    await child.receive(order_no)
    await work(mall)
    assert (await mine(parent))[0]["release_at"] is not None


@pytest.mark.parametrize(("rate", "back"), [(1_000, 6_000), (3_000, None)])
async def test_given_commission_on_friends_orders_then_the_payout_cap_of_a_rebate_counts_it(
    mall: Mall, rate: int, back: int | None
) -> None:
    await publish(mall, payout_cap_bp=3_000)
    await policies(mall, ratio(rate))
    a = await circle(mall, own_fen=50_000, friend_fen=10_000)
    for _ in range(3):
        friend = await join(mall, a.me)
        await friend.buy(a.sku)
    # The cycle is checked before any job decided a commission.
    assert await cycles.close_cycle(mall.deps, a.me.id) == (1 if back else 0)
    await work(mall)
    assert [one["whole_fen"] for one in await mine(a.me)] == [rate] * 3
    found = await a.me.rebates()
    if back is None:
        assert found == []
    else:
        assert found[0]["amount_fen"] == back
        assert "减去这些订单带来的佣金 30.00 元" in found[0]["explanation"]["steps"][-1]["label"]


async def test_given_points_on_friends_orders_then_the_payout_cap_of_a_rebate_counts_their_value(mall: Mall) -> None:
    """Each friend's order of 100 yuan brought 1 000 points, of which two take off one fen."""
    await publish(mall, payout_cap_bp=3_000, qualify_at="received")
    await set_policy(mall, points_per_yuan=10, points_per_fen=2)
    a = await circle(mall, own_fen=50_000, friend_fen=10_000)
    for _ in range(3):
        friend = await join(mall, a.me)
        await friend.receive(await friend.buy(a.sku))
    await work(mall)
    (found,) = await a.me.rebates()
    assert found["amount_fen"] == 9_000 - 3 * 500
    assert "减去这些订单带来的积分 15.00 元" in found["explanation"]["steps"][-1]["label"]


async def test_an_order_that_is_not_there_brings_nothing(mall: Mall) -> None:
    await earnings.decide(mall.deps, 404)
    assert await db.fetch_value("SELECT count(*) FROM commissions") == 0
