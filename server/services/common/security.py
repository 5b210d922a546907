"""The log of callbacks that were not believed; a bound per minute keeps a flood out, a tick keeps it short."""

from collections import Counter

from server.gateways.ports import Deps
from server.models import SecurityEvent

_PER_MINUTE = 60
"""So many of one kind are written in a minute by each process; the rest is not."""

_recorded: Counter[tuple[str, int]] = Counter()


async def record(deps: Deps, kind: str, reason: str, ip: str) -> None:
    """Write down a callback that was not believed: `kind` names the callback, `reason` is the rejection's word."""
    at = deps.clock.now()
    minute = int(at.timestamp()) // 60
    if any(past != minute for _, past in _recorded):
        _recorded.clear()
    _recorded[kind, minute] += 1
    if _recorded[kind, minute] <= _PER_MINUTE:
        await SecurityEvent.create(at=at, kind=kind[:30], reason=reason[:60], remote_ip=ip[:45])
