"""Move due outbox rows to arq, in batches. Many relays may run at once; correctness does not depend on any of them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.constants import default_queue_name, job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from redis.exceptions import RedisError

from server import db, outbox
from server.core.errors import Refusal
from server.gateways.ports import Deps
from server.outbox import Claimed

log = logging.getLogger("tuisan.relay")

FUNCTION = "run_outbox"
"""The only function that arq knows; it reads everything else from the row."""

_POLL_S = 0.02
_BATCH = 200
_QUEUED_MOST = 5_000
"""With a longer queue, rows would become due and be handed out again while they still wait in it."""
_PAUSE_MOST_S = 2.0
_QUEUE_KEPT_MS = 7 * 24 * 3600 * 1000

# Does what arq's enqueue_job does, for many jobs in one round trip (measured ten times as fast): it stores a payload
# and a place in the queue for each. A job whose worker was killed keeps its place; the next attempt has another name.
_ENQUEUE = """
for i = 3, #ARGV, 2 do
  redis.call('PSETEX', ARGV[i], ARGV[2], ARGV[i + 1])
  redis.call('ZADD', KEYS[1], ARGV[1], string.sub(ARGV[i], #KEYS[2] + 1))
end
"""


def to_json(value: Any) -> bytes:  # noqa: ANN401 - whatever arq wants to store
    """Serialize for arq. With arq's default, pickle, anyone who can write to Redis could run code in the workers."""
    return orjson.dumps(value, default=repr)


async def hand_over(deps: Deps, queue: ArqRedis) -> int:
    """Give one batch of due rows to arq; return how many. Raises Busy or RedisError; then no row was taken."""
    now = deps.clock.now()
    if not await outbox.is_due(now) or await queue.zcard(default_queue_name) >= _QUEUED_MOST:
        return 0
    async with db.transaction() as tx:
        rows = await outbox.claim(tx, now, _BATCH)
        if rows:
            await _enqueue(queue, rows)
    return len(rows)


async def _enqueue(queue: ArqRedis, rows: Sequence[Claimed]) -> None:
    at_ms = timestamp_ms()  # arq's own time, not the mall's clock
    arguments: list[bytes | str | int] = [at_ms, _QUEUE_KEPT_MS]
    for row in rows:
        payload = serialize_job(FUNCTION, (row.id,), {}, None, at_ms, serializer=to_json)
        arguments += (f"{job_key_prefix}ob:{row.id}:{row.attempts}", payload)
    await queue.register_script(_ENQUEUE)(keys=[default_queue_name, job_key_prefix], args=arguments)


async def relay(deps: Deps, queue: ArqRedis) -> None:
    """Hand over rows for ever. Failures of the database or Redis are waited out; the rows stay in the outbox."""
    pause_s = _POLL_S
    while True:
        try:
            handed = await hand_over(deps, queue)
        except (Refusal, RedisError, OSError) as error:
            pause_s = min(_PAUSE_MOST_S, pause_s * 2)
            log.warning("handing over is put off by %.2f s: %r", pause_s, error.__cause__ or error)
        else:
            pause_s = 0 if handed == _BATCH else _POLL_S
        await asyncio.sleep(pause_s)
