"""Concurrent teams: the last seat, joining twice, the last payments, and the window that closes against them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server import db
from server.rules.promotions import Promotion
from server.services.checkout import closing
from server.services.orders import team_refunds, teams
from tests.races import proofs
from tests.races.arena import Arena, in_one_moment, outcomes
from tests.support.group_buys import make_group_buy
from tests.support.mall import Mall
from tests.support.shop import make_sku, publish, work

ACTIVITY = "SELECT 1 FROM group_buys WHERE id = $1 FOR UPDATE"
TEAM = "SELECT 1 FROM teams WHERE id = $1 FOR UPDATE"
WINDOW = timedelta(hours=24, minutes=1)


@pytest.fixture
def arena(mall: Mall) -> Arena:
    return Arena(mall)


async def opened(arena: Arena, activity: int, sku: int) -> str:
    """Open a team whose leader has paid."""
    (leader,) = await arena.members(1)
    order_no = await arena.buy(leader, sku, promotion=Promotion("group_buy", activity))
    found: str = await db.fetch_value(
        "SELECT t.team_no FROM orders o JOIN teams t ON t.id = o.team_id WHERE o.order_no = $1", order_no
    )
    return found


def seat(activity: int, team_no: str) -> Promotion:
    return Promotion("group_buy", activity, team_no)


async def team_row() -> dict[str, Any]:
    row = await db.fetch_row("SELECT id, state, taken, paid FROM teams ORDER BY id DESC LIMIT 1")
    assert row is not None
    return dict(row)


async def give_back(arena: Arena) -> None:
    """Grant the refunds of failed teams; WeChat is not asked, because it does not know these payments."""
    for row in await db.fetch("SELECT args ->> 'order_no' AS no FROM outbox WHERE job = 'refund_team_order'"):
        await asyncio.gather(*(team_refunds.give_back(arena.mall.deps, row["no"]) for _ in range(2)))


async def statuses() -> list[str]:
    return [row["status"] for row in await db.fetch("SELECT status FROM orders ORDER BY status")]


async def test_the_last_seats_wanted_by_fifty(arena: Arena) -> None:
    sku = await make_sku(stock=1000)
    activity = await make_group_buy(arena.mall, sku, size=5)
    team_no = await opened(arena, activity, sku)
    people = await arena.members(50)
    found = await outcomes(*(arena.place(one, sku, promotion=seat(activity, team_no)) for one in people))
    assert found.count("promotion_refused") == 46
    placed = [one for one in found if one != "promotion_refused"]
    assert await db.fetch_value("SELECT reserved FROM skus") == 4
    await outcomes(*[arena.settle(await arena.notice(order_no)) for order_no in placed])
    await work(arena.mall)
    assert (await statuses(), await db.fetch_value("SELECT taken FROM group_buys")) == (["paid"] * 5, 5)
    await proofs.check(arena.mall)


async def test_one_member_who_joins_many_times_at_once(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=5)
    team_no = await opened(arena, activity, sku)
    (one,) = await arena.members(1)
    found = await outcomes(*(arena.place(one, sku, promotion=seat(activity, team_no)) for _ in range(6)))
    assert found.count("promotion_refused") == 5
    assert (await team_row())["taken"] == 2
    await proofs.check(arena.mall)


async def test_one_member_who_opens_more_teams_than_allowed(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=5, per_member=2)
    (one,) = await arena.members(1)
    found = await outcomes(*(arena.place(one, sku, promotion=Promotion("group_buy", activity)) for _ in range(6)))
    assert found.count("promotion_refused") == 4
    await proofs.check(arena.mall)


async def test_a_member_counts_own_orders_that_are_placed_at_the_same_moment(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, per_member=1)
    (one,) = await arena.members(1)
    calls = [arena.place(one, sku, promotion=Promotion("group_buy", activity)) for _ in range(2)]
    assert (await in_one_moment(ACTIVITY, activity, *calls)).count("promotion_refused") == 1
    assert await db.fetch_value("SELECT taken FROM group_buys") == 1


async def test_the_last_piece_of_an_activity_in_one_moment(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, stock_limit=1)
    people = await arena.members(2)
    calls = [arena.place(one, sku, promotion=Promotion("group_buy", activity)) for one in people]
    assert (await in_one_moment(ACTIVITY, activity, *calls)).count("promotion_refused") == 1
    assert await db.fetch_value("SELECT taken FROM group_buys") == 1


async def test_the_last_seat_in_one_moment(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=2)
    team_no = await opened(arena, activity, sku)
    people = await arena.members(2)
    calls = [arena.place(one, sku, promotion=seat(activity, team_no)) for one in people]
    found = await in_one_moment(TEAM, (await team_row())["id"], *calls)
    assert found.count("promotion_refused") == 1
    assert (await team_row())["taken"] == 2


async def test_the_last_pieces_of_an_activity(arena: Arena) -> None:
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=5, stock_limit=3)
    people = await arena.members(10)
    found = await outcomes(*(arena.place(one, sku, promotion=Promotion("group_buy", activity)) for one in people))
    assert found.count("promotion_refused") == 7
    assert await db.fetch_value("SELECT taken FROM group_buys") == 3
    await proofs.check(arena.mall)


async def test_the_last_payments_at_once(arena: Arena) -> None:
    """The last transaction to commit sees all other payments, and the team succeeds once."""
    await publish(arena.mall)
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=4)
    (referrer,) = await arena.members(1)
    for _ in range(4):
        team_no = await opened(arena, activity, sku)
        people = await arena.members(3, referrer)
        orders = [await arena.place(one, sku, promotion=seat(activity, team_no)) for one in people]
        said = [await arena.notice(order_no) for order_no in orders]
        assert await outcomes(*(arena.settle(one) for one in said)) == ["settled"] * 3
        assert (await team_row())["state"] == "succeeded"
    assert await statuses() == ["paid"] * 16
    counted = await db.fetch_value("SELECT count(*) FROM qualifications WHERE state IN ('counted', 'consumed')")
    assert counted == 12
    await work(arena.mall)
    await proofs.check(arena.mall)


async def test_payments_while_others_join_and_leave(arena: Arena) -> None:
    """A seat that is given up can be taken at once; there is no deadlock."""
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=20)
    team_no = await opened(arena, activity, sku)
    people = await arena.members(18)
    orders = [await arena.place(one, sku, promotion=seat(activity, team_no)) for one in people[:12]]
    said = [await arena.notice(order_no) for order_no in orders[:6]]
    found = await outcomes(
        *(arena.settle(one) for one in said),
        *(arena.place(one, sku, promotion=seat(activity, team_no)) for one in people[12:]),
        *(closing.close(arena.mall.deps, order_no, "cancelled") for order_no in orders[6:]),
    )
    assert (found[:6], found[12:]) == (["settled"] * 6, [True] * 6)
    assert "busy" not in found
    row = await team_row()
    assert (row["taken"], row["paid"]) == (13, 7)
    await work(arena.mall)
    await proofs.check(arena.mall)


@pytest.mark.parametrize("fill", [False, True])
async def test_the_window_closes_against_the_last_payment(arena: Arena, fill: bool) -> None:
    """Either the payment comes first and all members get their goods, or the window closes and all get their money."""
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=2, virtual_fill=fill)
    late = []
    for _ in range(6):
        team_no = await opened(arena, activity, sku)
        (one,) = await arena.members(1)
        late.append(await arena.place(one, sku, promotion=seat(activity, team_no)))
    said = [await arena.notice(order_no) for order_no in late]
    arena.mall.clock.advance(WINDOW.total_seconds())

    async def pay(turn: int) -> None:
        await asyncio.sleep(turn / 50)
        await arena.settle(said[turn])

    await asyncio.gather(
        teams.close_due(arena.mall.deps), *(pay(turn) for turn in range(6)), teams.close_due(arena.mall.deps)
    )
    arena.mall.clock.advance(60)
    await teams.close_due(arena.mall.deps)
    await give_back(arena)
    rows = await db.fetch(
        "SELECT t.state, t.filled, array_agg(o.status ORDER BY o.id) AS orders FROM teams t"
        " JOIN orders o ON o.team_id = t.id GROUP BY t.id"
    )
    assert len(rows) == 6
    for row in rows:
        match row["state"], row["filled"]:
            case "succeeded", 0:
                assert row["orders"] == ["paid", "paid"]
            case "succeeded", _:
                assert (fill, row["orders"]) == (True, ["paid", "closed"])
            case _:
                assert (fill, row["state"], row["orders"]) == (False, "failed", ["refunded", "closed"])
    closed = sum(row["orders"][1] == "closed" for row in rows)
    assert await db.fetch_value("SELECT count(*) FROM refunds WHERE kind = 'stray'") == closed


async def test_a_team_is_decided_once_by_many(arena: Arena) -> None:
    await publish(arena.mall)
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku)
    await opened(arena, activity, sku)
    team_id = (await team_row())["id"]
    arena.mall.clock.advance(WINDOW.total_seconds())
    await asyncio.gather(*(teams.close(arena.mall.deps, team_id) for _ in range(8)))
    assert await db.fetch_value("SELECT count(*) FROM outbox WHERE job = 'refund_team_order'") == 1
    await give_back(arena)
    assert await statuses() == ["refunded"]
    assert await db.fetch_value("SELECT count(*) FROM refunds") == 1


async def test_success_and_the_refund_of_another_order_of_a_member(arena: Arena) -> None:
    """Afterwards the member's referrer has one qualification, in either order."""
    await publish(arena.mall)
    sku = await make_sku()
    activity = await make_group_buy(arena.mall, sku, size=2)
    (referrer,) = await arena.members(1)
    for _ in range(6):
        (member,) = await arena.members(1, referrer)
        first = await arena.buy(member, sku)
        order_no = await arena.buy(member, sku, promotion=Promotion("group_buy", activity))
        team_no = await db.fetch_value(
            "SELECT t.team_no FROM orders o JOIN teams t ON t.id = o.team_id WHERE o.order_no = $1", order_no
        )
        (other,) = await arena.members(1)
        last = await arena.place(other, sku, promotion=seat(activity, team_no))
        said = await arena.notice(last)
        await asyncio.gather(arena.settle(said), arena.refund(member, first))
        states = await db.fetch("SELECT state FROM qualifications WHERE referee_id = $1 ORDER BY id", member)
        assert [row["state"] for row in states] == ["void", "counted"]
