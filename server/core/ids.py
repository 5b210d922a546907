"""Numbers and codes that people and partners see: safe in URLs, unguessable where that matters."""

import secrets
from datetime import datetime

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


def token() -> str:
    """A bearer token with 256 bits of randomness."""
    return secrets.token_urlsafe(32)
