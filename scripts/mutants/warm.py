"""Runs pytest in forks of one process that has loaded the libraries, because loading them takes most of a short run.

Started by path in the folder of a project. Each line of its input is an order in JSON; each line of its output is the
exit code of the fork that ran it. Only forks import modules of the project, so they see the current files.
"""

import asyncio
import contextlib
import importlib
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

_BROKEN, _TOO_LONG = 70, 71
_LATEST = "__latest__"


def main() -> None:
    """Load the libraries named in the arguments, then run orders until the input ends."""
    sys.path[0] = str(Path.cwd())
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # the fork that needs it will import it
            importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_carried_out(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _carried_out(order: dict[str, Any]) -> int:
    """Run an order and return the exit code. Its output goes to the file `output` of the order."""
    os.setsid()
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor, target in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    limit = threading.Timer(order["limit_s"], os._exit, [_TOO_LONG])
    limit.daemon = True
    limit.start()
    try:
        if order["do"] == "migrate":
            asyncio.run(_migrate(order["database"]))
            return 0
        if order["migrated"] is not None:
            _copy_what_is_migrated(order["migrated"])
        return int(pytest.main([*_same_examples(), *order["arguments"]]))
    except BaseException:  # noqa: BLE001 # house: swallowed - the exit code and the output report it
        traceback.print_exc()
        return _BROKEN
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _same_examples() -> list[str]:
    """Use the same examples in every run, so that a defect is noticed always or never; do not shrink failures."""
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None:
        return []
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=phases)
    return ["--hypothesis-profile=mutants"]


def _url(setting: str, database: str) -> str:
    return urlunsplit(urlsplit(os.environ[setting])._replace(path=f"/{database}"))


async def _administer(*statements: str) -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_OWNER_URL"])
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(database: str) -> None:
    await _administer(f'CREATE DATABASE "{database}"')
    owner_url, database_url = _url("DATABASE_OWNER_URL", database), _url("DATABASE_URL", database)
    await importlib.import_module("server.schema").migrate(owner_url, database_url)


def _copy_what_is_migrated(migrated: str) -> None:
    """Copy a migrated database instead of migrating to the newest schema, which takes five seconds."""
    schema = importlib.import_module("server.schema")
    migrate = schema.migrate

    async def copied(owner_url: str, database_url: str, target: str = _LATEST) -> list[str]:
        if target != _LATEST:
            steps: list[str] = await migrate(owner_url, database_url, target)
            return steps
        name = urlsplit(database_url).path[1:]
        await _administer(f'DROP DATABASE "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
        return []

    vars(schema)["migrate"] = copied


if __name__ == "__main__":
    main()
