"""The first answer to a keyed call is the only one: stored with its effect, given again to a repetition."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from server import db
from server.core.errors import IdempotencyMismatch, Refusal


@dataclass(slots=True)
class Keyed:
    """An `Idempotency-Key` with the path and the hash of the body it came with."""

    path: str
    key: str
    body_hash: str
    replayed: bool = False
    """Set when the answer is a stored one."""


class AnsweredMeanwhile(Exception):  # noqa: N818 - a race that was lost, not an error
    """Another request with the same key committed first: roll back and look up its answer."""


async def replay(member_id: int, keyed: Keyed) -> bytes | None:
    """The stored answer of this key, or None when it is new. Raises IdempotencyMismatch for another body."""
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
    """Store the answer in the transaction of its effect. Raises AnsweredMeanwhile when another request was first."""
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
    """Do `work(tx)` in one transaction, once per key, and give its encoded answer; a repetition gets the first answer.

    Two requests at once with one key: one acts, the other gets its answer, also where it was refused only because the
    first had taken the last piece. A refusal is not stored. Raises IdempotencyMismatch and what `work` raises.
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
