"""The gate of a flash sale: one Redis script refuses most buyers at once when there is nothing left for them.

The gate only saves work: PostgreSQL alone decides who gets a piece. The gate is reloaded from PostgreSQL once a second,
so whatever Redis lost or got wrong is corrected within a second. While Redis is down, a few buyers a second pass.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from server import db
from server.core.clock import stopwatch
from server.core.errors import PromotionQueued, PromotionRefused, PromotionUnknown
from server.gateways.ports import Deps
from server.rules.flash_sales import Window, tokens

log = logging.getLogger("tuisan.flash")

PASSING_MOST = 20
"""How many buyers a second each process lets through while Redis is unavailable."""
_FRESH_MS, _KEPT_MS = 1_000, 86_400_000
_ANSWER_S = 1.0
_WAIT_S, _WAITS = 0.02, 50
_WARM = timedelta(seconds=60)

# KEYS: the gate, its claim, its takers. ARGV: now (ms), member; on a reload also start and end (ms), limit per member,
# tokens, unsold pieces, and takers with their pieces (JSON, empty if Redis has the takers already).
# A member who took a piece before passes even where others are refused: the request may be a retry that needs its
# stored answer, and only PostgreSQL knows how much of the member's limit is left.
SCRIPT = f"""
local gate, claim, takers = KEYS[1], KEYS[2], KEYS[3]
local now, member = tonumber(ARGV[1]), ARGV[2]
if ARGV[3] then
  redis.call('HSET', gate, 'starts', ARGV[3], 'ends', ARGV[4], 'limit', ARGV[5], 'tokens', ARGV[6], 'open', ARGV[7])
  redis.call('HSET', takers, '0', 0)
  for taker, pieces in pairs(cjson.decode(ARGV[8])) do redis.call('HSET', takers, taker, pieces) end
  redis.call('PEXPIRE', gate, {_KEPT_MS})
  redis.call('PEXPIRE', takers, {_KEPT_MS})
elseif redis.call('SET', claim, 1, 'NX', 'PX', {_FRESH_MS}) then
  return {{'read', redis.call('EXISTS', takers)}}
end
local known = redis.call('HMGET', gate, 'starts', 'ends', 'limit', 'tokens', 'open')
if not known[1] then return {{'wait', 0}} end
local starts, ends, limit, tokens = tonumber(known[1]), tonumber(known[2]), tonumber(known[3]), tonumber(known[4])
local taken = tonumber(redis.call('HGET', takers, member) or 0)
local refusal = 'queued'
if now >= ends then refusal = 'over'
elseif now < starts then return {{'not_started', starts}}
elseif taken < limit and tokens > 0 then
  redis.call('HINCRBY', gate, 'tokens', -1)
  redis.call('HINCRBY', takers, member, 1)
  return {{'pass', 0}}
elseif known[5] == '0' then refusal = 'sold_out' end
if taken > 0 then return {{'pass', 0}} end
return {{refusal, 0}}
"""

_STANDING = """
SELECT s.starts_at, s.ends_at, s.stopped_at, i.per_member,
  count(u.id) FILTER (WHERE u.order_id IS NULL) AS free, count(u.id) AS open,
  CASE WHEN $2 THEN '{}' ELSE COALESCE((SELECT jsonb_object_agg(member_id, taken)::text FROM flash_tallies
    WHERE item_id = i.id AND taken > 0), '{}') END AS takers
FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id LEFT JOIN flash_units u ON u.item_id = i.id AND NOT u.sold
WHERE i.id = $1 GROUP BY s.id, i.id
"""
_SOON = """
SELECT i.id FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id
WHERE s.settled_at IS NULL AND s.stopped_at IS NULL AND s.starts_at <= $2 AND s.ends_at > $1 ORDER BY i.id
"""


async def admit(deps: Deps, item_id: int, member_id: int) -> None:
    """Let a buyer go on to place an order, which may still be refused there.

    Raises PromotionRefused (`not_started` with `starts_at`, `over`, `sold_out`), PromotionQueued, PromotionUnknown,
    Busy.
    """
    standing: tuple[str | int, ...] = ()
    for _ in range(_WAITS):
        try:
            async with asyncio.timeout(_ANSWER_S):
                word, told = await _ask(deps, item_id, member_id, *standing)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the gate of flash item %d is not to be had: %r", item_id, error)
            return _passing.one_more()
        match word:
            case b"pass":
                return None
            case b"read":
                standing = await _standing(item_id, has_takers=bool(told))
            case b"wait":  # another request is loading the gate
                await asyncio.sleep(_WAIT_S)
            case b"not_started":
                raise PromotionRefused(reason="not_started", starts_at=_moment(told).isoformat())
            case b"queued":
                raise PromotionQueued
            case _:
                raise PromotionRefused(reason=word.decode())
    return _passing.one_more()


@dataclass(slots=True)
class _Passing:
    """How many buyers passed without the gate in the second that began at `since_s`."""

    since_s: float = -1.0
    count: int = 0

    def one_more(self) -> None:
        """Count one more buyer. Raises PromotionQueued when this second's number is used up."""
        now = stopwatch()
        if now >= self.since_s + 1:
            self.since_s, self.count = now, 0
        if self.count >= PASSING_MOST:
            raise PromotionQueued
        self.count += 1


_passing = _Passing()


async def _ask(deps: Deps, item_id: int, member_id: int, *standing: str | int) -> tuple[bytes, int]:
    keys = [f"flash:{{{item_id}}}:{part}" for part in ("gate", "claim", "takers")]
    values = [_milliseconds(deps.clock.now()), member_id, *standing]
    word, told = await deps.redis.register_script(SCRIPT)(keys, values)
    return word, told


async def _standing(item_id: int, *, has_takers: bool) -> tuple[str | int, ...]:
    row = await db.fetch_row(_STANDING, item_id, has_takers)
    if row is None:
        raise PromotionUnknown
    window = Window(row["starts_at"], row["ends_at"], row["stopped_at"])
    times = _milliseconds(window.starts_at), _milliseconds(window.end)
    return (*times, row["per_member"], tokens(row["free"]), row["open"], row["takers"])


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


async def warm(deps: Deps) -> None:
    """Load the gates of sessions that run or start soon, ready for the first buyers. Raises Busy, RedisError."""
    now = deps.clock.now()
    for row in await db.fetch(_SOON, now, now + _WARM):
        await _ask(deps, row["id"], 0, *await _standing(row["id"], has_takers=False))
