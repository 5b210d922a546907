"""Looking at processes from outside."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.patience import limit


def is_alive(pid: int) -> bool:
    """Whether it runs; one that ended and is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> dict[int, str]:
    """The live processes that `pid` started, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_alive(int(entry.name)):
            with contextlib.suppress(OSError):  # it ended meanwhile
                parent = int((entry / "stat").read_text("utf-8").rsplit(")", 1)[1].split()[1])
                if parent == pid:
                    found[int(entry.name)] = (entry / "cmdline").read_text("utf-8").replace("\0", " ")
    return found


def descendants(pid: int) -> set[int]:
    """All live processes below `pid`."""
    direct = set(children(pid))
    return direct.union(*(descendants(child) for child in direct))


def wait_until(happened: Callable[[], object], within_s: float = 60) -> float:
    """Seconds until it happened; fails after `within_s` of an idle machine."""
    began, longest = time.monotonic(), limit(within_s)
    while not happened():
        assert time.monotonic() - began < longest, "it did not happen"
        time.sleep(0.05)
    return time.monotonic() - began
