"""The live catalogue has what models and SQL files promise, and migrating down and up again leaves it the same."""

import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from tortoise import Model, Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance

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
CATALOGUE = {
    "columns": "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped",
    "constraints": "SELECT conname, conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "sequences": "SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'",
}


async def catalogue(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database that a migration makes."""
    connection = await asyncpg.connect(url)
    try:
        return {
            kind: sorted((tuple(row) for row in await connection.fetch(sql)), key=repr)
            for kind, sql in CATALOGUE.items()
        }
    finally:
        await connection.close()


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
    enabled = {row[1] for row in await db.fetch(CATALOGUE["triggers"])}
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
    for place, sql_type, not_null, _ in await db.fetch(CATALOGUE["columns"]):
        table, _, column = place.partition(".")
        live.setdefault(table, {})[column] = (sql_type, not_null)
    live.pop("tortoise_migrations")
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
    before = await catalogue(empty_database)
    assert await schema.migrate(empty_database) == []

    assert await schema.migrate(empty_database, schema.EMPTY) == up[::-1]
    bare = await catalogue(empty_database)
    assert (bare["functions"], bare["triggers"]) == ([], [])
    assert {row[0].partition(".")[0] for row in bare["columns"]} == {"tortoise_migrations"}
    await db.connect(empty_database)
    try:
        assert await schema.pending() == up
    finally:
        await db.disconnect()

    assert await schema.migrate(empty_database) == up
    assert await catalogue(empty_database) == before


@pytest.mark.timeout(600)
async def test_each_step_down_takes_back_just_what_it_brought(empty_database: str) -> None:
    steps = sorted(file.stem for file in SQL.parent.glob("0*.py"))
    before = {}
    for step in steps:
        await schema.migrate(empty_database, step)
        before[step] = await catalogue(empty_database)
    for step in reversed(steps):
        await schema.migrate(empty_database, step)
        assert await catalogue(empty_database) == before[step], step


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
    assert await catalogue(empty_database) == await catalogue(own_database_url)
