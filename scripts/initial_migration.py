"""Writes server/migrations/0001_initial.py from what server/models/ declares: `python -m scripts.initial_migration`.

Tortoise's own schema editor makes the tables from the models; the functions with their triggers come from
`functions/NAME.sql`, and what the ORM cannot express from `constraints/NOUN.sql`. The migration contains the whole
text and reads none of these files, so it does not change when they change. Do not use this after the first release:
from then on a change is a new migration (see CONTRIBUTING.md).
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from tortoise import Model, Tortoise
from tortoise.connection import get_connection
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor

from scripts.files import ROOT
from server import db

MODELS = ROOT / "server" / "models"
MIGRATION = ROOT / "server" / "migrations" / "0001_initial.py"

_FILE = '''"""The whole schema. Made by `python -m scripts.initial_migration`; change server/models/ instead."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = r"""
{up}"""

DOWN = r"""
{down}"""

FINGERPRINT = "{fingerprint}"
"""The database keeps it, so that one that another initial migration made is recognised, see server/schema.py."""

KEEP = f"COMMENT ON TABLE tortoise_migrations IS '{{FINGERPRINT}}'"
FORGET = "COMMENT ON TABLE tortoise_migrations IS NULL"


class Migration(migrations.Migration):
    initial = True
    operations = [ops.RunSQL([UP, KEEP], [DOWN, FORGET])]
'''


async def tables() -> dict[str, str]:
    """Return the SQL that creates each table, with its keys and indexes. A table is after the tables it refers to."""
    await db.connect("postgres://nobody@nowhere/nothing")  # no connection is opened: Tortoise only needs the dialect
    try:
        models = {model._meta.db_table: model for model in Tortoise.apps["models"].values()}  # noqa: SLF001 - Tortoise's way
        order = in_order({name: _referred(model) for name, model in models.items()})
        return {name: await _created(models[name]) for name in order}
    finally:
        await db.disconnect()


def _referred(model: type[Model]) -> set[str]:
    keys = (field for field in model._meta.fields_map.values() if isinstance(field, ForeignKeyFieldInstance))  # noqa: SLF001
    return {key.related_model._meta.db_table for key in keys}  # noqa: SLF001 - no public way to the tables' names


async def _created(model: type[Model]) -> str:
    editor = AsyncpgSchemaEditor(get_connection("default"), collect_sql=True)
    await editor.create_model(model)
    lines = "\n".join(editor.collected_sql).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def functions(models: Path = MODELS) -> dict[str, str]:
    """Return the text of each function's file by its name. A function comes after the functions that it calls.

    PostgreSQL checks the body of a plain SQL function when it is created, so the functions that it calls must exist.
    """
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted((models / "functions").glob("*.sql"))}
    calls = {
        name: {other for other in texts if other != name and re.search(rf"\b{other}\s*\(", text)}
        for name, text in texts.items()
    }
    return {name: texts[name] for name in in_order(calls)}


def constraints(models: Path = MODELS) -> dict[str, str]:
    """Return the text of each noun's file of constraints, indexes, defaults and first rows."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted((models / "constraints").glob("*.sql"))}


def in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names, each after those that it needs, else alphabetically. Raises graphlib.CycleError."""
    sorter = TopologicalSorter({name: sorted(set(needs[name]) - {name}) for name in sorted(needs)})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def up(tables: Mapping[str, str], models: Path = MODELS) -> str:
    """Return the SQL that makes the whole schema in an empty database."""
    parts = [
        *tables.values(),
        *(f"-- functions/{name}.sql\n\n{text}" for name, text in functions(models).items()),
        *(f"-- constraints/{noun}.sql\n\n{text}" for noun, text in constraints(models).items()),
    ]
    return "\n".join(parts)


def down(tables: Mapping[str, str], models: Path = MODELS) -> str:
    """Return the SQL that removes all of it.

    A function may take a table's row as an argument, so it is dropped before the tables. A trigger's function is
    dropped after the table that has the trigger.
    """
    texts = functions(models)
    of_triggers = [name for name, text in texts.items() if "RETURNS trigger" in text]
    others = [name for name in texts if name not in of_triggers]
    drops = (("FUNCTION", others), ("TABLE", list(tables)), ("FUNCTION", of_triggers))
    return "\n".join(f"DROP {kind} {', '.join(reversed(names))};" for kind, names in drops if names) + "\n"


async def rendered(models: Path = MODELS) -> str:
    """Return the text of the migration."""
    made = await tables()
    forth, back = up(made, models), down(made, models)
    return _FILE.format(fingerprint=fingerprint(forth), up=forth, down=back)


def fingerprint(sql: str) -> str:
    """Return SHA-256 of the SQL without comments, so that a changed comment does not make databases unfit."""
    lines = (line for line in sql.splitlines() if line and not line.lstrip().startswith(("--", "COMMENT ON")))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    MIGRATION.write_text(asyncio.run(rendered()), encoding="utf-8")
    print(MIGRATION.relative_to(ROOT))
