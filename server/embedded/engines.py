"""Starts, watches and stops the engines of one data folder."""

import secrets
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from . import postgres, redis
from .home import Home, Lock, State, fixed_home, is_locked, load_state, open_home, save_state
from .processes import EngineError, Kind, end_all, spawn, wait_ready

Engine = Literal["postgres", "redis"]
KINDS: dict[Engine, Kind] = {"postgres": postgres.POSTGRES, "redis": redis.REDIS}
# Below the range that systems use for the ports of outgoing connections, which could otherwise take ours.
PORTS = range(15000, 32000)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a data folder's engines; the URLs contain the passwords."""

    database_url: str
    database_owner_url: str
    redis_url: str
    postgres_port: int
    redis_port: int


def addresses(data: Path) -> Addresses | None:
    """Return the addresses of a data folder, running or stopped; None if it was never initialised.

    Raises:
        EngineError: the folder belongs to another user.
    """
    try:
        state = load_state(data)
    except PermissionError as error:
        message = f"{data} belongs to another user"
        raise EngineError(message) from error
    return None if state is None else _addresses(state)


def running(data: Path) -> bool:
    """Return whether a live process owns this data folder."""
    return is_locked(data)


def set_aside(data: Path, aside: Path) -> None:
    """Move a data folder and its databases to `aside`, a new name beside it, where it works as before.

    Raises:
        EngineError: the folder has an owner, or cannot be moved.
    """
    lock = Lock(data)
    try:
        state = load_state(data)
        home = data if state is None or state.home is None else Path(state.home)
        for engine, kind in KINDS.items():
            end_all(home / engine, kind)  # a killed owner may have left engines that still write there
        if state is not None and home == fixed_home(data):
            # The home's name is derived from the data folder's path, so the next folder at that path needs it.
            moved = fixed_home(aside)
            home.rename(moved)
            save_state(data, replace(state, home=str(moved)))
        data.rename(aside)
    except OSError as error:
        message = f"{data} cannot be moved to {aside}: {error}"
        raise EngineError(message) from error
    finally:
        lock.release()


def _addresses(state: State) -> Addresses:
    return Addresses(
        postgres.url(state.postgres_port, postgres.APP_NAME, state.app_password),
        postgres.url(state.postgres_port, postgres.NAME, state.postgres_password),
        redis.url(state.redis_port, state.redis_password),
        postgres_port=state.postgres_port,
        redis_port=state.redis_port,
    )


class Engines:
    """PostgreSQL and Redis as children of this process; a file lock allows one owner per data folder.

    On Linux the engines shut down in order if the owner ends without `stop`, even by SIGKILL; on other systems the next
    owner ends them first. `durable=False` (no fsync) is for data that may be lost.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        """Prepare only; nothing is started before `start`."""
        self._data = data.absolute()
        self._durable = durable
        self._locks: list[Lock] = []
        self._children: dict[Engine, subprocess.Popen[bytes]] = {}
        self._place: tuple[Home, State, ThreadPoolExecutor] | None = None

    def start(self) -> Addresses:
        """Start both engines and wait until they accept connections, however long recovery takes. Safe to call twice.

        Raises:
            EngineError: the folder has an owner, or an engine cannot start.
        """
        if self._place is None:
            try:
                self._start()
            except OSError as error:
                self.stop()
                message = f"the engines in {self._data} cannot be started: {error}"
                raise EngineError(message) from error
            except BaseException:
                self.stop()
                raise
        return _addresses(self._opened()[1])

    def _start(self) -> None:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._locks.append(Lock(self._data))
        known = load_state(self._data)
        if known is None and (self._data / postgres.FOLDER).exists():
            message = f"{self._data} holds a database but not the file with its passwords; restore it from a copy"
            raise EngineError(message)
        if known is not None and not known.app_password:
            message = (
                f"{self._data} 是旧版本建的：请用 `./scripts/run --fresh` 重新开始，旧数据会留在旁边"
                " an earlier version made it: start anew with `./scripts/run --fresh`, which keeps the old data aside"
            )
            raise EngineError(message)
        home = open_home(self._data, known, durable=self._durable)
        if home.folder != self._data:
            # A copied data folder names the same home, so the home is locked, too.
            self._locks.append(Lock(home.folder))
        for engine, kind in KINDS.items():
            end_all(home.folder / engine, kind)  # left by a killed owner, they still hold the ports
        if known is None:
            elsewhere = None if home.folder == self._data else str(home.folder)
            known = State(elsewhere, 0, 0, *(secrets.token_hex(24) for _ in range(3)))
        state = _with_free_ports(known)
        save_state(self._data, state)  # first, because it is the only copy of the database's password
        postgres.create(home, state.postgres_password, state.app_password, durable=self._durable)
        home.make_folder(redis.FOLDER)
        # This thread must live as long as the engines: Linux ends them with the thread that started them.
        spawner = ThreadPoolExecutor(1, "engines")
        while not self._run(home, state, spawner):
            state = _with_free_ports(state)
            save_state(self._data, state)

    def _run(self, home: Home, state: State, spawner: ThreadPoolExecutor) -> bool:
        """Start both engines; return False if another program has taken a port since it was chosen."""
        self._place = home, state, spawner
        try:
            for engine in KINDS:
                self._spawn(engine)
            for engine in KINDS:
                self._wait(engine)
        except EngineError:
            for engine in KINDS:
                self._end(engine)
            if _with_free_ports(state) == state:
                raise
            return False
        return True

    def stop(self) -> None:
        """Shut down both engines in order and release the folder. Safe to call twice."""
        if self._place is not None:
            for engine in KINDS:
                self._end(engine)
            self._place[2].shutdown()
            self._place = None
        while self._locks:
            self._locks.pop().release()

    def alive(self) -> dict[str, bool]:
        """Return whether each engine's process is alive, by name."""
        return {engine: engine in self._children and self._children[engine].poll() is None for engine in KINDS}

    def kill(self, engine: Engine) -> None:
        """Kill an engine with SIGKILL, as in a crash."""
        self._children[engine].kill()
        self._children[engine].wait()

    def restart(self, engine: Engine) -> None:
        """Start an engine again on its port, after ending what is left of it.

        Raises:
            EngineError: `start` was not called yet, or the engine cannot start.
        """
        self._opened()
        self._end(engine)
        self._spawn(engine)
        self._wait(engine)

    def __enter__(self) -> Self:
        """Start the engines."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the engines."""
        self.stop()

    def _opened(self) -> tuple[Home, State, ThreadPoolExecutor]:
        if self._place is None:
            message = f"the engines in {self._data} are not started"
            raise EngineError(message)
        return self._place

    def _spawn(self, engine: Engine) -> None:
        home, state, spawner = self._opened()
        folder = home.folder / engine
        if engine == "postgres":
            # We hold the lock and no process works here. A left-over pid file could only name a recycled process id,
            # and PostgreSQL would refuse to start because of it.
            (folder / postgres.POSTGRES.pid_file).unlink(missing_ok=True)
            command, text = postgres.command(home, state.postgres_port, durable=self._durable), ""
        else:
            command = [home.binaries.redis, "-"]
            text = redis.configuration(state.redis_port, state.redis_password, durable=self._durable)
        end = KINDS[engine].signals[0]
        self._log(engine).touch(mode=0o600)
        with self._log(engine).open("wb") as output:
            started = spawner.submit(spawn, command, home.account, folder, end, output, text)
            self._children[engine] = started.result()

    def _wait(self, engine: Engine) -> None:
        home, state, _ = self._opened()
        child = self._children[engine]

        def ready() -> bool:
            if engine == "postgres":
                return postgres.is_ready(home, child)
            return redis.is_ready(state.redis_port, state.redis_password)

        def said() -> str:
            text = self._log(engine).read_text("utf-8", "replace")
            return postgres.follow_log(home, text) if engine == "postgres" else text

        wait_ready(KINDS[engine], child, ready, said)

    def _end(self, engine: Engine) -> None:
        end_all(self._opened()[0].folder / engine, KINDS[engine])
        child = self._children.pop(engine, None)
        if child is not None:
            child.kill()  # what is still there was about to become the engine
            child.wait()

    def _log(self, engine: Engine) -> Path:
        return self._opened()[0].folder / f"{engine}.log"


def _with_free_ports(known: State) -> State:
    """Return the state with ports that are free now, its own where they are."""
    postgres_port = _free_port(known.postgres_port, avoid=0)
    return replace(known, postgres_port=postgres_port, redis_port=_free_port(known.redis_port, avoid=postgres_port))


def _free_port(wanted: int, *, avoid: int) -> int:
    """Return `wanted` if it is free, else another port; 0: any free port."""
    for port in (wanted, *(secrets.choice(PORTS) for _ in range(100))):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:  # house: swallowed - the port is taken, so the next one is tried
                continue
            if port not in (0, avoid):
                return port
    message = "no free port was found on 127.0.0.1"
    raise EngineError(message)
