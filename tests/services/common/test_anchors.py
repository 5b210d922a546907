"""What was told of the log's end outside the database reveals that its owner cut the log and set its anchor back."""

import logging

import pytest

from server import db
from server.db import Connection
from server.services.common import anchors, audit_log, audits
from tests.support.cli import run
from tests.support.mall import Mall

OFF, ON = (f"ALTER TABLE audit_log {way} TRIGGER USER;" for way in ("DISABLE", "ENABLE"))
CUT = f"{OFF} DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log); {ON}"
EMPTY = f"{OFF} DELETE FROM audit_log; {ON}"


async def write(mall: Mall, count: int = 1) -> None:
    for number in range(count):
        async with db.transaction() as tx:
            await audit_log.record(tx, mall.clock.now(), "op", "thing.change", f"thing:{number}", {"reason": "因"})


async def alarms() -> list[str]:
    return [row["kind"] for row in await db.fetch("SELECT kind FROM alarms")]


async def broken(mall: Mall) -> list[object]:
    (log,) = (check for check in (await audits.run(mall.deps)).checks if check.name == "audit_log")
    return list(log.offenders)


async def set_back(owner: Connection, anchor: tuple[int, str, str]) -> None:
    """Cut the newest record and set the anchor back to the one that was sealed before it."""
    await owner.execute(CUT)
    await owner.execute("UPDATE audit_anchor SET count = $1, head = $2, seal = $3", *anchor)


async def sealed() -> tuple[int, str, str]:
    row = await db.fetch_row("SELECT count, head, seal FROM audit_anchor")
    assert row is not None
    return row["count"], row["head"], row["seal"]


async def test_an_owner_who_cuts_the_log_and_sets_its_anchor_back_is_found(mall: Mall, owner: Connection) -> None:
    await write(mall, 2)
    older = await sealed()
    await write(mall)
    await anchors.tell(mall.deps)
    assert await broken(mall) == []
    (end,) = await anchors.told(mall.deps.redis)
    await set_back(owner, older)
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []  # the database alone shows nothing
    assert await broken(mall) == [{"told": end.id, "hash": end.hash}]
    await write(mall)  # another record does not take its place
    await anchors.tell(mall.deps)
    assert await alarms() == ["audit_log_broken"]
    assert await anchors.told(mall.deps.redis) == [end]
    assert await broken(mall) == [{"told": end.id, "hash": end.hash}]


async def test_an_end_from_the_applications_log_is_checked_although_redis_forgot(
    mall: Mall, owner: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await write(mall)
    older = await sealed()
    await write(mall)
    await anchors.tell(mall.deps)
    (end,) = await anchors.told(mall.deps.redis)
    assert f"ends with --end {end}" in caplog.text
    code, told, _ = await run(mall, "audit", "--json", "--end", str(end))
    assert (code, "told" in told) == (0, False)
    await set_back(owner, older)
    await mall.deps.redis.flushdb()
    assert (await run(mall, "audit", "--json"))[0] == 0
    code, told, _ = await run(mall, "audit", "--json", "--end", str(end))
    assert (code, f'"told":{end.id}' in told) == (1, True)
    code, _, said = await run(mall, "audit", "--end", "newest")
    assert (code, "--end" in said) == (2, True)


async def test_sealed_again_the_end_is_told_again(mall: Mall, owner: Connection) -> None:
    await write(mall)
    older = await sealed()
    await write(mall)
    await anchors.tell(mall.deps)
    await set_back(owner, older)
    code, told, _ = await run(mall, "audit", "--seal", "从备份恢复")
    assert (code, "全部一致" in told) == (0, True)
    await anchors.tell(mall.deps)
    assert await alarms() == []


async def test_what_is_told_only_if_it_is_new(mall: Mall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await anchors.tell(mall.deps)
    await anchors.tell_again(mall.deps.redis)
    assert await anchors.told(mall.deps.redis) == []  # an empty log has no end
    await write(mall)
    for _ in range(2):
        await anchors.tell(mall.deps)
    assert caplog.text.count("--end") == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_anchor SET count = 1", "DELETE FROM audit_anchor", CUT, EMPTY],
)
async def test_a_log_whose_seal_does_not_fit_is_not_told(mall: Mall, owner: Connection, statement: str) -> None:
    await write(mall, 2)
    await owner.execute(statement)
    await anchors.tell(mall.deps)
    assert await alarms() == ["audit_log_broken"]
    assert await anchors.told(mall.deps.redis) == []
