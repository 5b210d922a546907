"""Compares the speed of this checkout with another one: both malls run, and their loads alternate, old, new, old, new.

It compares CPU time: milliseconds per operation of the API's processes and of PostgreSQL, which other processes on the
machine affect least. Each side runs its own code and the benches of its own checkout.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.files import ROOT

NAMES = ("login", "list", "detail", "place", "group", "settle", "flash")
"""Benches of `python -m server bench`; a bench may measure several operations."""
ROUNDS = 5
SECONDS = 4
WORSE_MOST = 1.05
"""The median CPU time per operation may grow by this factor."""

_SIDE = Path(__file__).with_name("side.py")
_END_S = 60


class SideFailed(Exception):  # noqa: N818 - what happened
    """A checkout could not be measured; the text says which one, and its message."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of the command line."""

    other: Path
    names: Sequence[str]
    rounds: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One load. CPU in milliseconds per operation, by part: `api`, `postgres`, `worker`, `redis`."""

    name: str
    cpu_ms: Mapping[str, float]
    client_ms: float
    p50_ms: float
    per_second: float

    @property
    def counted_ms(self) -> float:
        """The CPU time that is compared: of the API and PostgreSQL."""
        return self.cpu_ms["api"] + self.cpu_ms["postgres"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The samples of one operation in the order of time, as many of the old as of the new checkout."""

    name: str
    old: tuple[Sample, ...]
    new: tuple[Sample, ...]

    def middle(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """Return the old and the new median."""
        return statistics.median(map(of, self.old)), statistics.median(map(of, self.new))

    @property
    def ratio(self) -> float:
        """The new median CPU time per operation, divided by the old one."""
        old, new = self.middle(lambda sample: sample.counted_ms)
        return new / old


class Side:
    """A checkout that is being measured by its own process."""

    def __init__(self, checkout: Path, process: subprocess.Popen[str]) -> None:
        self.checkout, self._process = checkout, process

    def hear(self) -> dict[str, Any]:
        """Return the next object that it prints. Raises SideFailed."""
        assert self._process.stdout is not None  # noqa: S101 - opened below
        line = self._process.stdout.readline()
        if not line:
            raise SideFailed(f"{self.checkout} ended with {self._process.wait()} before it was through")
        told: dict[str, Any] = json.loads(line)
        return told

    def turn(self) -> Sample | None:
        """Let it run one load; return None when no load is left. Raises SideFailed."""
        assert self._process.stdin is not None  # noqa: S101 - opened below
        with suppress(BrokenPipeError):  # it has ended; `hear` reports that
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        told = self.hear()
        return None if "end" in told else Sample(**told)


@contextmanager
def side(checkout: Path, asked: Asked, folder: Path) -> Iterator[Side]:
    """Run a checkout's mall; its files, byte code included, are below `folder`."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    command = [sys.executable, "-P", str(_SIDE), str(folder), str(asked.rounds), str(asked.seconds), *asked.names]
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Side(checkout, process)
    finally:
        assert process.stdin is not None  # noqa: S101 - opened above
        assert process.stdout is not None  # noqa: S101 - opened above
        with suppress(BrokenPipeError):  # it has ended before
            process.stdin.close()  # it ends its mall when its input ends
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # also in the middle of a load it stops and cleans up
            process.wait(_END_S)
        process.stdout.close()


def alternate(old: Side, new: Side) -> Iterator[tuple[Sample, Sample]]:
    """Yield one load of each side in turn until both have none left. Raises SideFailed."""
    while True:
        before, after = old.turn(), new.turn()
        if before is None and after is None:
            return
        if before is None or after is None:
            fewer, more = (old, new) if before is None else (new, old)
            raise SideFailed(f"{fewer.checkout} measures fewer operations than {more.checkout}")
        if before.name != after.name:
            raise SideFailed(f"the checkouts measure different operations: {before.name} and {after.name}")
        yield before, after


def paired(samples: Sequence[tuple[Sample, Sample]]) -> list[Pair]:
    """Return the samples by operation, without the first round, which only warms up."""
    names = dict.fromkeys(old.name for old, _ in samples)
    found = []
    for name in names:
        _, *kept = [(old, new) for old, new in samples if old.name == name]
        found.append(Pair(name, tuple(old for old, _ in kept), tuple(new for _, new in kept)))
    return found


def problems(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield one sentence for each operation whose median CPU time grew too much."""
    for pair in pairs:
        if pair.ratio > WORSE_MOST:
            old, new = pair.middle(lambda sample: sample.counted_ms)
            yield f"{pair.name}: {old:.3f} → {new:.3f} ms CPU per operation, {pair.ratio:.3f} times, most {WORSE_MOST}"


def line_of(pair: Pair) -> str:
    """Return one line for an operation, each value old → new: medians, and the range of the compared CPU time."""
    figures: dict[str, Callable[[Sample], float]] = {
        "API": lambda sample: sample.cpu_ms["api"],
        "PostgreSQL": lambda sample: sample.cpu_ms["postgres"],
        "worker": lambda sample: sample.cpu_ms["worker"],
        "client": lambda sample: sample.client_ms,
        "wall p50": lambda sample: sample.p50_ms,
        "a second": lambda sample: sample.per_second,
    }
    counted = " → ".join(_spread([sample.counted_ms for sample in some]) for some in (pair.old, pair.new))
    rest = "; ".join(f"{name} {_both(pair, of)}" for name, of in figures.items())
    return f"{pair.name}: CPU {counted} ms per operation, ratio {pair.ratio:.3f}; {rest}"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def _both(pair: Pair, of: Callable[[Sample], float]) -> str:
    return " → ".join(f"{value:.4g}" for value in pair.middle(of))


def _told(stack: ExitStack, old: Side, new: Side) -> Iterator[tuple[Sample, Sample]]:
    """Yield all samples, and show the progress on the terminal."""
    status = stack.enter_context(Console(stderr=True).status("speed: two malls are made"))
    for one in (old, new):
        one.hear()
    for number, pair in enumerate(alternate(old, new), 1):
        status.update(f"speed: {pair[0].name}, round {number}")
        yield pair


def main(asked: Asked, root: Path = ROOT) -> int:
    """Print results and findings; return the exit code. Needs Linux, and takes about two minutes per bench."""
    if not (asked.other / "server" / "commands" / "bench").is_dir():
        print(f"{asked.other} is not a checkout of this project: it has no server/commands/bench")
        return 2
    with ExitStack() as stack:
        folders = [
            # Beside the usual data folder, which is on a real disk; the temporary folder may be in memory.
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".data-speed-", dir=root)))
            for _ in range(2)
        ]
        try:
            old, new = (
                stack.enter_context(side(checkout, asked, folder))
                for checkout, folder in zip((asked.other.resolve(), root), folders, strict=True)
            )
            pairs = paired(list(_told(stack, old, new)))
        except SideFailed as error:
            print(error)
            return 2
    for pair in pairs:
        print(line_of(pair))
    found = list(problems(pairs))
    for sentence in found:
        print(sentence)
    return 1 if found else 0
