"""The cost of processes, read from /proc: CPU and memory of a process and its descendants."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def cpu_s(roots: Iterable[int]) -> float:
    """Return the CPU seconds used so far by the processes, their descendants and their children that ended."""
    return sum(sum(map(int, _stat(pid)[11:15])) for root in roots for pid in _tree(root)) / _TICKS


def peak_rss_mb(pid: int) -> float:
    """Return the largest resident memory the process has had so far, in MB (2^20 bytes)."""
    for line in (_PROC / str(pid) / "status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0  # a kernel thread or a zombie has no such line


def children(pid: int) -> list[int]:
    """Return the live children of this process."""
    return [int(child) for task in (_PROC / str(pid) / "task").iterdir() for child in _read(task / "children").split()]


def _tree(root: int) -> Iterator[int]:
    if (_PROC / str(root)).exists():
        yield root
        for child in children(root):
            yield from _tree(child)


def _stat(pid: int) -> list[str]:
    """Return the fields after the command's name, from `state` on: 11 to 14 are utime, stime, cutime, cstime."""
    return _read(_PROC / str(pid) / "stat").rpartition(")")[2].split() or ["0"] * 15


def _read(path: Path) -> str:
    """Return the file's text; empty for a process that has ended meanwhile."""
    try:
        return path.read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
