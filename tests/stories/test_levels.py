"""等级 from receipt to privileges: growth that is earned, taken back and too old, and the levels that follow."""

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest

from server import db
from server.core.errors import BadRequest, FormInvalid, NotFound, VersionStale
from server.jobs.members import judge_due
from server.rules.levels import Level
from server.services.growth import progress
from server.services.members import profiles
from server.services.rebates import blocking, qualifications
from server.services.terms import levels
from tests.support.circle import circle, line_ids, shop_refunds
from tests.support.mall import Mall
from tests.support.purse import earn
from tests.support.shop import Shopper, join, make_sku, pass_days, publish, publish_commission, work

LEVELS = (
    Level("普通会员", 0),
    Level("银卡会员", 100, 9_800),
    Level("金卡会员", 300, 9_500, 15_000, free_freight=True, commission_bonus_bp=1_000),
)


async def offer(mall: Mall, *wanted: Level) -> None:
    """Replace the levels in force."""
    assert await levels.change(mall.deps, wanted or LEVELS, levels.version(await levels.current()), "test", "tester")
    await work(mall)


async def stands(shopper: Shopper) -> tuple[str, int]:
    """Return level and growth as the member sees them."""
    me = await profiles.profile(shopper.mall.deps, shopper.id)
    assert me.level
    return me.level.name, me.growth


async def completed(mall: Mall, shopper: Shopper, price_fen: int) -> str:
    """Buy, receive and complete an order; return its number."""
    order_no = await shopper.buy(await make_sku(price_fen))
    await work(mall)
    await shopper.receive(order_no)
    await pass_days(mall, 7.1)
    return order_no


async def changes(shopper: Shopper) -> list[tuple[int, int, str]]:
    rows = await db.fetch("SELECT before, after, why FROM level_changes WHERE member_id = $1 ORDER BY id", shopper.id)
    return [(row["before"], row["after"], row["why"]) for row in rows]


async def test_given_no_levels_then_growth_counts_and_nobody_has_one(mall: Mall) -> None:
    me = await join(mall)
    await completed(mall, me, 12_399)
    found = await me.get("/me")
    assert (found["level"], found["growth"], found["privileges"], found["next_level"]) == (None, 123, [], None)
    await offer(mall)
    assert await stands(me) == ("银卡会员", 123)


async def test_given_a_completed_order_then_its_buyer_rises_at_once_and_sees_what_lacks(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    order_no = await me.buy(await make_sku(15_000))
    await work(mall)
    await me.receive(order_no)
    await work(mall)
    assert await stands(me) == ("普通会员", 0)
    await pass_days(mall, 7.1)
    found = await me.get("/me")
    assert (found["level"]["name"], found["level"]["position"], found["growth"]) == ("银卡会员", 1, 150)
    assert found["next_level"] == {"name": "金卡会员", "growth": 300, "lacks": 150}
    assert [one["kind"] for one in found["privileges"]] == ["discount"]
    assert await changes(me) == [(0, 1, "growth")]
    await completed(mall, me, 20_000)
    assert (await me.get("/me"))["next_level"] is None


async def test_given_the_same_completion_twice_and_at_once_then_it_counts_once(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    await completed(mall, me, 15_000)
    order_id = await db.fetch_value("SELECT id FROM orders WHERE member_id = $1", me.id)
    await asyncio.gather(*(progress.grow(mall.deps, order_id) for _ in range(5)))
    assert await stands(me) == ("银卡会员", 150)
    assert await db.fetch_value("SELECT count(*) FROM growth_entries") == 1
    with pytest.raises(asyncpg.PostgresError):
        await db.fetch("UPDATE growth_entries SET amount = 1 RETURNING id")


async def test_given_a_refund_of_a_completed_order_then_growth_falls_and_the_level_stays_its_year(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    order_no = await me.buy(await make_sku(20_000), await make_sku(10_000))
    await work(mall)
    await me.receive(order_no)
    await pass_days(mall, 7.1)
    assert await stands(me) == ("金卡会员", 300)
    first, second = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {first: 1})
    assert await stands(me) == ("金卡会员", 100)
    mall.clock.advance(61)
    await shop_refunds(mall, order_no, {second: 1})
    assert await stands(me) == ("金卡会员", 0)
    await pass_days(mall, 366)
    assert await stands(me) == ("普通会员", 0)
    assert await changes(me) == [(0, 2, "growth"), (2, 0, "year")]


async def test_given_a_refund_before_completion_then_only_the_rest_counts(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    order_no = await me.buy(await make_sku(20_000), await make_sku(10_000))
    await work(mall)
    await me.receive(order_no)
    first, _ = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {first: 1})
    await pass_days(mall, 7.1)
    assert await stands(me) == ("银卡会员", 100)
    whole = await me.buy(await make_sku(10_000))
    await work(mall)
    await me.receive(whole)
    await shop_refunds(mall, whole)
    order_id = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", whole)
    await pass_days(mall, 7.1)
    await progress.grow(mall.deps, order_id)
    assert await stands(me) == ("银卡会员", 100)


async def test_given_a_refund_that_gives_no_cash_back_then_growth_stays(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    await earn(mall, me.id, 10_000)
    order_no = await me.buy(await make_sku(10_099), await make_sku(1), use_balance_fen=10_000)
    await work(mall)
    await me.receive(order_no)
    await pass_days(mall, 7.1)
    _, second = await line_ids(me, order_no)
    await shop_refunds(mall, order_no, {second: 1})
    assert await stands(me) == ("普通会员", 1)


async def test_given_less_than_a_yuan_then_nothing_grows(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    order_no = await completed(mall, me, 99)
    await shop_refunds(mall, order_no)
    assert await db.fetch_value("SELECT count(*) FROM growth_entries") == 0


async def test_given_a_year_then_what_was_earned_in_it_decides_however_late_it_is_noticed(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    await completed(mall, me, 30_000)
    await pass_days(mall, 300)
    assert await progress.correct(mall.deps, me.id, 120, "a", "补偿", "anna", anew=False)
    assert await stands(me) == ("金卡会员", 420)
    mall.clock.advance(65 * 86_400)  # the year is over; the worker notices it late
    await work(mall)
    assert await changes(me) == [(0, 2, "growth"), (2, 1, "year")]
    kept = await db.fetch_value("SELECT kept_until FROM member_levels WHERE member_id = $1", me.id)
    since = await db.fetch_value("SELECT min(counts_at) FROM growth_entries WHERE member_id = $1", me.id)
    assert (kept - since).days == 730
    mall.clock.advance(800 * 86_400)  # more than two years end at once
    await work(mall)
    assert await stands(me) == ("普通会员", 0)
    assert (await changes(me))[2:] == [(1, 0, "year")]
    assert await progress.judge_due(mall.deps) == 0


async def test_given_friends_who_count_then_the_referrer_grows_with_each_and_loses_what_is_void(mall: Mall) -> None:
    await publish(mall, required=10)
    await offer(mall)
    mine = await circle(mall)
    await mine.bring(2)
    await mine.receive_all()
    assert (await mine.me.get("/me"))["growth"] == 0
    await pass_days(mall, 7.1)
    assert await stands(mine.me) == ("银卡会员", 200)
    assert await stands(mine.friends[0].person) == ("银卡会员", 200)
    await shop_refunds(mall, mine.friends[0].order_no)
    assert await stands(mine.me) == ("银卡会员", 150)
    second = await db.fetch_value("SELECT max(id) FROM qualifications")
    await qualifications.review(mall.deps, second, "void", "tester", "刷单")
    await qualifications.review(mall.deps, second, "void", "tester", "刷单")
    assert await stands(mine.me) == ("银卡会员", 100)


async def test_given_a_block_when_it_ends_then_friends_who_were_held_make_grow(mall: Mall) -> None:
    await publish(mall, required=10)
    await offer(mall)
    mine = await circle(mall)
    await mine.bring(2)
    await blocking.block(mall.deps, mine.me.id, "查证", "tester")
    for friend in mine.friends:
        await friend.receive()
    await pass_days(mall, 7.1)
    growing = "SELECT COALESCE(sum(amount), 0)::bigint FROM growth_entries WHERE member_id = $1 AND kind = 'referral'"
    assert await db.fetch_value(growing, mine.me.id) == 0
    first = await db.fetch_value("SELECT min(id) FROM qualifications")
    await qualifications.review(mall.deps, first, "pass", "tester")
    assert await db.fetch_value(growing, mine.me.id) == 50
    await blocking.unblock(mall.deps, mine.me.id, "误会", "tester")
    await work(mall)
    assert await db.fetch_value(growing, mine.me.id) == 100


async def test_given_a_shop_that_rewards_no_friends_then_none_make_grow(mall: Mall) -> None:
    async with db.transaction() as tx:
        terms = '{"growth_per_referral": 0, "growth_per_yuan": 2}'
        await tx.execute("INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $1::jsonb, now())", terms)
    await publish(mall, required=10)
    mine = await circle(mall)
    await mine.bring(1)
    await mine.receive_all()
    await pass_days(mall, 7.1)
    assert ((await mine.me.get("/me"))["growth"], (await mine.friends[0].person.get("/me"))["growth"]) == (200, 400)


async def test_given_an_operator_who_corrects_then_once_with_reason_and_only_down_when_asked(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)

    async def correct(amount: int, key: str, *, anew: bool = False) -> bool:
        return await progress.correct(mall.deps, me.id, amount, key, "补偿", "anna", anew=anew)

    assert await correct(350, "a")
    assert not await correct(350, "a")
    assert await stands(me) == ("金卡会员", 350)
    assert await correct(-300, "b")
    assert await stands(me) == ("金卡会员", 50)
    assert await correct(60, "c", anew=True)
    assert await stands(me) == ("银卡会员", 110)
    assert await changes(me) == [(0, 2, "growth"), (2, 1, "correction")]
    for wrong in (0, -111):
        with pytest.raises(BadRequest):
            await correct(wrong, "d")
    with pytest.raises(NotFound):
        await progress.correct(mall.deps, 10**9, 1, "e", "补偿", "anna", anew=False)
    rows = await db.fetch("SELECT detail FROM audit_log WHERE action = 'member.growth' ORDER BY id")
    assert [orjson.loads(row["detail"])["after"] for row in rows] == [350, 50, 110]


async def test_given_new_levels_then_members_rise_in_batches_and_nobody_stands_above_the_highest(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BATCH", 1)
    people = [await join(mall) for _ in range(2)]
    for person in people:
        assert await progress.correct(mall.deps, person.id, 400, str(person.id), "老会员", "anna", anew=False)
    await offer(mall)
    assert [await stands(person) for person in people] == [("金卡会员", 400)] * 2
    before = levels.version(await levels.current())
    await offer(mall, *LEVELS[:2])
    assert [await stands(person) for person in people] == [("银卡会员", 400)] * 2
    with pytest.raises(VersionStale):
        await levels.change(mall.deps, LEVELS, before, "test", "tester")
    with pytest.raises(FormInvalid):
        await levels.change(mall.deps, LEVELS[1:], before, "test", "tester")
    assert not await levels.change(mall.deps, LEVELS[:2], levels.version(LEVELS[:2]), "test", "tester")
    assert await progress.judge_due(mall.deps) == 0
    async with db.transaction() as tx:
        await tx.execute("UPDATE member_levels SET kept_until = $1", mall.clock.now())
    await judge_due(mall.deps)
    assert await db.fetch_value("SELECT min(kept_until) FROM member_levels") > mall.clock.now()
    assert [await stands(person) for person in people] == [("银卡会员", 400)] * 2


async def test_given_a_level_with_a_bonus_then_commission_is_raised_as_it_stood_at_payment(mall: Mall) -> None:
    await publish(mall, required=10)
    await offer(mall)
    policies: list[dict[str, Any]] = [
        {"kind": "ratio", "ratio_bp": 1_000},
        {"kind": "ratio", "ratio_bp": 2_000, "scope": "member_level", "ids": [2]},
    ]
    await publish_commission(mall, policies=policies)
    parent = await join(mall)
    child = await join(mall, parent)
    await child.buy(await make_sku(10_000))
    assert await progress.correct(mall.deps, parent.id, 400, "a", "老会员", "anna", anew=False)
    await work(mall)
    await child.buy(await make_sku(10_000))
    await work(mall)
    after, before = (await parent.get("/commissions"))["items"]
    assert (before["amount_fen"], after["amount_fen"]) == (1_000, 2_200)
    (line,) = after["explanation"]["lines"]
    assert line["why"] == "会员等级策略：实付 100.00 元 × 20.00%，等级加成 10.00%"


async def test_given_a_level_then_goods_cost_less_and_freight_nothing_for_preview_and_placing_alike(mall: Mall) -> None:
    await offer(mall)
    me = await join(mall)
    sku = await make_sku(1_001)
    plain = await me.post("/orders/preview", await me.basket(sku))
    assert (plain["cash_due_fen"], plain["discounts"]) == (1_801, [])
    assert await progress.correct(mall.deps, me.id, 400, "a", "老会员", "anna", anew=False)
    seen = await me.post("/orders/preview", await me.basket(sku))
    assert (seen["cash_due_fen"], seen["freight_fen"]) == (950, 0)
    assert seen["discounts"] == [{"kind": "level", "label": "金卡会员", "amount_fen": 51}]
    placed = await me.place(sku)
    assert placed["cash_due_fen"] == 950
