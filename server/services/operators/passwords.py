"""Operators' passwords: Argon2id, off the event loop. At most two run at once, because each takes 64 MiB."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

_AT_ONCE = 2
_hasher = PasswordHasher()
"""The library's defaults: Argon2id as RFC 9106 recommends for machines with little memory."""


@cache
def _turns(_loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(_AT_ONCE)


async def hashed(password: str) -> str:
    """Return the hash of a password for storing."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_hasher.hash, password)


async def fits(password: str, stored: str | None) -> bool:
    """Return whether the password fits the stored hash. None (no such operator) takes as long and never fits."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_verify, password, stored or _nobodys()) and stored is not None


def _verify(password: str, stored: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except VerifyMismatchError:
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's")
