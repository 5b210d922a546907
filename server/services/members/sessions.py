"""Bearer tokens: random, stored hashed in Redis, revocable, valid for 30 days from use. Also WeChat's session keys.

A list per member holds the tokens with the time of their last extension, so that all can be revoked and expired ones
leave the list. `shut` also stops a login that has already read the member but has not stored its token yet.
"""

import hashlib
from datetime import timedelta

from server.core import ids
from server.core.errors import AccountBlocked
from server.gateways.ports import Deps

LIFETIME = timedelta(days=30)
_SLIDE_AFTER_S = 24 * 3600
"""The lifetime is extended at most once a day, so that a request usually costs only one read."""

_SECRET_DAYS = timedelta(days=3)
_SECRET_COLUMN = "redis.session_key"  # noqa: S105 - a column's name
_SHUT_S = 60
"""This is longer than a login takes from reading the member to storing its token."""

_START = """
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
redis.call('SET', KEYS[4], ARGV[5], 'EX', ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3] - ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
"""
"""Keys: token, the member's list, shut, session key. Arguments: the token's value, its hash, now, its lifetime, the
sealed session key, its lifetime. All in one round trip; returns 0 if the member is shut out."""


def _name(token_hash: str) -> str:
    return f"session:{token_hash}"


def _of_member(member_id: int) -> str:
    return f"sessions:{member_id}"


def _shut(member_id: int) -> str:
    return f"sessions_shut:{member_id}"


def _secret(member_id: int) -> str:
    return f"session_key:{member_id}"


async def start(deps: Deps, member_id: int, session_key: str) -> str:
    """Create a token for the member and store WeChat's session key encrypted. Raises AccountBlocked if shut out."""
    token = ids.token()
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    now, lifetime = int(deps.clock.now().timestamp()), int(LIFETIME.total_seconds())
    sealed, kept = deps.cipher.seal(session_key, _SECRET_COLUMN), int(_SECRET_DAYS.total_seconds())
    started = await deps.redis.register_script(_START)(
        keys=[_name(token_hash), _of_member(member_id), _shut(member_id), _secret(member_id)],
        args=[f"{member_id}:{now}", token_hash, now, lifetime, sealed, kept],
    )
    if not started:
        raise AccountBlocked
    return token


async def find(deps: Deps, token: str) -> tuple[str, int]:
    """Return the token's hash and its member's id (0: unknown or expired); extend the lifetime once a day."""
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
            pipe.zadd(_of_member(int(member)), {token_hash: now}, xx=True)
            pipe.expire(_of_member(int(member)), LIFETIME)
            await pipe.execute()
    return token_hash, int(member)


async def session_key(deps: Deps, member_id: int) -> str | None:
    """Return WeChat's session key of the member's last login, a secret; None if it is older than three days."""
    sealed = await deps.redis.get(_secret(member_id))
    return deps.cipher.open(sealed.decode(), _SECRET_COLUMN) if sealed else None


async def shut(deps: Deps, member_id: int) -> None:
    """Revoke every token of a member who may no longer log in; call it after that change is committed."""
    await deps.redis.set(_shut(member_id), 1, ex=_SHUT_S)
    hashes = await deps.redis.zrange(_of_member(member_id), 0, -1)
    names = [_name(one.decode()) for one in hashes]
    await deps.redis.delete(_of_member(member_id), _secret(member_id), *names)


async def reopen(deps: Deps, member_id: int) -> None:
    """Let a member log in again at once."""
    await deps.redis.delete(_shut(member_id))
