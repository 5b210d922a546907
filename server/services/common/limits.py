"""Rate limits: a counter per time window in Redis."""

from server.core.errors import TooManyRequests
from server.gateways.ports import Deps


async def spend(deps: Deps, allowed: dict[str, int], window_s: int) -> None:
    """Count one act under every name. Raises TooManyRequests, with the rest of the window, if one exceeds its limit."""
    now = int(deps.clock.now().timestamp())
    window = now // window_s
    async with deps.redis.pipeline(transaction=False) as pipe:
        for name in allowed:
            pipe.incr(f"limit:{name}:{window}")
            pipe.expire(f"limit:{name}:{window}", window_s)
        counts = (await pipe.execute())[::2]
    if any(count > most for count, most in zip(counts, allowed.values(), strict=True)):
        raise TooManyRequests(retry_after_s=(window + 1) * window_s - now)
