"""Starts, finds, waits for and ends engine processes, without knowing which engine it is."""

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
# A fast shutdown writes a checkpoint, which may take long on a slow disk; a harder one is still crash-safe.
POLITE_PATIENCE_S = 60.0
FIRM_PATIENCE_S = 10.0
# Nothing from the caller's environment (PGHOST, LD_PRELOAD, a Chinese locale for messages) reaches the engines.
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
    """How the processes of one engine differ from those of another."""

    title: str
    program: str
    """The name of the executable file."""
    pid_file: str
    """The pid file, relative to the engine's folder; its first line is the leading process."""
    signals: tuple[signal.Signals, ...]
    """The signals that end the leader, the gentlest first; `end_all` adds SIGKILL as the last one."""


def run(command: Sequence[str | Path], account: Account, folder: Path, text: str = "") -> None:
    """Run `command` in `folder` as `account`, with `text` as its input, and wait for its end.

    Raises:
        EngineError: it failed; the message has the end of its output.
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
    """Start an engine in `folder` as `account`, with `text` as its input; it prints to `output`.

    On Linux it gets the signal `end` when the calling *thread* ends, so call this from a thread that lasts.
    """
    launch = [sys.executable, "-I", "-S", LAUNCHER, os.getpid(), end.value, account.uid, account.gid, *command]
    child = subprocess.Popen(
        [str(part) for part in launch],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in the terminal reaches only the owner, which stops the engines in order
    )
    if child.stdin is not None:  # never None because of stdin=PIPE, which the types cannot express
        with child.stdin as pipe:
            pipe.write(text.encode())
    return child


def wait_ready(kind: Kind, child: subprocess.Popen[bytes], ready: Callable[[], bool], log: Callable[[], str]) -> None:
    """Wait as long as the engine lives, because recovery after a crash may take any time.

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
    """Return the live processes of this engine whose working directory is `folder`.

    Both engines work in their data folder, and so do PostgreSQL's backends. Zombies have no working directory, and a
    recycled process id has another one, so this is reliable where a pid file is not.
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
    except OSError:  # it has ended, is a zombie, or belongs to another user
        return False


def _working_in_by_lsof(folder: Path, kind: Kind) -> set[int]:
    """Do the same on systems without /proc (macOS, which always has lsof)."""
    lsof = shutil.which("lsof", path="/usr/sbin:/usr/bin")
    if lsof is None:
        message = "neither /proc nor lsof is here to look for engines of an earlier run"
        raise EngineError(message)
    command = [lsof, "-w", "-t", "-a", "-c", kind.program, "-d", "cwd", str(folder)]
    # lsof exits with 1 if nothing matches.
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return {int(line) for line in found.stdout.split()}


def end_all(folder: Path, kind: Kind) -> None:
    """End all processes of this engine in `folder`: the leader gently, then all firmly; return when all are gone.

    A leader killed with SIGKILL leaves backends that may still write, so they are ended, too.

    Raises:
        EngineError: a process survived SIGKILL (the disk hangs).
    """
    for number, step in enumerate((*kind.signals, signal.SIGKILL)):
        found = working_in(folder, kind)
        leader = found & _leader(folder, kind)
        if found and not leader and number == 0:
            continue  # backends take the first signal differently
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
    except ProcessLookupError:  # it has already ended
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
