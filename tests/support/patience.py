"""How long a test waits for something: a limit meant for an idle machine, stretched by how slow this one is now.

A limit that is reached means a hang, so it may be long; it must never mean that somebody else was using the machine.
"""

import functools
import hashlib
import os
import time

_BLOCK = bytes(1_000_000)
_BLOCKS = 30
_IDLE_S = 0.046
"""What the sample takes on an idle machine of two cores of today."""


@functools.cache
def slowness() -> float:
    """How many times longer the sample took than on an idle machine; at least 1."""
    began = time.perf_counter()
    for _ in range(_BLOCKS):
        hashlib.sha256(_BLOCK).digest()
    return max(1.0, (time.perf_counter() - began) / _IDLE_S)


def limit(idle_s: float) -> float:
    """Seconds to wait here and now for what takes at most `idle_s` on an idle machine."""
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    return idle_s * max(1.0, slowness(), crowd)
