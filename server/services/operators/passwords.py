"""Operators' passwords: Argon2id, off the event loop, two at a time, for each takes 64 MiB while it runs."""

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
    """What to store of a password."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_hasher.hash, password)


async def fits(password: str, stored: str | None) -> bool:
    """Whether it is the password that was stored; None, for nobody, takes as long and never fits."""
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
