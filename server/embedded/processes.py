"""Starting, finding, waiting for and ending engine processes; nothing here knows which engine it is."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")
POLL_S = 0.01
TELL_EVERY_S = 3.0
# A fast shutdown writes a checkpoint, which may take long on a slow disk; what follows it is still crash-safe.
POLITE_PATIENCE_S = 60.0
FIRM_PATIENCE_S = 10.0
# Nothing of the caller's surroundings (PGHOST, LD_PRELOAD, a Chinese locale in messages) reaches the engines.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class EngineError(Exception):
    """An engine cannot be started, stopped or reached; the text is one clear sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group an engine runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What tells one engine from another while it is a mere process."""

    title: str
    program: str
    """Name of the executable file."""
    pid_file: str
    """Relative to the engine's folder; the first line is the leading process."""
    signals: tuple[signal.Signals, ...]
    """What ends the leader, gentlest first; SIGKILL follows by itself."""


def run(command: Sequence[str | Path], account: Account, folder: Path, text: str = "") -> None:
    """Run `command` in `folder` as `account` with `text` on its input, to its end.

    Raises:
        EngineError: it failed; the sentence carries the end of what it said.
    """
    drop = os.geteuid() == 0
    done = subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        input=text,
        capture_output=True,
        text=True,
        umask=0o077,
        check=False,
        user=account.uid if drop else None,
        group=account.gid if drop else None,
        extra_groups=[] if drop else None,
    )
    if done.returncode != 0:
        said = _last_lines(done.stderr or done.stdout)
        message = f"{Path(command[0]).name} failed with code {done.returncode}: {said}"
        raise EngineError(message)


def spawn(
    command: Sequence[str | Path], account: Account, folder: Path, end: signal.Signals, output: IO[bytes], text: str
) -> subprocess.Popen[bytes]:
    """Start an engine in `folder` as `account`, with `text` on its input and `output` taking what it prints.

    On Linux it receives `end` when the calling *thread* ends, for whatever reason: call from one that lasts.
    """
    launch = [sys.executable, "-I", "-S", LAUNCHER, os.getpid(), end.value, account.uid, account.gid, *command]
    child = subprocess.Popen(
        [str(part) for part in launch],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in the terminal goes to the owner, which stops the engines in order
    )
    if child.stdin is not None:  # it is, by stdin=PIPE; the types cannot say so
        with child.stdin as pipe:
            pipe.write(text.encode())
    return child


def wait_ready(kind: Kind, child: subprocess.Popen[bytes], ready: Callable[[], bool], log: Callable[[], str]) -> None:
    """Wait as long as the engine lives: recovery after a crash takes the time it takes.

    Raises:
        EngineError: the process ended first.
    """
    begun = told = time.monotonic()
    while not ready():
        if child.poll() is not None:
            message = f"{kind.title} stopped with code {child.returncode} while starting: {_last_lines(log())}"
            raise EngineError(message)
        now = time.monotonic()
        if now - told >= TELL_EVERY_S:
            told = now
            sys.stderr.write(f"{kind.title} is recovering its data, {now - begun:.0f} s so far\n")
        time.sleep(POLL_S)


def working_in(folder: Path, kind: Kind) -> set[int]:
    """The live processes of this engine whose working directory is `folder`.

    Both engines enter their data folder, and so do PostgreSQL's backends; zombies have no working directory and a
    recycled process id has another one, so this cannot be fooled as a pid file can.
    """
    if not folder.exists():
        return set()
    if not Path("/proc/self/cwd").exists():
        return _working_in_by_lsof(folder, kind)
    place = folder.stat()
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_in(entry, place, kind)}


def _is_in(process: Path, place: os.stat_result, kind: Kind) -> bool:
    try:
        program = Path((process / "exe").readlink()).name.removesuffix(" (deleted)")
        return program == kind.program and os.path.samestat((process / "cwd").stat(), place)
    except OSError:  # it ended meanwhile, is a zombie, or belongs to somebody else
        return False


def _working_in_by_lsof(folder: Path, kind: Kind) -> set[int]:
    """The same for systems without /proc (macOS, which always carries lsof)."""
    lsof = shutil.which("lsof", path="/usr/sbin:/usr/bin")
    if lsof is None:
        message = "neither /proc nor lsof is here to look for engines of an earlier run"
        raise EngineError(message)
    command = [lsof, "-w", "-t", "-a", "-c", kind.program, "-d", "cwd", str(folder)]
    # lsof exits with 1 when nothing matches.
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return {int(line) for line in found.stdout.split()}


def end_all(folder: Path, kind: Kind) -> None:
    """End whatever of this engine works in `folder`, the leader gently, then all firmly; return when all is gone.

    A leader killed with SIGKILL leaves backends that may still write; they go too.

    Raises:
        EngineError: something survived SIGKILL (a hung disk).
    """
    for number, step in enumerate((*kind.signals, signal.SIGKILL)):
        found = working_in(folder, kind)
        leader = found & _leader(folder, kind)
        if found and not leader and number == 0:
            continue  # the first signal has another meaning for backends
        for pid in found if step is signal.SIGKILL else leader or found:
            _signal(pid, step)
        if _gone(folder, kind, FIRM_PATIENCE_S if number else POLITE_PATIENCE_S):
            return
    message = f"{kind.title} processes {sorted(working_in(folder, kind))} in {folder} cannot be ended"
    raise EngineError(message)


def _leader(folder: Path, kind: Kind) -> set[int]:
    try:
        first = (folder / kind.pid_file).read_text("utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return set()
    return {int(first)} if first.isdigit() else set()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it was quicker
        return


def _gone(folder: Path, kind: Kind, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while working_in(folder, kind):
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True


def _last_lines(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines()[-6:] if line.strip()) or "it said nothing"
