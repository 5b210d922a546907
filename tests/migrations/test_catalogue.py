"""The live catalogue has what models and SQL files promise, and migrating down and up again leaves it the same."""

import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import asyncpg
import pytest
from tortoise import Model, Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance

from scripts.frozen.catalogue import CATALOGUE, rows
from server import db, models, schema
from tests.conftest import EngineUrls
from tests.support.databases import drop, named_database
from tests.support.house import House

SQL = Path(schema.__file__).parent / "migrations" / "sql"
PROMISED = "\n".join(file.read_text() for file in sorted(SQL.glob("*.sql")) if not file.stem.endswith("_down"))
TABLES: list[type[Model]] = [getattr(models, name) for name in models.__all__]
TYPES = {
    "BIGINT": "bigint",
    "INT": "integer",
    "BOOL": "boolean",
    "BYTEA": "bytea",
    "TEXT": "text",
    "DATE": "date",
    "JSONB": "jsonb",
    "TIMESTAMPTZ": "timestamp with time zone",
}


async def names(kind: str) -> set[str]:
    return {row[0] for row in await db.fetch(CATALOGUE[kind])}


def promised(pattern: str) -> set[str]:
    return set(re.findall(pattern, PROMISED))


@pytest.fixture
async def empty_database(house: House, engines: EngineUrls) -> AsyncIterator[str]:
    """A database without any table, with no pool open in this process; its URL."""
    await house.disconnect()
    name = f"tuisan_empty_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(engines.database)
    await admin.execute(f'CREATE DATABASE "{name}"')
    yield named_database(engines.database, name)
    await admin.close()
    await drop(engines.database, name)


async def test_every_check_of_the_sql_files_exists_and_no_other(database: str) -> None:
    checks = {row[0] for row in await db.fetch(CATALOGUE["constraints"]) if row[2] == "c"}
    assert checks == promised(r"ADD CONSTRAINT (\w+)\s+CHECK")
    assert len(checks) > 25


async def test_every_index_of_the_sql_files_exists_as_it_is_written(database: str) -> None:
    written = re.findall(r"CREATE (UNIQUE )?INDEX (\w+)\s+ON (\w+)([^;]*);", PROMISED)
    found = {row[0]: row[1] for row in await db.fetch(CATALOGUE["indexes"])}
    for unique, name, table, rest in written:
        assert f" ON public.{table} " in found[name]
        assert found[name].startswith("CREATE UNIQUE INDEX") == bool(unique)
        assert (" WHERE " in found[name]) == (" WHERE " in rest), name
    assert {name for name, text in found.items() if " WHERE " in text} == {
        name for _, name, _, rest in written if " WHERE " in rest
    }


async def test_every_function_and_trigger_of_the_sql_files_exists_and_no_other(database: str) -> None:
    assert await names("functions") == promised(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)")
    assert await names("triggers") == promised(r"CREATE TRIGGER (\w+)")
    enabled = {row[2] for row in await db.fetch(CATALOGUE["triggers"])}
    assert enabled == {"O"}


def columns_of(model: type[Model]) -> dict[str, tuple[str, bool]]:
    """Type and NOT NULL by column, as the model promises them."""
    meta = model._meta
    found = {}
    for name, column in meta.fields_db_projection.items():
        field = meta.fields_map[name]
        sql_type = str(field.get_for_dialect("postgres", "SQL_TYPE"))
        length = re.fullmatch(r"VARCHAR\((\d+)\)", sql_type)
        found[column] = (f"character varying({length[1]})" if length else TYPES[sql_type], not field.null)
    return found


async def test_every_table_and_column_is_as_its_model_says_and_there_is_no_other(database: str) -> None:
    live: dict[str, dict[str, tuple[str, bool]]] = {}
    for place, sql_type, not_null, *_ in await db.fetch(CATALOGUE["columns"]):
        table, _, column = place.partition(".")
        live.setdefault(table, {})[column] = (sql_type, not_null)
    assert live == {model._meta.db_table: columns_of(model) for model in TABLES}
    assert set(TABLES) == set(Tortoise.apps["models"].values())


async def test_every_key_of_the_models_exists(database: str) -> None:
    constraints = [(row[1], row[2], row[3]) for row in await db.fetch(CATALOGUE["constraints"])]
    indexes = [row[1] for row in await db.fetch(CATALOGUE["indexes"])]

    def indexed(table: str, columns: tuple[str, ...], *, unique: bool = False) -> bool:
        end = f" ON public.{table} USING btree ({', '.join(columns)})"
        return any(text.endswith(end) and (not unique or "UNIQUE" in text) for text in indexes)

    for model in TABLES:
        meta, table = model._meta, model._meta.db_table
        column = meta.fields_db_projection
        assert (table, "p", f"PRIMARY KEY ({meta.db_pk_column})") in constraints
        for together in meta.unique_together:
            assert indexed(table, tuple(column[name] for name in together), unique=True), (table, together)
        for together in cast("list[tuple[str, ...]]", meta.indexes):
            assert indexed(table, tuple(column[name] for name in together)), (table, together)
        for name, field in meta.fields_map.items():
            if isinstance(field, ForeignKeyFieldInstance):
                to = field.related_model._meta.db_table
                text = f"FOREIGN KEY ({field.source_field}) REFERENCES {to}(id) ON DELETE RESTRICT"
                assert (table, "f", text) in constraints
            elif name in column and not field.pk and (field.unique or field.index):
                assert indexed(table, (column[name],), unique=field.unique), (table, name)


@pytest.mark.timeout(600)
async def test_down_to_nothing_and_up_again_leaves_the_same(empty_database: str) -> None:
    up = await schema.migrate(empty_database)
    assert up == sorted(file.stem for file in SQL.parent.glob("0*.py"))
    before = await rows(empty_database)
    assert await schema.migrate(empty_database) == []

    assert await schema.migrate(empty_database, schema.EMPTY) == up[::-1]
    bare = await rows(empty_database)
    assert {kind for kind, found in bare.items() if found} == {"extensions"}  # PostgreSQL's own language
    await db.connect(empty_database)
    try:
        assert await schema.pending() == up
    finally:
        await db.disconnect()

    assert await schema.migrate(empty_database) == up
    assert await rows(empty_database) == before


@pytest.mark.timeout(600)
async def test_each_step_down_takes_back_just_what_it_brought(empty_database: str) -> None:
    steps = sorted(file.stem for file in SQL.parent.glob("0*.py"))
    before = {}
    for step in steps:
        await schema.migrate(empty_database, step)
        before[step] = await rows(empty_database)
    for step in reversed(steps):
        await schema.migrate(empty_database, step)
        assert await rows(empty_database) == before[step], step


async def test_a_migrated_database_lacks_nothing(database: str) -> None:
    assert await schema.pending() == []


async def test_three_at_once_migrate_an_empty_database(empty_database: str, own_database_url: str) -> None:
    program = "import asyncio, sys; from server import schema; print(*asyncio.run(schema.migrate(sys.argv[1])))"
    root = Path(schema.__file__).parents[1]

    async def migrate() -> list[str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, empty_database, cwd=root, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode().split()

    steps = await asyncio.gather(*(migrate() for _ in range(3)))
    assert sorted(step for one in steps for step in one) == sorted(file.stem for file in SQL.parent.glob("0*.py"))
    assert await rows(empty_database) == await rows(own_database_url)
