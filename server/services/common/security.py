"""The log of rejected callbacks. A limit per minute stops a flood, and a regular clean-up keeps the log short."""

from collections import Counter
from datetime import datetime, timedelta

from server import db
from server.gateways.ports import Deps
from server.models import SecurityEvent

_PER_MINUTE = 60
"""The most events of one kind that each process writes per minute; the rest is dropped."""

_KEPT = timedelta(days=180)
"""The law requires keeping network logs for six months (Cybersecurity Law, article 21)."""
_MOST = 100_000
_CLEAN_ROWS = 1000

_recorded: Counter[tuple[str, int]] = Counter()


async def record(deps: Deps, kind: str, reason: str, ip: str) -> None:
    """Log a rejected callback: `kind` names the callback, `reason` is the code of the rejection."""
    at = deps.clock.now()
    minute = int(at.timestamp()) // 60
    if any(past != minute for _, past in _recorded):
        _recorded.clear()
    _recorded[kind, minute] += 1
    if _recorded[kind, minute] <= _PER_MINUTE:
        await SecurityEvent.create(at=at, kind=kind[:30], reason=reason[:60], remote_ip=ip[:45])


async def clean(at: datetime) -> None:
    """Delete events older than half a year or above `_MOST`, one transaction per batch. Raises Busy."""
    statement = (
        "DELETE FROM security_events WHERE id IN (SELECT id FROM security_events WHERE at < $1"
        " OR id <= (SELECT max(id) FROM security_events) - $2 ORDER BY id LIMIT $3)"
    )
    gone = _CLEAN_ROWS
    while gone == _CLEAN_ROWS:
        async with db.transaction() as tx:
            tag = await tx.execute(statement, at - _KEPT, _MOST, _CLEAN_ROWS)
        gone = int(tag.split()[-1])
