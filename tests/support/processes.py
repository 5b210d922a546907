"""Inspects processes from outside."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.patience import limit


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> dict[int, str]:
    """Return the live processes that `pid` started, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_alive(int(entry.name)):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                parent = int((entry / "stat").read_text("utf-8").rsplit(")", 1)[1].split()[1])
                if parent == pid:
                    found[int(entry.name)] = (entry / "cmdline").read_text("utf-8").replace("\0", " ")
    return found


def descendants(pid: int) -> set[int]:
    """Return all live processes below `pid`."""
    direct = set(children(pid))
    return direct.union(*(descendants(child) for child in direct))


def wait_until(happened: Callable[[], object], within_s: float = 60) -> float:
    """Wait until it happened; return the seconds. Fails after `within_s`, measured on an idle machine."""
    began, longest = time.monotonic(), limit(within_s)
    while not happened():
        assert time.monotonic() - began < longest, "it did not happen"
        time.sleep(0.05)
    return time.monotonic() - began
