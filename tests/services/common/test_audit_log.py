from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from server import db
from server.db import Connection
from server.gateways.cipher import FieldCipher
from server.services.common import audit_log

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sealed(database: str) -> None:
    """Give this process the key of the seal."""
    audit_log.seal_with(FieldCipher([b"k" * 32]))


async def write(count: int) -> None:
    for number in range(count):
        async with db.transaction() as tx:
            await audit_log.record(
                tx, AT, f"op{number % 2}", "thing.change", f"thing:{number}", {"before": 1, "after": 2, "reason": "因"}
            )


@pytest.mark.parametrize("verb", ["UPDATE audit_log SET actor = actor", "DELETE FROM audit_log", "TRUNCATE audit_log"])
async def test_the_log_is_append_only(database: str, owner: Connection, verb: str) -> None:
    await write(1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(verb)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await owner.execute(verb)


async def verified() -> tuple[int, list[dict[str, Any]]]:
    async with db.snapshot() as reader:
        return await audit_log.verify(reader)


async def tamper(owner: Connection, *statements: str) -> None:
    """Do what the owner of the tables can do, who may switch triggers off."""
    for statement in ("ALTER TABLE audit_log DISABLE TRIGGER USER", *statements):
        await owner.execute(statement)


async def test_a_log_as_it_was_written_fits(database: str) -> None:
    assert await verified() == (0, [])
    await write(3)
    assert await verified() == (3, [])


_SECOND = "(SELECT min(id) + 1 FROM audit_log)"
_NEWEST = "(SELECT max(id) FROM audit_log)"
_BACK = "UPDATE audit_anchor SET count = 2, head = (SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1)"
_BY_HAND = """
INSERT INTO audit_log (at, actor, action, subject, detail, previous_hash, hash)
  SELECT at, actor, action, subject, detail, hash, repeat('a', 64) FROM audit_log ORDER BY id DESC LIMIT 1
"""


@pytest.mark.parametrize("place", [_SECOND, _NEWEST])
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
async def test_a_change_of_any_column_is_found(database: str, owner: Connection, change: str, place: str) -> None:
    await write(3)
    await tamper(owner, f"UPDATE audit_log SET {change} WHERE id = {place}")
    checked, offenders = await verified()
    assert checked == 3
    assert offenders


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([f"DELETE FROM audit_log WHERE id = {_SECOND}"], {"records": 2, "anchored": 3, "sealed": True}),
        ([f"DELETE FROM audit_log WHERE id = {_NEWEST}"], {"records": 2, "anchored": 3, "sealed": True}),
        (["DELETE FROM audit_log"], {"records": 0, "anchored": 3, "sealed": True}),
        ([f"DELETE FROM audit_log WHERE id = {_NEWEST}", _BACK], {"records": 2, "anchored": 2, "sealed": False}),
        ([_BY_HAND], {"records": 4, "anchored": 3, "sealed": True}),
        (["UPDATE audit_anchor SET seal = repeat('1', 64)"], {"records": 3, "anchored": 3, "sealed": False}),
        (["UPDATE audit_anchor SET count = 0"], {"records": 3, "anchored": 0, "sealed": False}),
        (["DELETE FROM audit_anchor"], {"records": 3, "anchored": None, "sealed": False}),
    ],
)
async def test_an_end_that_is_not_the_anchors_is_found_and_stays_so(
    database: str, owner: Connection, statements: list[str], found: dict[str, Any]
) -> None:
    await write(3)
    await tamper(owner, *statements)
    assert found in (await verified())[1]
    if found["anchored"] is None:
        with pytest.raises(RuntimeError, match="audit --seal"):
            await write(1)
    else:
        await write(2)  # new records do not repair the chain
        assert (await verified())[1]


async def test_another_key_does_not_fit(database: str) -> None:
    await write(1)
    audit_log.seal_with(FieldCipher([b"q" * 32]))
    assert (await verified())[1] == [{"records": 1, "anchored": 1, "sealed": False}]


@pytest.mark.parametrize(
    "before",
    ["UPDATE audit_anchor SET seal = ''", "DELETE FROM audit_anchor", f"DELETE FROM audit_log WHERE id = {_NEWEST}"],
)
async def test_sealed_again_with_a_record_that_says_so(database: str, owner: Connection, before: str) -> None:
    await write(2)
    await tamper(owner, before)
    async with db.transaction() as tx:
        await audit_log.seal_again(tx, AT, "cli", "换了密钥")
    checked, offenders = await verified()
    assert offenders == []
    newest = await db.fetch_row("SELECT action, detail FROM audit_log ORDER BY id DESC LIMIT 1")
    assert newest is not None
    assert (newest["action"], orjson.loads(newest["detail"])) == (
        "audit_log.seal",
        {"reason": "换了密钥", "records": checked - 1},
    )


async def test_an_empty_log_is_sealed_again(database: str, owner: Connection) -> None:
    await tamper(owner, "DELETE FROM audit_anchor")
    async with db.transaction() as tx:
        await audit_log.seal_again(tx, AT, "cli", "x")
    assert await verified() == (1, [])
