"""Owners of embedded engines in their own processes, and helpers to inspect what they run."""

import asyncio
import json
import os
import pwd
import site
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import redis

from server.embedded import Addresses
from server.embedded.engines import KINDS
from server.embedded.processes import working_in
from tests.support.patience import limit

ROOT = Path(__file__).parents[2]
# A process that owns engines: it starts them, reports that, and waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from server.embedded import Engines
engines = Engines(Path(sys.argv[1]))
print(engines.start().database_owner_url, flush=True)
sys.stdin.read()
engines.stop()
"""


def home_of(data: Path) -> Path:
    return Path(json.loads((data / "engines.json").read_text())["home"] or data)


def sql(where: Addresses, *statements: str) -> object:
    """Run the statements on one connection; return the value of the last."""

    async def work() -> object:
        connection = await asyncpg.connect(where.database_owner_url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(work())


def client(where: Addresses) -> redis.Redis:
    return redis.Redis.from_url(where.redis_url)


def spawn_owner(
    data: Path, python: str = sys.executable, user: pwd.struct_passwd | None = None
) -> subprocess.Popen[str]:
    """Start a process that owns the engines of `data`; close its input to stop it in order."""
    owner = subprocess.Popen(
        [python, "-c", OWNER, str(data)],
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith("postgres://")
    return owner


def working(data: Path) -> set[int]:
    return {pid for engine, kind in KINDS.items() for pid in working_in(home_of(data) / engine, kind)}


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + limit(20)
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)
