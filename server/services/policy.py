"""The shop's policy, read at most once a second per process."""

import msgspec

from server import db
from server.core.clock import stopwatch
from server.rules.shop import ShopPolicy

_FRESH_S = 1.0
_cached: dict[str, tuple[float, ShopPolicy]] = {}


async def current() -> ShopPolicy:
    """The policy in force."""
    key = db.identity()
    held = _cached.get(key)
    if held is not None and stopwatch() - held[0] < _FRESH_S:
        return held[1]
    stored = await db.fetch_value("SELECT terms FROM shop_policy WHERE id = 1")
    policy = msgspec.json.decode(stored or "{}", type=ShopPolicy)
    _cached[key] = (stopwatch(), policy)
    return policy
