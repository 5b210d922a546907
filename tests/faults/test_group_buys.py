"""Failures in the middle of a team's steps: nothing is half done, and the next try completes it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server import db
from server.core.errors import Busy
from server.jobs.group_buys import close_teams
from server.services.orders import refund_grants, team_refunds, teams
from server.services.promotions import group_buys
from tests.races.arena import Arena
from tests.support.group_buys import join_team, make_group_buy, open_team, promotion
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import join, make_sku, pass_days, work


def broken(monkeypatch: pytest.MonkeyPatch, room: Any, name: str) -> None:
    """Let the step do its work and then fail, once."""
    step: Callable[..., Awaitable[Any]] = getattr(room, name)

    async def falls(*args: Any, **named: Any) -> None:
        monkeypatch.setattr(room, name, step)
        await step(*args, **named)
        raise Busy

    monkeypatch.setattr(room, name, falls)


async def statuses() -> list[str]:
    return [row["status"] for row in await db.fetch("SELECT status FROM orders ORDER BY id")]


async def test_the_last_payment_breaks_and_is_told_again(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = Arena(mall)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku, size=2)
    leader, last = await join(mall), await join(mall)
    _, team_no = await open_team(leader, activity, sku)
    order_no = (await last.place(sku, **promotion(activity, team_no)))["order_no"]
    said = await arena.notice(order_no)
    broken(monkeypatch, group_buys, "succeed")
    with pytest.raises(Busy):
        await arena.settle(said)
    assert await statuses() == ["teaming", "pending"]
    assert await db.fetch_value("SELECT paid FROM teams") == 1
    assert await arena.settle(said) == "settled"
    assert await statuses() == ["paid", "paid"]
    await work(mall)
    await proved(mall)


@pytest.mark.parametrize(("room", "name"), [(group_buys, "fail"), (refund_grants, "grant")], ids=["decision", "refund"])
async def test_a_failure_breaks_and_goes_on(mall: Mall, monkeypatch: pytest.MonkeyPatch, room: Any, name: str) -> None:
    sku = await make_sku(stock=5)
    activity = await make_group_buy(mall, sku)
    leader = await join(mall)
    order_no, _ = await open_team(leader, activity, sku)
    team_id = await db.fetch_value("SELECT id FROM teams")
    mall.clock.advance(90_000)
    broken(monkeypatch, room, name)

    async def decide_and_refund() -> None:
        await teams.close(mall.deps, team_id)
        await team_refunds.give_back(mall.deps, order_no)

    with pytest.raises(Busy):
        await decide_and_refund()
    assert await statuses() == ["teaming"]
    assert await db.fetch_value("SELECT count(*) FROM refunds") == 0
    for _ in range(2):
        await teams.close(mall.deps, team_id)
        await work(mall)
    assert await statuses() == ["refunded"]
    assert await db.fetch_value("SELECT available FROM skus") == 5
    assert await db.fetch_value("SELECT taken FROM group_buys") == 0
    await proved(mall)


async def test_wechat_is_silent_about_one_seat(mall: Mall) -> None:
    """That team waits for the next round; the others are decided."""
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    _, waiting = await open_team(await join(mall), activity, sku)
    late = await join(mall)
    unpaid = (await late.place(sku, **promotion(activity, waiting)))["order_no"]
    await late.post(f"/orders/{unpaid}/pay")
    _, other = await open_team(await join(mall), activity, sku)
    await join_team(await join(mall), activity, other, sku)
    mall.clock.advance(90_000)
    await mall.control("knobs", fail_500_after_commit={"op": "close"}, rate_limited={"op": "close"})
    await teams.close_due(mall.deps)
    states = {row["team_no"]: row["state"] for row in await db.fetch("SELECT team_no, state FROM teams")}
    assert states == {waiting: "open", other: "failed"}
    await mall.control("knobs", reset=True)
    await pass_days(mall, 0.01)
    await work(mall)
    assert await db.fetch_value("SELECT array_agg(DISTINCT state) FROM teams") == ["failed"]
    await work(mall)
    await proved(mall)


async def test_more_teams_are_due_than_a_batch_takes(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teams, "BATCH", 1)
    sku = await make_sku()
    activity = await make_group_buy(mall, sku)
    for _ in range(2):
        await open_team(await join(mall), activity, sku)
    mall.clock.advance(90_000)
    await close_teams(mall.deps)
    assert await db.fetch_value("SELECT array_agg(state) FROM teams") == ["failed", "failed"]
