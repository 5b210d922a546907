"""Numbers and codes that people and partners see: safe in URLs, unguessable where that matters."""

import secrets
from datetime import datetime, timedelta

from server.core.clock import SHANGHAI

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0/O, 1/I/L, no U: codes survive being read aloud and never spell words."""


def code(length: int) -> str:
    """A random code of `length` characters out of 30, for share codes and the like."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def number(prefix: str, moment: datetime) -> str:
    """A business number such as `T261122153000K7Q2M9XA`: prefix, Shanghai second, 8 random characters.

    At most 22 characters for a one-letter prefix, `[0-9A-Z]` only (WeChat's narrowest rule), 30^8 numbers per second.
    """
    return f"{prefix}{moment.astimezone(SHANGHAI):%y%m%d%H%M%S}{code(8)}"


def when(digits: str) -> tuple[datetime, datetime]:
    """From when until before when the numbers were made whose time begins with these 1 … 12 digits."""
    following = str(int(digits) + 1).zfill(len(digits))
    end = _earliest(following) if len(following) == len(digits) else datetime(2100, 1, 1, tzinfo=SHANGHAI)
    return _earliest(digits), end


def _earliest(digits: str) -> datetime:
    """The first instant that a number's time beginning so may mean; past what a calendar or clock shows, the next."""
    text = digits.ljust(12, "0")
    year, month, day, *clock = (int(text[place : place + 2]) for place in range(0, 12, 2))
    first = datetime(2000 + year, min(max(month, 1), 12), 1, tzinfo=SHANGHAI)
    after = (first + timedelta(days=31)).replace(day=1)
    moment = first + timedelta(days=max(day, 1) - 1)
    if month > first.month or moment >= after:
        return after
    for value, most, unit in zip(clock, (23, 59, 59), (3600, 60, 1), strict=True):
        moment += timedelta(seconds=min(value, most + 1) * unit)
        if value > most:
            break
    return moment


def token() -> str:
    """A bearer token with 256 bits of randomness."""
    return secrets.token_urlsafe(32)
