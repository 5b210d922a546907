"""The live catalogue is exactly what the models and SQL files declare: nothing is missing, different or extra."""

import re
import shutil
from pathlib import Path

import pytest
from tortoise import Model, Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index

from scripts.initial_migration import (
    MIGRATION,
    MODELS,
    constraints,
    fingerprint,
    functions,
    in_order,
    rendered,
    tables,
    up,
)
from server import models
from tests.support.catalogue import build, catalogue, differences, of_kind

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


async def test_the_initial_migration_is_what_models_and_files_make() -> None:
    """Delete this test at the first release: from then on the initial migration stays as it is."""
    assert MIGRATION.read_text() == await rendered(), "run `python -m scripts.initial_migration`"


async def test_a_migrated_database_is_what_models_and_files_declare(own_owner_url: str, empty_database: str) -> None:
    declared = await build(empty_database, up(await tables()))
    migrated = await catalogue(own_owner_url)
    assert differences(declared, migrated) == []
    assert len(of_kind(migrated, "function")) > 20
    assert len(of_kind(migrated, "trigger")) > 4
    assert len(of_kind(migrated, "index")) > 200


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the SQL files that a test can change."""
    for folder in ("functions", "constraints"):
        shutil.copytree(MODELS / folder, tmp_path / folder)
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


async def test_whatever_differs_from_the_files_is_found(copied: Path, own_owner_url: str, empty_database: str) -> None:
    change(copied / "functions" / "stock_move.sql", "available >= v_line.n AND on_sale", "on_sale")
    change(
        copied / "functions" / "ledger_refuse_edit.sql",
        "UPDATE OR DELETE OR TRUNCATE ON ledger_lines",
        "DELETE ON ledger_lines",
    )
    (copied / "functions" / "listed.sql").unlink()
    (copied / "functions" / "extra.sql").write_text("CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1';\n")
    change(copied / "constraints" / "members.sql", "referrer_id <> id", "referrer_id > id")
    change(copied / "constraints" / "payments.sql", " WHERE outcome = 'settled'", "")
    change(copied / "constraints" / "operations.sql", "repeat('0', 64)", "repeat('1', 64)")
    declared = await build(empty_database, up(await tables(), copied))
    found = differences(declared, await catalogue(own_owner_url))
    assert [name.partition("(")[0] for name in found] == [
        "constraint members.members_not_own_referrer",
        "function extra",
        "function listed",
        "function stock_move",
        "index payments_settle_once",
        "row of audit_anchor",
        "trigger ledger_lines.ledger_lines_immutable",
    ]


async def test_each_function_has_a_file_of_its_name_and_each_file_one_function(database: str) -> None:
    texts = functions()
    for name, text in texts.items():
        assert re.findall(r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)", text, re.MULTILINE) == [name]
        assert re.findall(r"EXECUTE FUNCTION (\w+)", text) == [name] * text.count("CREATE OR REPLACE TRIGGER ")
        assert text.startswith("-- "), f"{name} says nothing of what it does"
    live = await catalogue(database)
    assert set(of_kind(live, "function")) == set(texts)
    found = {name.partition(".")[2]: text for name, text in of_kind(live, "trigger").items()}
    assert set(found) == set(re.findall(r"CREATE OR REPLACE TRIGGER (\w+)", "".join(texts.values())))
    assert not [name for name, text in found.items() if ", enabled " in text], "a trigger is disabled"


async def test_constraints_stand_beside_the_models_of_their_tables() -> None:
    homes = {model._meta.db_table: model.__module__.rpartition(".")[2] for model in TABLES}
    for noun, text in constraints().items():
        named = set(re.findall(r"^(?:ALTER TABLE|INSERT INTO) (\w+)|^CREATE .* ON (\w+)", text, re.MULTILINE))
        assert {homes[table] for pair in named for table in pair if table} == {noun}


def test_what_is_needed_comes_first() -> None:
    assert in_order({"a": ["c"], "b": [], "c": ["b", "c"]}) == ["b", "c", "a"]
    order = list(functions())
    assert order.index("on_shelf") < order.index("listed")


def test_a_fingerprint_looks_at_what_is_done() -> None:
    plain = fingerprint("SELECT 1;\n")
    assert fingerprint("-- why\nSELECT 1;\n\n  -- more\nCOMMENT ON TABLE a IS 'b';\n") == plain
    assert fingerprint("SELECT 2;\n") != plain


def columns_of(model: type[Model]) -> dict[str, tuple[str, bool]]:
    """Return type and NOT NULL of each column, as the model declares them."""
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
    for place, text in of_kind(await catalogue(database), "column").items():
        table, _, column = place.partition(".")
        sql_type, required = text.split(", ")[:2]
        live.setdefault(table, {})[column] = (sql_type, required == "not null")
    assert live == {model._meta.db_table: columns_of(model) for model in TABLES}
    assert set(TABLES) == set(Tortoise.apps["models"].values())


async def test_every_key_of_the_models_exists(database: str) -> None:
    live = await catalogue(database)
    constraints = [(name.partition(".")[0], text) for name, text in of_kind(live, "constraint").items()]
    indexes = [text.replace('"', "") for text in of_kind(live, "index").values()]

    def indexed(table: str, columns: tuple[str, ...], *, unique: bool = False) -> bool:
        end = f" ON public.{table} USING btree ({', '.join(columns)})"
        return any(text.endswith(end) and (not unique or "UNIQUE" in text) for text in indexes)

    for model in TABLES:
        meta, table = model._meta, model._meta.db_table
        column = meta.fields_db_projection
        assert (table, f"PRIMARY KEY ({meta.db_pk_column})") in constraints
        for together in meta.unique_together:
            assert indexed(table, tuple(column[name] for name in together), unique=True), (table, together)
        for index in meta.indexes:
            names = index.field_names if isinstance(index, Index) else index
            assert indexed(table, tuple(column[name] for name in names)), (table, index)
        for name, field in meta.fields_map.items():
            if isinstance(field, ForeignKeyFieldInstance):
                to = field.related_model._meta.db_table
                assert (
                    table,
                    f"FOREIGN KEY ({field.source_field}) REFERENCES {to}(id) ON DELETE RESTRICT",
                ) in constraints
            elif name in column and not field.pk and (field.unique or field.index):
                assert indexed(table, (column[name],), unique=field.unique), (table, name)
