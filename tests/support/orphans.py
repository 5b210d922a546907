"""Finds and ends processes that a test leaves behind, and fails that test.

This process adopts orphaned descendants (Linux's child subreaper), so no process escapes by losing its parent.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from tests.support.patience import limit
from tests.support.processes import children, descendants, is_alive

_ADOPT = 36
"""PR_SET_CHILD_SUBREAPER"""
_GRACE_S = 5


def adopt() -> None:
    """Become the parent of every descendant whose own parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)


def present() -> set[int]:
    """Return the live children of this process; empty where /proc does not list them."""
    found: set[int] = set()
    with contextlib.suppress(OSError):  # a thread has ended meanwhile, or there is no /proc
        for thread in Path("/proc/self/task").iterdir():
            found.update(map(int, (thread / "children").read_text("ascii").split()))
    return {pid for pid in found if is_alive(pid)}


def end_those_left(before: set[int]) -> list[str]:
    """End the processes that are new since `before` and do not end soon by themselves; return their command lines."""
    until = time.monotonic() + limit(_GRACE_S)
    while (left := present() - before) and time.monotonic() < until:
        time.sleep(0.02)
    told = [command for pid, command in children(os.getpid()).items() if pid in left] if left else []
    for pid in left:
        for one in (*descendants(pid), pid):
            with contextlib.suppress(ProcessLookupError):  # it has ended in the end
                os.kill(one, signal.SIGKILL)
    return told
