from datetime import UTC, datetime

import asyncpg
import pytest

from server import db
from server.services import audit_log

AT = datetime(2026, 3, 1, tzinfo=UTC)


async def write(count: int) -> None:
    for number in range(count):
        async with db.transaction() as tx:
            await audit_log.record(
                tx, AT, f"op{number % 2}", "thing.change", f"thing:{number}", {"before": 1, "after": 2, "reason": "因"}
            )


@pytest.mark.parametrize("verb", ["UPDATE audit_log SET actor = actor", "DELETE FROM audit_log", "TRUNCATE audit_log"])
async def test_the_log_is_append_only(database: str, verb: str) -> None:
    await write(1)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        async with db.transaction() as tx:
            await tx.execute(verb)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 s'",
        "actor = 'x'",
        "action = 'x'",
        "subject = 'x'",
        "detail = '{}'",
        "previous_hash = repeat('1', 64)",
        "hash = repeat('1', 64)",
    ],
)
async def test_a_change_of_any_column_by_who_may_switch_triggers_off_is_found(database: str, change: str) -> None:
    await write(3)
    async with db.transaction() as tx:
        await tx.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
        await tx.execute(f"UPDATE audit_log SET {change} WHERE id = (SELECT min(id) + 1 FROM audit_log)")
    async with db.snapshot() as reader:
        checked, offenders = await audit_log.verify(reader)
    assert checked == 3
    assert offenders
