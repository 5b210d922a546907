"""`worker`: background work, one process."""

import logging
import os

import typer

from server.settings import Settings

log = logging.getLogger("tuisan.worker")


def verb() -> None:
    """后台任务进程 Background work: jobs, relay and ticks, until SIGTERM."""
    from server.commands import logs

    logs.set_up()
    raise typer.Exit(run_worker(Settings.from_env(os.environ)))


def run_worker(settings: Settings) -> int:
    """Work in this process; the exit code is 1 when Redis went away and the process must be started again."""
    import uvloop
    from redis.exceptions import RedisError

    from server.worker import work

    code = 0
    try:
        uvloop.run(work(settings))
    except* RedisError as errors:
        log.error("stopped: Redis went away: %r", errors.exceptions[0])  # noqa: TRY400 - the trace tells nothing
        code = 1
    return code
