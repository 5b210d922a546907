"""The worker: arq runs outbox rows, a relay feeds arq, and ticks do periodic work. arq is only the transport."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker, func

from server import db, outbox, schema, wiring
from server.core.errors import Refusal
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.jobs.registry import JOBS
from server.jobs.relay import FUNCTION, relay, to_json
from server.jobs.ticks import TICKS, keep_ticking
from server.settings import Settings

log = logging.getLogger("tuisan.worker")

JOB_TIMEOUT_S = 20
_ARQ_TIMEOUT_S = JOB_TIMEOUT_S + 5
"""Only for a body that cannot be cancelled: our own timeout comes first and is recorded."""
_FLEET_JOBS = 500
"""Running jobs stay in arq's queue, and arq reads only this many of it: more than the whole fleet runs at once."""


async def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then let running jobs finish.

    Raises RedisError when Redis goes away; the process must then be started again from outside. Raises
    UnfitDatabaseError, UnfitRoleError.
    """
    async with wiring.build_deps(settings) as deps, queue_of(settings) as queue:
        await schema.refuse_unfit()
        await schema.refuse_unfit_role()
        worker = Worker(
            functions=[func(run_outbox, name=FUNCTION)],
            redis_pool=queue,
            ctx={"deps": deps},
            max_jobs=settings.worker_jobs,
            queue_read_limit=max(_FLEET_JOBS, 4 * settings.worker_jobs),
            poll_delay=0.03,
            job_timeout=_ARQ_TIMEOUT_S,
            job_completion_wait=8,
            max_tries=1,  # the outbox retries, not arq
            keep_result=0,
            health_check_interval=15,
            job_serializer=to_json,
            job_deserializer=orjson.loads,
            log_results=False,
        )
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(relay(deps, queue))]
            beside += [group.create_task(keep_ticking(deps, tick)) for tick in TICKS]
            try:
                await _run(worker)
            finally:
                await _end(beside)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all tasks end: before Python 3.12 a cancellation is lost when the awaited call has just finished."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.5)


async def _run(worker: Worker) -> None:
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        if asyncio.current_task().cancelling():  # type: ignore[union-attr] # there is one: this is a coroutine
            raise
        log.info("stopped by a signal")  # arq cancels its own main task when it gets a signal
    finally:
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)


@contextlib.asynccontextmanager
async def queue_of(settings: Settings) -> AsyncIterator[ArqRedis]:
    """Yield Redis as arq needs it, with a timeout on every wait, which arq's own pool lacks."""
    queue = ArqRedis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=3)
    try:
        yield queue
    finally:
        await queue.aclose()


async def run_outbox(ctx: dict[str, Any], outbox_id: int) -> None:
    """Do the job of one row and mark it done; skip a row that is already done.

    A failure is recorded and the row is retried. If nothing could be recorded, it is retried later. Raises Busy.
    """
    deps: Deps = ctx["deps"]
    row = await outbox.find(outbox_id)
    if row is None:
        return
    body = JOBS.get(row.job)
    if body is None:
        log.error("row %d asks for the unknown job %s", row.id, row.job)
        await outbox.unknown(row, deps.clock.now())
        return
    try:
        async with asyncio.timeout(JOB_TIMEOUT_S):
            await body(deps, row.args)
    except Exception as error:  # house: swallowed - the failure is recorded in the row, which is retried
        log.warning("job %s #%d failed at attempt %d", row.job, row.id, row.attempts, exc_info=error)
        await outbox.failed(row.id, _named(error), deps.clock.now())
    else:
        async with db.transaction() as tx:
            await outbox.done(tx, row.id, deps.clock.now())


def _named(error: Exception) -> str:
    """Return what is safe to store of an error: database errors may quote rows, so only our types keep their text."""
    if isinstance(error, Refusal | WeChatError | OutcomeUnknown):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__
