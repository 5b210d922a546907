"""A worker process with jobs for tests: `python -m tests.support.working`, configured by the environment."""

import asyncio
import os
import sys
from typing import Any

from server import db
from server.commands import logs
from server.commands.worker import run_worker
from server.gateways.ports import Deps
from server.jobs.registry import JOBS
from server.settings import Settings


async def note(deps: Deps, args: dict[str, Any]) -> None:
    """Leave a record of each run."""
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO alarms (kind, subject, detail, at) VALUES ('ran', $1, '{}', $2)",
            str(args["n"]),
            deps.clock.now(),
        )


async def stumble(deps: Deps, args: dict[str, Any]) -> None:
    """Fail at the first run, with a text in the error that must not be stored."""
    await note(deps, args)
    if await db.fetch_value("SELECT count(*) FROM alarms WHERE subject = $1", str(args["n"])) == 1:
        raise ValueError("13800138000")


async def linger(deps: Deps, args: dict[str, Any]) -> None:
    """Take a while, with a record before and after."""
    await note(deps, {"n": "begin"})
    await asyncio.sleep(args["seconds"])
    await note(deps, {"n": "end"})


TEST_JOBS = {"note": note, "stumble": stumble, "linger": linger}


if __name__ == "__main__":
    logs.set_up()
    JOBS.update(TEST_JOBS)
    sys.exit(run_worker(Settings.from_env(os.environ)))
