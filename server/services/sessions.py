"""Bearer tokens: random, stored hashed in Redis, revocable, 30 days sliding."""

import hashlib
from datetime import timedelta

from server.core import ids
from server.gateways.ports import Deps

LIFETIME = timedelta(days=30)
_SLIDE_AFTER_S = 24 * 3600
"""The lifetime is extended at most once a day, so that a request usually costs one read."""


def _name(token_hash: str) -> str:
    return f"session:{token_hash}"


def _of_member(member_id: int) -> str:
    return f"sessions:{member_id}"


async def start(deps: Deps, member_id: int) -> str:
    """A new token for the member."""
    token = ids.token()
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    started = int(deps.clock.now().timestamp())
    async with deps.redis.pipeline(transaction=False) as pipe:
        pipe.set(_name(token_hash), f"{member_id}:{started}", ex=LIFETIME)
        pipe.sadd(_of_member(member_id), token_hash)
        pipe.expire(_of_member(member_id), LIFETIME)
        await pipe.execute()
    return token


async def find(deps: Deps, token: str) -> tuple[str, int]:
    """The token's hash and its member's id (0 when unknown or expired); slides the lifetime once a day."""
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    value = await deps.redis.get(_name(token_hash))
    if value is None:
        return token_hash, 0
    member, _, since = value.decode().partition(":")
    now = int(deps.clock.now().timestamp())
    age = now - int(since)
    if age > LIFETIME.total_seconds():
        return token_hash, 0
    if age > _SLIDE_AFTER_S:
        async with deps.redis.pipeline(transaction=False) as pipe:
            pipe.set(_name(token_hash), f"{member}:{now}", ex=LIFETIME, xx=True)
            pipe.expire(_of_member(int(member)), LIFETIME)
            await pipe.execute()
    return token_hash, int(member)


async def end(deps: Deps, member_id: int) -> None:
    """Revoke every token of a member."""
    hashes = await deps.redis.smembers(_of_member(member_id))
    names = [_name(one.decode()) for one in hashes]
    await deps.redis.delete(_of_member(member_id), *names)
