"""Bearer tokens: random, stored hashed in Redis, revocable, valid for 30 days from use. Also WeChat's session keys.

A list per member holds the tokens with the time of their last extension, so that all can be shown and revoked, expired
ones leave the list, and only the newest few live: a login ends the oldest ones above that number. `shut` also stops a
login that has already read the member but has not stored its token yet.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

from server.core import ids
from server.core.errors import AccountBlocked, NotFound
from server.gateways.ports import Deps

LIFETIME = timedelta(days=30)
_MOST = 5
"""Live tokens of one member: more devices than a person logs in on, and few enough to look through."""
_ID_CHARS = 16
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
for _, old in ipairs(redis.call('ZRANGE', KEYS[2], 0, -tonumber(ARGV[7]))) do
  redis.call('DEL', 'session:' .. old)
  redis.call('ZREM', KEYS[2], old)
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
"""
"""Keys: token, the member's list, shut, session key. Arguments: the token's value, its hash, now, its lifetime, the
sealed session key, its lifetime, the most live tokens. All in one round trip; returns 0 if the member is shut out. The
oldest go before the new token comes, so that it is never the one that goes."""


class Session(msgspec.Struct, frozen=True):
    """One device on which the member is logged in. `used_at` is exact to a day; `current`: it asks now."""

    id: str
    created_at: datetime
    used_at: datetime
    current: bool


class _Live(msgspec.Struct, frozen=True):
    """The value of a token: whose it is, when it was last extended and when it was made, in Unix seconds."""

    member_id: int
    since: int
    made: int

    @classmethod
    def read(cls, value: bytes) -> "_Live":
        return cls(*map(int, value.split(b":")))

    def __str__(self) -> str:
        return f"{self.member_id}:{self.since}:{self.made}"

    def is_over(self, now: float) -> bool:
        return now - self.since > LIFETIME.total_seconds()


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
    now, lifetime = deps.clock.now().timestamp(), int(LIFETIME.total_seconds())
    sealed, kept = deps.cipher.seal(session_key, _SECRET_COLUMN), int(_SECRET_DAYS.total_seconds())
    started = await deps.redis.register_script(_START)(
        keys=[_name(token_hash), _of_member(member_id), _shut(member_id), _secret(member_id)],
        args=[str(_Live(member_id, int(now), int(now))), token_hash, f"{now:.6f}", lifetime, sealed, kept, _MOST],
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
    live, now = _Live.read(value), int(deps.clock.now().timestamp())
    if live.is_over(now):
        return token_hash, 0
    if now - live.since > _SLIDE_AFTER_S:
        async with deps.redis.pipeline(transaction=False) as pipe:
            pipe.set(_name(token_hash), str(_Live(live.member_id, now, live.made)), ex=LIFETIME, xx=True)
            pipe.zadd(_of_member(live.member_id), {token_hash: now}, xx=True)
            pipe.expire(_of_member(live.member_id), LIFETIME)
            await pipe.execute()
    return token_hash, live.member_id


async def sessions(deps: Deps, member_id: int, token_hash: str) -> list[Session]:
    """Return the member's live sessions, the newest first; `token_hash` is that of the caller's own token."""
    hashes = [one.decode() for one in await deps.redis.zrange(_of_member(member_id), 0, -1)]
    values = await deps.redis.mget([_name(one) for one in hashes]) if hashes else []
    now = deps.clock.now().timestamp()
    found = [(one, _Live.read(value)) for one, value in zip(hashes, values, strict=True) if value]
    shown = [
        Session(one[:_ID_CHARS], _moment(live.made), _moment(live.since), one == token_hash)
        for one, live in found
        if not live.is_over(now)
    ]
    return sorted(shown, key=lambda one: (one.created_at, one.current, one.id), reverse=True)


async def end(deps: Deps, member_id: int, session_id: str) -> None:
    """End one of the member's own sessions. Raises NotFound for any other."""
    hashes = [one.decode() for one in await deps.redis.zrange(_of_member(member_id), 0, -1)]
    ended = [one for one in hashes if one[:_ID_CHARS] == session_id]
    if not ended or not await deps.redis.delete(*map(_name, ended)):
        raise NotFound(what="session")
    await deps.redis.zrem(_of_member(member_id), *ended)


async def log_out(deps: Deps, member_id: int, token_hash: str) -> None:
    """End the session of this token."""
    await end(deps, member_id, token_hash[:_ID_CHARS])


def _moment(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)


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
