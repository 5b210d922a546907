"""Keeps the mall's processes running: restarts a process that dies or hangs, and ends all with the supervisor."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from server.commands.heart import HEART_FD
from server.commands.logs import PROCESS_NAME
from server.embedded.processes import LAUNCHER

log = logging.getLogger("tuisan.supervisor")

GRACE_S = 15.0
"""How long a process may take to end in order; API and worker need at most 10 s."""
_SILENT_S = 10.0
_START_S = 60.0
_LOOK_S = 0.5
_PAUSE_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_WELL_S = 10.0
"""A process that lived this long is restarted without a pause."""


@dataclass(frozen=True, slots=True)
class Child:
    """A Python module to run as a process, with the sockets it inherits. It must give signs of life, see `heart`."""

    name: str
    module: str
    environment: Mapping[str, str]
    sockets: tuple[int, ...] = ()


@dataclass(slots=True)
class _Watched:
    child: Child
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None
    last_beat: float = 0.0


class Supervisor:
    """Runs the children: starts all together, ends them stage by stage from the last. A context manager."""

    def __init__(self, stages: Sequence[Sequence[Child]]) -> None:
        self._stages = [[_Watched(child) for child in stage] for stage in stages]
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        for watched in self._all():
            self._keepers[watched.child.name] = asyncio.create_task(self._keep(watched))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        for stage in reversed(self._stages):
            keepers = [self._keepers[watched.child.name] for watched in stage]
            for watched in stage:
                _send(watched.process, signal.SIGTERM)
            late = (await asyncio.wait(keepers, timeout=GRACE_S))[1] if keepers else set()
            for watched in stage:
                if self._keepers[watched.child.name] in late:
                    log.warning("%s does not end by itself", watched.child.name)
                    _send(watched.process, signal.SIGKILL)
            await asyncio.gather(*keepers)

    async def ready(self) -> None:
        """Wait until every child has given its first sign of life."""
        await asyncio.gather(*(watched.ready.wait() for watched in self._all()))

    def pids(self) -> dict[str, int]:
        """Return the processes that run now, by the name of their child."""
        return {one.child.name: one.process.pid for one in self._all() if one.process}

    def _all(self) -> list[_Watched]:
        return [watched for stage in self._stages for watched in stage]

    async def _keep(self, watched: _Watched) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                end = f"ended with code {await self._run(watched)}"
            except OSError as error:  # no memory or no process is available now
                end = f"could not be started: {error}"
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began >= _WELL_S else failures + 1
            pause_s = _PAUSE_S[min(failures, len(_PAUSE_S) - 1)]
            log.warning("%s %s and starts again in %.1f s", watched.child.name, end, pause_s)
            with contextlib.suppress(TimeoutError):  # no stop in the pause
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _run(self, watched: _Watched) -> int:
        """Run a child once; return its exit code."""
        child, loop = watched.child, asyncio.get_running_loop()
        listening, beating = os.pipe()
        try:
            environment = os.environ | child.environment | {HEART_FD: str(beating), PROCESS_NAME: child.name}
            # The launcher ties the process to the life of this thread, so that even SIGKILL leaves no orphan.
            launch = [sys.executable, "-I", "-S", LAUNCHER, os.getpid(), signal.SIGKILL.value, os.getuid(), os.getgid()]
            process = await asyncio.create_subprocess_exec(
                *map(str, launch),
                *(sys.executable, "-m", child.module),
                env=environment,
                pass_fds=(*child.sockets, beating),
                start_new_session=True,  # Ctrl-C in the terminal reaches only the supervisor, which ends all in order
            )
        finally:
            os.close(beating)
        watched.process, watched.last_beat = process, time.monotonic() + _START_S - _SILENT_S
        loop.add_reader(listening, _hear, watched, listening)
        try:
            if self._stopping.is_set():  # the stop came while the process was being started
                _send(process, signal.SIGTERM)
            return await self._watch(watched, process)
        finally:
            watched.process = None
            loop.remove_reader(listening)
            os.close(listening)

    async def _watch(self, watched: _Watched, process: asyncio.subprocess.Process) -> int:
        while True:
            with contextlib.suppress(TimeoutError):  # it is still running
                return await asyncio.wait_for(process.wait(), _LOOK_S)
            if time.monotonic() - watched.last_beat > _SILENT_S:
                log.warning("%s hangs", watched.child.name)
                _send(process, signal.SIGKILL)


def _hear(watched: _Watched, listening: int) -> None:
    if os.read(listening, 4096):
        watched.last_beat = time.monotonic()
        watched.ready.set()
    else:
        asyncio.get_running_loop().remove_reader(listening)  # the child closed its end, so it is ending


def _send(process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            process.send_signal(number)


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGTERM and Ctrl-C set while the block runs on the running loop."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
