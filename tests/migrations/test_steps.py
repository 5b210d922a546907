"""Migrating up, down and up again; three processes at once; and databases from which no step leads on."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from server import db, schema
from server.core.unfit import UnfitDatabaseError
from tests.support.catalogue import catalogue
from tests.support.databases import administer
from tests.support.old_schema import NAMES, make_old

STEPS = sorted(file.stem for file in (Path(schema.__file__).parent / "migrations").glob("0*.py"))


async def applied(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch("SELECT name FROM tortoise_migrations ORDER BY id")]
    finally:
        await connection.close()


async def test_down_to_nothing_and_up_again_leaves_the_same(empty_database: str, empty_app_url: str) -> None:
    nothing = await catalogue(empty_database)
    assert await schema.migrate(empty_database, empty_app_url) == STEPS
    before = await catalogue(empty_database)
    assert await schema.migrate(empty_database, empty_app_url) == []

    assert await schema.migrate(empty_database, empty_app_url, schema.EMPTY) == STEPS[::-1]
    assert await catalogue(empty_database) == nothing
    await db.connect(empty_app_url)
    try:
        assert await schema.pending() == STEPS
    finally:
        await db.disconnect()

    assert await schema.migrate(empty_database, empty_app_url) == STEPS
    assert await catalogue(empty_database) == before


async def test_each_step_down_takes_back_just_what_it_brought(empty_database: str, empty_app_url: str) -> None:
    before = {}
    for step in STEPS:
        await schema.migrate(empty_database, empty_app_url, step)
        before[step] = await catalogue(empty_database)
    for step in reversed(STEPS):
        await schema.migrate(empty_database, empty_app_url, step)
        assert await catalogue(empty_database) == before[step], step


async def test_a_migrated_database_lacks_nothing(database: str) -> None:
    assert await schema.pending() == []


async def test_three_at_once_migrate_an_empty_database(
    empty_database: str, empty_app_url: str, own_owner_url: str
) -> None:
    program = "import asyncio, sys; from server import schema; print(*asyncio.run(schema.migrate(*sys.argv[1:])))"
    root = Path(schema.__file__).parents[1]

    async def migrate() -> list[str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, empty_database, empty_app_url, cwd=root, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode().split()

    steps = await asyncio.gather(*(migrate() for _ in range(3)))
    assert sorted(step for one in steps for step in one) == STEPS
    assert await catalogue(empty_database) == await catalogue(own_owner_url)


@pytest.mark.parametrize("names", [NAMES, NAMES[:1]], ids=["whole", "interrupted after its first step"])
@pytest.mark.parametrize("target", ["__latest__", schema.EMPTY])
async def test_a_database_of_before_is_refused_and_left_alone(
    empty_database: str, empty_app_url: str, names: tuple[str, ...], target: str
) -> None:
    await make_old(empty_database, names)
    before = await catalogue(empty_database)
    with pytest.raises(UnfitDatabaseError, match=r"\./scripts/run --fresh"):
        await schema.migrate(empty_database, empty_app_url, target)
    assert await catalogue(empty_database) == before
    assert await applied(empty_database) == list(names)


async def test_one_that_an_earlier_initial_migration_made_is_refused(own_database_url: str, own_owner_url: str) -> None:
    await administer(own_owner_url, "COMMENT ON TABLE tortoise_migrations IS 'another fingerprint'")
    with pytest.raises(UnfitDatabaseError):
        await schema.migrate(own_owner_url, own_database_url)


async def test_one_that_a_later_version_migrated_is_none_of_these(own_database_url: str, own_owner_url: str) -> None:
    await administer(
        own_owner_url,
        "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '9999_later', now())",
    )
    assert await schema.migrate(own_owner_url, own_database_url) == []
    assert await applied(own_owner_url) == [*STEPS, "9999_later"]
