"""Numbers and codes that people and partners see. They are safe in URLs, and cannot be guessed where that matters."""

import secrets
from datetime import datetime, timedelta

from server.core.clock import SHANGHAI

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0/O, 1/I/L and U: codes can be read aloud without mistakes and do not spell words."""


def code(length: int) -> str:
    """Return a random code of `length` characters out of 30, for share codes and similar uses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def number(prefix: str, moment: datetime) -> str:
    """Return a business number such as `T261122153000K7Q2M9XA`: prefix, Shanghai second, 8 random characters.

    At most 22 characters with a one-letter prefix, only `[0-9A-Z]` (WeChat's strictest rule), 30^8 numbers per second.
    """
    return f"{prefix}{moment.astimezone(SHANGHAI):%y%m%d%H%M%S}{code(8)}"


def when(digits: str) -> tuple[datetime, datetime]:
    """Return the time span (start, exclusive end) of business numbers whose time begins with these 1 … 12 digits."""
    following = str(int(digits) + 1).zfill(len(digits))
    end = _earliest(following) if len(following) == len(digits) else datetime(2100, 1, 1, tzinfo=SHANGHAI)
    return _earliest(digits), end


def _earliest(digits: str) -> datetime:
    """Return the first instant that these leading digits can mean. A time that does not exist becomes the next one."""
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
    """Return a bearer token with 256 bits of randomness."""
    return secrets.token_urlsafe(32)
