"""`worker`: one process for background work."""

import asyncio
import logging
import os

import typer

from server.commands import heart, logs
from server.commands.runtime import told_plainly
from server.settings import Settings

log = logging.getLogger("tuisan.worker")


def verb() -> None:
    """后台任务进程 Run background work until SIGTERM: jobs, relay and ticks."""
    logs.set_up()
    with told_plainly():
        code = run_worker(Settings.from_env(os.environ, said=True))
    raise typer.Exit(code)


def run_worker(settings: Settings) -> int:
    """Work in this process. The exit code is 1 when Redis went away; the process must then be restarted.

    Raises UnfitDatabaseError, UnfitRoleError.
    """
    import uvloop
    from redis.exceptions import RedisError

    from server.worker import work

    async def alive() -> None:
        beating = asyncio.create_task(heart.beat())
        try:
            await work(settings)
        finally:
            beating.cancel()

    code = 0
    try:
        uvloop.run(alive())
    except* RedisError as errors:
        log.error("stopped: Redis went away: %r", errors.exceptions[0])  # noqa: TRY400 - the trace adds nothing
        code = 1
    return code
