"""Coupons for many members: who gets one, only once, up to the total, also if the worker stops; birthdays; expiry."""

import asyncio
import contextlib
import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from server import db
from server.core.clock import day_start
from server.core.errors import NotFound, StateConflict
from server.jobs import coupons as jobs
from server.services.coupons import apply as coupon_apply
from server.services.coupons import drawer, issues
from server.services.coupons.issues import Wanted
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import join, until

_serial = iter(range(1, 1000))


async def template(mall: Mall, **fields: Any) -> int:
    slug = f"t{next(_serial)}"
    entry = {"slug": slug, "name": "礼券", "amount_fen": 500, **fields}
    await coupon_apply.apply(mall.deps, {"templates": [entry]}, "cli")
    found: int = await db.fetch_value("SELECT id FROM coupon_templates WHERE slug = $1", slug)
    return found


async def people(mall: Mall, count: int, **columns: str) -> list[int]:
    """Add members and return their ids; `columns` are SQL expressions of `n`, 1 … count."""
    columns = {"state": "'active'"} | columns
    names, values = ", ".join(["", *columns]), ", ".join(["", *columns.values()])
    rows = await db.fetch(
        f"INSERT INTO members (openid, nickname, avatar_url, share_code, created_at, seen_at{names})"
        f" SELECT $2 || n, '', '', $2 || n, $3, $3{values} FROM generate_series(1, $1::int) n RETURNING id",
        count,
        f"b{next(_serial)}-",
        mall.clock.now(),
    )
    return [row["id"] for row in rows]


async def ask(mall: Mall, template_id: int, segment: str = "all", **more: Any) -> int:
    wanted = {"days": None, "members": [], "levels": [], "once": f"once{next(_serial)}", "reason": "活动"} | more
    return await issues.ask(mall.deps, Wanted(template_id, segment, **wanted), "owner-op")


async def holders(template_id: int) -> list[int]:
    rows = await db.fetch("SELECT member_id FROM coupons WHERE template_id = $1 ORDER BY member_id", template_id)
    return [row["member_id"] for row in rows]


async def state_of(issue_id: int) -> tuple[str, int, int]:
    row = await db.fetch_row("SELECT state, seen, issued FROM coupon_issues WHERE id = $1", issue_id)
    assert row
    return row["state"], row["seen"], row["issued"]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issues, "_BATCH", 10)


async def test_everybody_gets_one_who_is_there_and_active(mall: Mall, small_batches: None) -> None:
    members = await people(mall, 35, state="CASE WHEN n % 7 = 0 THEN 'blocked' ELSE 'active' END")
    number = await template(mall, valid_days=7)
    job = await ask(mall, number)
    await people(mall, 5)
    await jobs.issue(mall.deps)
    assert await holders(number) == [one for n, one in enumerate(members, 1) if n % 7]
    assert await state_of(job) == ("done", 35, 30)
    assert await db.fetch_value("SELECT claimed FROM coupon_templates WHERE id = $1", number) == 30
    assert not await issues.step(mall.deps)
    await proved(mall)


async def test_each_segment_is_who_it_says(mall: Mall) -> None:
    now = mall.clock.now()
    month = (now + timedelta(hours=8)).month
    newcomers = await people(mall, 3)
    paid = await people(mall, 4, first_paid_at="$3::timestamptz - interval '40 days'")
    born = await people(mall, 2, birthday=f"make_date(1990, {month}, 7)")
    await people(mall, 2, birthday=f"make_date(1990, {month % 12 + 1}, 7)")
    for member, days in zip(paid[:2], (2, 20), strict=True):
        await db.fetch(
            "INSERT INTO orders SELECT r.* FROM jsonb_populate_record(NULL::orders, jsonb_build_object("
            " 'id', $1::bigint, 'order_no', 'T' || $1::bigint,"
            " 'member_id', $1::bigint, 'kind', 'normal', 'status', 'received',"
            " 'virtual', false, 'items_fen', 0, 'discounts', '[]'::jsonb, 'freight_fen', 0, 'freight_cash_fen', 0,"
            " 'balance_fen', 0, 'withdrawable_fen', 0, 'cash_due_fen', 0, 'region', '', 'remark', '', 'created_at',"
            " $2::timestamptz, 'paid_at', $2::timestamptz, 'expires_at', $2::timestamptz, 'checks', 0,"
            " 'refunded_cash_fen', 0, 'refunded_balance_fen', 0, 'refunded_freight_fen', 0, 'points', 0,"
            " 'refunded_points', 0, 'stacking_version', 0, 'for_commission', true, 'for_qualification', true,"
            " 'for_return', true)) r RETURNING id",
            member,
            now - timedelta(days=days),
        )

    async def given(segment: str, **more: Any) -> list[int]:
        number = await template(mall)
        await ask(mall, number, segment, **more)
        await jobs.issue(mall.deps)
        return await holders(number)

    everybody = await given("all")
    assert await given("new") == [one for one in everybody if one not in paid]
    assert await given("bought", days=7) == paid[:1]
    assert await given("bought", days=30) == paid[:2]
    assert await given("not_bought", days=7) == [one for one in everybody if one != paid[0]]
    assert await given("birthday") == born
    await db.fetch("INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 2, $2)", paid[0], now)
    assert await given("level", levels=[1, 2]) == paid[:1]
    assert await given("level", levels=[0]) == [one for one in everybody if one != paid[0]]
    assert await given("list", members=[newcomers[0], paid[3]]) == [newcomers[0], paid[3]]


async def test_the_total_ends_it_exactly_where_it_is_reached(mall: Mall, small_batches: None) -> None:
    members = await people(mall, 35)
    number = await template(mall, total=13)
    shopper = await join(mall)
    await shopper.post(f"/coupon-templates/{number}/claim")
    job = await ask(mall, number)
    await jobs.issue(mall.deps)
    assert await holders(number) == [*members[:12], shopper.id]
    assert await state_of(job) == ("total", 12, 12)
    late = await ask(mall, number)
    await jobs.issue(mall.deps)
    assert await state_of(late) == ("total", 0, 0)
    await proved(mall)


async def test_a_template_that_ends_meanwhile_ends_the_job(mall: Mall, small_batches: None) -> None:
    await people(mall, 15)
    number = await template(mall)
    job = await ask(mall, number)
    assert await issues.step(mall.deps)
    await db.fetch("UPDATE coupon_templates SET active = false WHERE id = $1 RETURNING id", number)
    await jobs.issue(mall.deps)
    assert await state_of(job) == ("ended", 10, 10)
    with pytest.raises(StateConflict):
        await ask(mall, number)
    now = mall.clock.now()
    over = await template(mall, starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    with pytest.raises(StateConflict):
        await ask(mall, over)
    with pytest.raises(NotFound):
        await ask(mall, 0)


async def test_killed_between_any_two_batches_it_goes_on_and_nobody_gets_two(
    mall: Mall, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = await people(mall, 95)
    number = await template(mall)
    job = await ask(mall, number)
    plain, turns = drawer.issue_from, iter(range(100))

    async def dying(tx: db.Connection, *args: Any) -> Sequence[asyncpg.Record]:
        rows = await plain(tx, *args)
        if next(turns) % 2:
            raise asyncio.CancelledError  # after the batch was written, before the commit
        return rows

    monkeypatch.setattr(drawer, "issue_from", dying)
    for _ in range(30):
        with contextlib.suppress(asyncio.CancelledError):  # as if the worker had died
            await jobs.issue(mall.deps)
    assert await holders(number) == members
    assert await state_of(job) == ("done", 95, 95)
    await proved(mall)


_WORKER = """
import asyncio, sys
from types import SimpleNamespace
from server import db
from server.core.clock import SystemClock
from server.jobs import coupons
from server.services.coupons import issues

async def main():
    issues._BATCH = 10
    await db.connect(sys.argv[1])
    await coupons.issue(SimpleNamespace(clock=SystemClock()))

asyncio.run(main())
"""


async def test_a_worker_that_is_shot_in_the_middle_is_taken_over_from(mall: Mall) -> None:
    members = await people(mall, 3_000)
    number = await template(mall)
    job = await ask(mall, number)
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORKER, mall.settings.database_url)

    async def begun() -> bool:
        return (await state_of(job))[2] > 0

    try:
        await until(begun)
    finally:
        worker.kill()
        await worker.wait()
    state, _, issued = await state_of(job)
    assert state == "running"
    assert len(await holders(number)) == issued
    await asyncio.gather(jobs.issue(mall.deps), jobs.issue(mall.deps))
    assert await holders(number) == members
    assert await state_of(job) == ("done", 3_000, 3_000)


async def test_two_workers_at_one_job_and_claims_meanwhile(mall: Mall, small_batches: None) -> None:
    members = await people(mall, 150)
    number = await template(mall, total=100)
    job = await ask(mall, number)
    buyers = [await join(mall) for _ in range(8)]
    claims = [asyncio.create_task(one.call("POST", f"/coupon-templates/{number}/claim", {}, key="k")) for one in buyers]
    await asyncio.gather(*claims, *(jobs.issue(mall.deps) for _ in range(4)))
    claimed = sum(one.result().status_code == 200 for one in claims)
    assert await db.fetch_value("SELECT claimed FROM coupon_templates WHERE id = $1", number) == 100
    assert await state_of(job) == ("total", 100 - claimed, 100 - claimed)
    assert len(await holders(number)) == 100
    assert set(await holders(number)) <= {*members, *(one.id for one in buyers)}
    await proved(mall)


async def test_asked_twice_it_is_one_job_and_stopped_it_stays_so(mall: Mall, small_batches: None) -> None:
    await people(mall, 25)
    number = await template(mall)
    job = await ask(mall, number, once="same")
    with pytest.raises(StateConflict):
        await ask(mall, number, once="same")
    assert await issues.step(mall.deps)
    await issues.stop(mall.deps, job, "搞错了", "owner-op")
    await jobs.issue(mall.deps)
    assert await state_of(job) == ("stopped", 10, 10)
    with pytest.raises(StateConflict):
        await issues.stop(mall.deps, job, "再停", "owner-op")
    with pytest.raises(NotFound):
        await issues.stop(mall.deps, 0, "没有", "owner-op")


async def test_a_list_names_members_by_number_or_phone(mall: Mall) -> None:
    me = await join(mall)
    await me.post("/me/phone", {"code": (await mall.control("phone", openid=me.openid, phone="13812345678"))["code"]})
    other = await join(mall)
    text = f"13812345678\n#{other.id}，{other.id} 13900000000；x 99999999 99999999999999999999"
    found, unknown = await issues.named(mall.deps, text)
    assert found == sorted([me.id, other.id])
    assert unknown == ["13900000000", "x", "99999999", "99999999999999999999"]


def noon(day: date) -> datetime:
    return day_start(day) + timedelta(hours=12)


class Calendar:
    """A clock that stands still."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


async def test_birthday_gifts_come_on_the_day_once_a_year_and_late_days_are_made_up(mall: Mall) -> None:
    clock = Calendar(noon(date(2027, 2, 26)))
    deps = dataclasses.replace(mall.deps, clock=clock)
    by_day = {
        day: (await people(mall, 1, birthday=f"date '{day}'"))[0]
        for day in ("1990-02-26", "1990-02-27", "1992-02-29", "1990-03-01", "1990-03-10")
    }
    number = await template(mall, birthday_gift=True)
    await template(mall)

    async def days_pass(day: date) -> list[int]:
        clock.at = noon(day)
        for _ in range(2):
            await jobs.give_gifts(deps)
            await jobs.issue(deps)
        return await holders(number)

    assert await days_pass(date(2027, 2, 26)) == [by_day["1990-02-26"]]
    assert len(await days_pass(date(2027, 3, 1))) == 4
    await db.fetch("UPDATE members SET birthday = '1990-03-02' WHERE id = $1 RETURNING id", by_day["1990-02-26"])
    assert len(await days_pass(date(2027, 3, 2))) == 4, "another birthday in one year brings no other gift"
    assert len(await days_pass(date(2027, 3, 30))) == 4, "what is older than a week is not made up"
    assert len(await days_pass(date(2028, 3, 2))) == 8
    await proved(mall)


async def test_a_birthday_gift_may_be_for_some_levels(mall: Mall) -> None:
    clock = Calendar(noon(date(2027, 5, 5)))
    deps = dataclasses.replace(mall.deps, clock=clock)
    low, high = await people(mall, 2, birthday="date '1990-05-05'")
    await db.fetch("INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 1, $2)", high, clock.at)
    upper, everyone = await template(mall, birthday_gift=True, levels=[1]), await template(mall, birthday_gift=True)
    await jobs.give_gifts(deps)
    await jobs.issue(deps)
    assert (await holders(upper), await holders(everyone)) == ([high], [low, high])


async def test_endings_are_told_once_to_those_who_allowed_it(mall: Mall) -> None:
    me, other = await join(mall), await join(mall)
    await db.fetch(
        "INSERT INTO notice_credits (member_id, template, credits) VALUES ($1, 'coupon_ending', 5) RETURNING id", me.id
    )
    number, short = await template(mall, valid_days=10), await template(mall, valid_days=3)
    for one in (me, other):
        await one.post(f"/coupon-templates/{number}/claim")
        await one.post(f"/coupon-templates/{short}/claim")

    async def told() -> int:
        await jobs.warn_of_endings(mall.deps)
        told = await db.fetch("SELECT args FROM outbox WHERE job = 'send_notice'")
        assert all(json.loads(row["args"])["member_id"] == me.id for row in told)
        return len(told)

    assert await told() == 0
    mall.clock.advance(7 * 86_400 - 60)
    assert await told() == 0
    mall.clock.advance(120)
    assert [await told(), await told()] == [1, 1]
    assert await db.fetch_value("SELECT count(*) FROM coupons WHERE warned_at IS NOT NULL") == 4
