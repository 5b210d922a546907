"""Time limits of tests: meant for an idle machine, and multiplied by how slow this machine is now.

A limit may be long, because reaching it means a hang; it must never mean that the machine was busy with other work.
"""

import functools
import hashlib
import os
import time

_BLOCK = bytes(1_000_000)
_BLOCKS = 30
_IDLE_S = 0.046
"""The sample's time on an idle machine with two present-day cores."""


@functools.cache
def slowness() -> float:
    """Return how many times longer the sample took than on an idle machine; at least 1."""
    began = time.perf_counter()
    for _ in range(_BLOCKS):
        hashlib.sha256(_BLOCK).digest()
    return max(1.0, (time.perf_counter() - began) / _IDLE_S)


def limit(idle_s: float) -> float:
    """Return the seconds to wait on this machine now for work that takes at most `idle_s` on an idle one."""
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    return idle_s * max(1.0, slowness(), crowd)
