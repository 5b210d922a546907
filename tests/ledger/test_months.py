"""The audit tells a month's sum again from the orders: whatever came late, it agrees, and it names another sum."""

from typing import Any

from server import db
from server.ledger.audit import ALL, prove
from server.rules.commission_months import AT_MOST
from server.services.orders import refunds
from server.services.referrals import bindings
from tests.support.calendar import HOUR, move_to, next_month
from tests.support.group_buys import join_team, make_group_buy, open_team
from tests.support.late import bought_unheard, heard, opened, taken
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, make_sku, publish, publish_commission, work

(MONTHS,) = (proof for proof in ALL if proof.name == "commission_months")
A_WHILE = AT_MOST.total_seconds() + 1
STEPS = [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 15_000, "ratio_bp": 1_000}]


async def shop(mall: Mall) -> tuple[Shopper, Shopper]:
    """Return a referrer whose friends' orders bring more from 150 yuan a month on, and such a friend."""
    move_to(mall, next_month(mall) + HOUR)  # a month does not end meanwhile
    await publish(mall, required=10)
    await publish_commission(mall, policies=[{"kind": "ladder", "by": "month", "tiers": STEPS}])
    upper = await join(mall)
    return upper, await join(mall, upper)


async def bought(friend: Shopper, *skus: int, **more: Any) -> str:
    """Buy, let the commission be decided, and let a while pass."""
    order_no = await friend.buy(*skus, **more)
    await work(friend.mall)
    friend.mall.clock.advance(A_WHILE)
    return order_no


async def sums() -> list[int]:
    """Return the month's sums that were kept, first to last."""
    rows = await db.fetch(
        "SELECT (explanation -> 'earner' ->> 'month_fen')::bigint AS fen FROM commissions ORDER BY order_id"
    )
    return [row["fen"] for row in rows]


async def found(mall: Mall) -> list[tuple[int | None, int, int]]:
    """Return what the audit finds: what was said, and the least and the most that can have been seen."""
    async with db.snapshot() as reader:
        (check,) = (await prove(reader, mall.clock.now(), proofs=(MONTHS,))).checks
    return [(one["month_fen"], one["least_fen"], one["most_fen"]) for one in check.offenders]


async def say(order_no: str, fen: int) -> None:
    """Write another sum by hand."""
    await db.fetch(
        "UPDATE commissions SET explanation = jsonb_set(explanation, '{earner,month_fen}', to_jsonb($2::bigint))"
        " WHERE order_id = (SELECT id FROM orders WHERE order_no = $1) RETURNING id",
        order_no,
        fen,
    )


async def test_orders_and_refunds_before_count_and_later_ones_do_not(mall: Mall) -> None:
    _, friend = await shop(mall)
    sku = await make_sku(10_000)
    first = await bought(friend, sku, await make_sku(2_000))
    line = (await friend.order(first))["lines"][1]["line_id"]
    await bought(friend, sku)
    asked = await friend.refund(first, lines=[{"line_id": line, "quantity": 1}])
    await refunds.approve(mall.deps, asked["refund_no"], "tester")
    await work(mall)
    mall.clock.advance(A_WHILE)
    third = await bought(friend, sku)
    await friend.refund(await bought(friend, sku))
    await work(mall)
    assert (await sums(), await found(mall)) == ([0, 12_000, 20_000, 30_000], [])
    await say(third, 20_001)
    assert await found(mall) == [(20_001, 20_000, 20_000)]
    await say(third, 19_999)
    assert await found(mall) == [(19_999, 20_000, 20_000)]


async def test_a_month_of_another_referrer_and_a_new_month_begin_with_nothing(mall: Mall) -> None:
    _, friend = await shop(mall)
    other = await join(mall, await join(mall))
    sku = await make_sku(10_000)
    for buyer in (friend, other, friend):
        await bought(buyer, sku)
    move_to(mall, next_month(mall) + HOUR)
    await friend.log_in_again()
    last = await bought(friend, sku)
    assert (await sums(), await found(mall)) == ([0, 0, 10_000, 0], [])
    await say(last, 20_000)
    assert await found(mall) == [(20_000, 0, 0)]


async def test_an_order_known_after_the_decision_was_not_seen_by_it(mall: Mall) -> None:
    upper, friend = await shop(mall)
    sku = await make_sku(10_000)
    said = await bought_unheard(await join(mall, upper), sku)
    before = await bought(friend, sku)
    await heard(mall, said)
    mall.clock.advance(A_WHILE)
    after = await bought(friend, sku)
    assert (sorted(await sums()), await found(mall)) == ([0, 0, 20_000], [])
    await say(before, 10_000)  # as if the decision had known it
    await say(after, 10_000)  # as if it had not
    assert await found(mall) == [(10_000, 0, 0), (10_000, 20_000, 20_000)]


async def test_an_order_of_a_team_counts_from_the_success_of_its_team(mall: Mall) -> None:
    upper, friend = await shop(mall)
    sku = await make_sku(10_000)
    activity = await make_group_buy(mall, sku, size=2, price_fen=7_000)
    _, team_no = await open_team(await join(mall, upper), activity, sku)
    await bought(friend, sku)
    await join_team(await join(mall), activity, team_no, sku)
    await work(mall)
    mall.clock.advance(A_WHILE)
    last = await bought(friend, sku)
    await open_team(await join(mall, upper), activity, sku)  # and this one never succeeds
    assert (sorted(await sums()), await found(mall)) == ([0, 0, 17_000], [])
    await say(last, 24_000)
    assert await found(mall) == [(24_000, 17_000, 17_000)]


async def test_an_order_that_got_its_referrer_late_may_have_been_seen_or_not(mall: Mall) -> None:
    upper, friend = await shop(mall)
    sku = await make_sku(10_000)
    late = await join(mall)
    open_no = await opened(late, sku)
    mall.clock.advance(2)
    code = await db.fetch_value("SELECT share_code FROM members WHERE id = $1", upper.id)
    assert (await bindings.bind_late(mall.deps, late.id, code)).status == "pending"
    mall.clock.advance(A_WHILE)
    said = await taken(late, open_no)
    mall.clock.advance(A_WHILE)
    order_no = await bought(friend, sku)
    await heard(mall, said)
    assert (sorted(await sums()), await found(mall)) == ([0, 0], [])
    await say(order_no, 10_000)
    assert await found(mall) == []
    await say(order_no, 10_001)
    assert await found(mall) == [(10_001, 0, 10_000)]


async def test_a_sum_that_is_missing_or_no_number_is_named(mall: Mall) -> None:
    _, friend = await shop(mall)
    await bought(friend, await make_sku(10_000))
    await db.fetch("UPDATE commissions SET explanation = explanation - 'earner' RETURNING id")
    assert await found(mall) == [(None, 0, 0)]
    await db.fetch("""UPDATE commissions SET explanation = '{"earner": {"month_fen": "0"}}' RETURNING id""")
    async with db.snapshot() as reader:
        (check,) = (await prove(reader, mall.clock.now(), proofs=(MONTHS,))).checks
    assert list(check.offenders[0]) == ["undecodable"]
