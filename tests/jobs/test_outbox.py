import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from server import db, outbox
from server.outbox import Job

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAR = timedelta(days=30)


async def put(*jobs: Job) -> None:
    async with db.transaction() as tx:
        await outbox.put(tx, jobs, AT)


async def claim(at: datetime = AT, limit: int = 100) -> list[outbox.Claimed]:
    async with db.transaction() as tx:
        return await outbox.claim(tx, at, limit)


async def row(outbox_id: int) -> Any:
    return await db.fetch_row("SELECT * FROM outbox WHERE id = $1", outbox_id)


async def alarms() -> list[Any]:
    return await db.fetch("SELECT kind, subject FROM alarms ORDER BY id")


async def test_a_job_exists_only_if_its_cause_commits(database: str) -> None:
    async def break_off() -> None:
        async with db.transaction() as tx:
            await outbox.put(tx, [Job("greet", {"id": 1})], AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert not await outbox.is_due(AT)
    await put(Job("greet", {"id": 1}))
    assert await outbox.is_due(AT)


async def test_a_job_waits_for_its_time(database: str) -> None:
    await put(Job("later", {}, AT + timedelta(hours=1)), Job("now", {"n": 2}))
    assert [(one.job, one.args, one.attempts) for one in await claim()] == [("now", {"n": 2}, 1)]
    assert await claim(AT + timedelta(seconds=29)) == []
    assert [one.job for one in await claim(AT + timedelta(hours=1))] == ["later", "now"]


async def test_a_row_that_is_not_done_is_handed_out_again_later_and_later(database: str) -> None:
    await put(Job("greet", {}))
    waits, at = [], AT
    for attempt in range(1, 10):
        (claimed,) = await claim(at)
        assert claimed.attempts == attempt
        due = (await row(claimed.id))["due_at"]
        waits.append((due - at).total_seconds())
        at = due
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_a_done_row_is_never_handed_out_again_and_is_done_once(database: str) -> None:
    await put(Job("greet", {}))
    (claimed,) = await claim()
    async with db.transaction() as tx:
        assert await outbox.done(tx, claimed.id, AT)
        assert not await outbox.done(tx, claimed.id, AT)
    assert await claim(AT + FAR) == []
    assert await outbox.find(claimed.id) is None


async def test_a_reported_failure_is_tried_again_soon_and_says_why(database: str) -> None:
    await put(Job("greet", {}))
    (claimed,) = await claim()
    await outbox.failed(claimed.id, "x" * 400, AT)
    stored = await row(claimed.id)
    assert stored["last_error"] == "x" * 300
    assert stored["due_at"] == AT + timedelta(seconds=2)
    (again,) = await claim(AT + timedelta(seconds=2))
    assert again == outbox.Claimed(claimed.id, "greet", {}, 2)


async def test_a_late_report_of_failure_does_not_undo_done(database: str) -> None:
    await put(Job("greet", {}))
    (claimed,) = await claim()
    async with db.transaction() as tx:
        await outbox.done(tx, claimed.id, AT)
    await outbox.failed(claimed.id, "too late", AT)
    assert (await row(claimed.id))["last_error"] is None


async def test_operators_are_told_once_of_a_job_that_keeps_failing(database: str) -> None:
    await put(Job("greet", {}))
    at = AT
    for attempt in range(1, 16):
        (claimed,) = await claim(at)
        told = await alarms()
        assert [tuple(one) for one in told] == ([("job_failing", f"greet #{claimed.id}")] if attempt > 12 else [])
        at += timedelta(hours=1)


async def test_an_unknown_name_is_told_once_and_stays_due(database: str) -> None:
    await put(Job("nobody", {}), Job("nobody", {}))
    for claimed in await claim():
        await outbox.unknown(claimed, AT)
    assert [tuple(one) for one in await alarms()] == [("job_unknown", "nobody")]
    assert len(await claim(AT + timedelta(seconds=2))) == 2


async def test_a_rolled_back_hand_over_costs_no_attempt(database: str) -> None:
    await put(Job("greet", {}))

    async def break_off() -> None:
        async with db.transaction() as tx:
            assert len(await outbox.claim(tx, AT, 10)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    (claimed,) = await claim()
    assert claimed.attempts == 1


async def test_relays_side_by_side_hand_out_each_row_once(database: str) -> None:
    await put(*(Job("greet", {"n": n}) for n in range(500)))
    async with db.transaction() as held:
        first = await outbox.claim(held, AT, 50)
        other = await asyncpg.connect(database)
        try:
            async with other.transaction():
                second = await outbox.claim(other, AT, 50)  # it does not wait for the first
        finally:
            await other.close()
    assert len(first) == len(second) == 50
    seen = [one.id for one in first + second]

    async def relay() -> None:
        while taken := await claim(limit=30):
            seen.extend(one.id for one in taken)

    await asyncio.gather(relay(), relay(), relay())
    assert len(seen) == len(set(seen)) == 500


async def test_cleaning_takes_what_is_old_and_leaves_the_rest(database: str) -> None:
    await put(*(Job("old", {}) for _ in range(1500)), Job("fresh", {}), Job("open", {}))
    async with db.transaction() as tx:
        await tx.execute("UPDATE outbox SET done_at = $1 WHERE job = 'old'", AT - timedelta(days=8))
        await tx.execute("UPDATE outbox SET done_at = $1 WHERE job = 'fresh'", AT - timedelta(days=6))
        for number, days in enumerate((6, 8)):
            await tx.execute(
                "INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)"
                " VALUES (1, '/', $1, '', 200, '', $2)",
                str(number),
                AT - timedelta(days=days),
            )
    assert await outbox.clean(AT) == 1501
    assert {one["job"] for one in await db.fetch("SELECT job FROM outbox")} == {"fresh", "open"}
    assert await db.fetch_value("SELECT count(*) FROM idempotency_keys") == 1
    assert await outbox.clean(AT) == 0
