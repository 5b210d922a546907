"""Where the operators' log ended, told outside the database: to Redis and to the application's log.

Whoever owns the tables can set log and anchor back together to an older end, whose seal fits (docs/decisions/0017).
What was told before then names a record that is gone. `audit` and the tick that tells the end compare the two.
"""

import logging
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from server import db
from server.db import Connection
from server.gateways.ports import Deps
from server.services.common import alarms, audit_log

log = logging.getLogger("tuisan.anchors")

_KEPT = "audit_log:end"
_END = "SELECT id, hash FROM audit_log ORDER BY id DESC LIMIT 1"


class End(msgspec.Struct, frozen=True):
    """A record that was the newest. Its hash covers all records before it."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"


def parse(text: str) -> End:
    """Read an end as the application's log tells it, `12:0a1b…`. Raises ValueError."""
    number, _, found = text.strip().partition(":")
    return End(int(number), found)


async def told(redis: Redis) -> list[End]:
    """Return the end that was told last, if any.

    Ask before you take the snapshot of the log to compare it with, which would lack a newer one.
    """
    text = await redis.get(_KEPT)
    return [] if text is None else [parse(text.decode())]


async def missing(reader: Connection, ends: Sequence[End]) -> list[End]:
    """Return those of the ends that are no records of the log any more."""
    return [end for end in ends if not await _is_there(reader, end)]


async def tell(deps: Deps) -> None:
    """Tell the end of the log if it is new. Raise an alarm instead if the log is broken, or lacks what was told before.

    Then the old end stays, until somebody has looked into it and seals the log again.
    """
    before = await told(deps.redis)
    async with db.snapshot() as reader:
        fits = await audit_log.is_sealed(reader) and not await missing(reader, before)
        newest = await reader.fetchrow(_END)
    if not fits:
        log.error("the end of the operators' log does not fit: run `audit`")
        async with db.transaction() as tx:
            problem = "操作日志的末尾与封存或之前报出的不符，请运行 audit 核对"
            await alarms.sound(tx, "audit_log_broken", "audit_log", deps.clock.now(), problem)
    elif newest is not None:
        await _keep(deps.redis, db.typed(newest, End))


async def tell_again(redis: Redis) -> None:
    """Tell the end of the log whatever was told before, after the log was sealed again."""
    newest = await db.fetch_row(_END)
    if newest is not None:
        await _keep(redis, db.typed(newest, End))


async def _keep(redis: Redis, end: End) -> None:
    if [end] != await told(redis):
        await redis.set(_KEPT, str(end))
        log.info("the operators' log ends with --end %s", end)


async def _is_there(reader: Connection, end: End) -> bool:
    return bool(await reader.fetchval("SELECT hash = $2 FROM audit_log WHERE id = $1", end.id, end.hash))
