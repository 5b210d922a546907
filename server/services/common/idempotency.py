"""Idempotency keys: the first answer is stored in the transaction of its effect; a retry gets the same answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from server import db
from server.core.errors import IdempotencyMismatch, Refusal


@dataclass(slots=True)
class Keyed:
    """An `Idempotency-Key`, with the path and the body hash of its request."""

    path: str
    """As declared, with the values in it: one call has one path, however its address is spelt."""
    key: str
    body_hash: str
    replayed: bool = False
    """True when the answer is a stored one."""


class AnsweredMeanwhile(Exception):  # noqa: N818 - a race that was lost, not an error
    """Another request with the same key committed first: roll back and use its answer."""


async def replay(member_id: int, keyed: Keyed) -> bytes | None:
    """Return the stored answer of this key, or None if the key is new. Raises IdempotencyMismatch for another body."""
    row = await db.fetch_row(
        "SELECT body_hash, answer FROM idempotency_keys WHERE member_id = $1 AND path = $2 AND key = $3",
        member_id,
        keyed.path,
        keyed.key,
    )
    if row is None:
        return None
    if row["body_hash"] != keyed.body_hash:
        raise IdempotencyMismatch
    keyed.replayed = True
    return str(row["answer"]).encode()


async def remember(tx: asyncpg.Connection, member_id: int, keyed: Keyed, answer: bytes, at: datetime) -> None:
    """Store the answer in the transaction of its effect. Raises AnsweredMeanwhile if another request was first."""
    fresh = await tx.fetchval(
        "SELECT idempotency_put($1, $2, $3, $4, 200, $5, $6)",
        member_id,
        keyed.path,
        keyed.key,
        keyed.body_hash,
        answer.decode(),
        at,
    )
    if not fresh:
        raise AnsweredMeanwhile


async def once(
    member_id: int, keyed: Keyed, at: datetime, work: Callable[[db.Connection], Awaitable[msgspec.Struct]]
) -> bytes:
    """Run `work(tx)` in one transaction, once per key, and return its encoded answer. A retry gets the first answer.

    Of two concurrent requests with one key, one acts and the other gets the same answer, even if the work of the other
    was refused because the first took the last piece. A refusal is not stored. Raises IdempotencyMismatch and what
    `work` raises.
    """
    stored = await replay(member_id, keyed)
    if stored is not None:
        return stored
    try:
        async with db.transaction() as tx:
            answer = msgspec.json.encode(await work(tx))
            await remember(tx, member_id, keyed, answer, at)
            return answer
    except (AnsweredMeanwhile, Refusal):
        stored = await replay(member_id, keyed)
        if stored is None:
            raise
        return stored
