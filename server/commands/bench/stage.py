"""The processes of a bench: engines with fsync, API, worker, limit and load client, started for it and removed."""

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server import schema, wiring
from server.commands import children
from server.commands.bench import client, procs
from server.commands.bench.shop import Shop
from server.commands.roles import LISTEN_FD
from server.commands.runtime import DEFAULT_DATA, environment_of
from server.commands.supervisor import Child, Supervisor
from server.embedded import EngineError, Engines
from server.embedded.home import THROWAWAY_NAME, load_state
from server.settings import Settings

PROCESSES = 2
CONNECTIONS = 16
_HOST = "127.0.0.1"
NOWHERE = f"http://{_HOST}:9"
"""Used as WeChat's address, because no bench calls WeChat."""
_CLIENT_MOST = 0.6
_IDLE_MOST_CORES = 0.2


class ClientTooSlow(EngineError):  # noqa: N818 - what happened
    """The load client was the bottleneck, so the result would describe the client and not the mall."""


class Load(msgspec.Struct):
    """What the client measured in one run."""

    done: int
    sent: int
    """Includes requests sent before all connections were open."""
    seconds: float
    client_cpu: float
    """A share of one core."""
    idle_cores: float
    refused: int
    """Answers other than 2xx."""
    first_refused: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms_per_op: float = 0.0
    """CPU time of all processes except the client, in ms per request."""

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """The running mall. `web`, `login` and `bare` are ports: the API, the API with our own codes, the limit."""

    shop: Shop
    settings: Settings
    folder: Path
    web: int
    login: int
    bare: int
    api: tuple[int, ...]
    """Process ids of the API."""
    workers: tuple[int, ...]
    """Process ids of the workers."""
    serving: tuple[int, ...]
    """Process ids of API, worker, database and Redis."""

    async def load(
        self, port: int, requests: list[bytes], seconds: float, *, once: bool = False, refused: bool = False
    ) -> Load:
        """Send the requests for that many seconds; at the end start with the first again, unless `once`.

        Raises EngineError when an answer is not a success (with `refused`: when one is), and ClientTooSlow.
        """
        path = self.folder / "requests"
        client.write_requests(path, requests)
        before = procs.cpu_s(self.serving)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", client.__name__, _HOST, str(port), str(CONNECTIONS), str(seconds), str(path)),
            "once" if once else "again",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        if process.returncode:
            raise EngineError(f"the load client: {complained.decode().strip()[-500:]}")
        load = msgspec.json.decode(said, type=Load)
        load.cpu_ms_per_op = (procs.cpu_s(self.serving) - before) * 1000 / load.sent
        check(load, refused=refused)
        return load


def check(load: Load, *, refused: bool = False) -> None:
    """Check that the run measured what it should. Raises EngineError, ClientTooSlow."""
    if refused and load.refused < load.sent:
        raise EngineError(f"only {load.refused} of {load.sent} requests were refused")
    if load.refused and not refused:
        raise EngineError(f"{load.refused} of {load.done} requests were refused, first: {load.first_refused[:800]}")
    if load.client_cpu > _CLIENT_MOST and load.idle_cores > _IDLE_MOST_CORES:
        share = f"{load.client_cpu:.0%} of a core while {load.idle_cores:.1f} cores were idle"
        raise ClientTooSlow(f"the client is the bottleneck: it used {share}")


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Stage]:
    """Run a filled mall in a temporary folder. Raises EngineError."""
    with engines() as data, contextlib.ExitStack() as stack:
        engine_pids = procs.children(os.getpid())
        listening = [stack.enter_context(socket.create_server((_HOST, 0), backlog=1024)) for _ in range(3)]
        web, login, bare = listening
        ports = [one.getsockname()[1] for one in listening]
        places = dict.fromkeys(("WECHAT_API_BASE", "WECHAT_PAY_BASE", "SANDBOX_CONTROL_URL"), NOWHERE)
        environment = environment_of(data, {"PUBLIC_BASE_URL": f"http://{_HOST}:{ports[0]}"} | places) | places
        settings = Settings.from_env(environment)
        await schema.migrate(settings.owner_url, settings.database_url)
        api, workers = children.api(web, PROCESSES, environment), children.workers(1, environment)
        others = _like_api("login", "web", login, environment) + _like_api("bare", "bare", bare, environment)
        async with wiring.build_deps(settings) as deps:
            shop = Shop(deps, data, settings.owner_url)
            await shop.fill()
            async with Supervisor([workers, api, others]) as supervisor:
                await supervisor.ready()
                pids = supervisor.pids()
                serving = (*engine_pids, *(pid for name, pid in pids.items() if not name.startswith("bare")))
                api_pids, worker_pids = (tuple(pids[child.name] for child in some) for some in (api, workers))
                yield Stage(shop, settings, data, ports[0], ports[1], ports[2], api_pids, worker_pids, serving)


def _like_api(name: str, module: str, listening: socket.socket, environment: dict[str, str]) -> list[Child]:
    number = listening.fileno()
    named = {**environment, LISTEN_FD: str(number)}
    return [Child(f"{name}-{one + 1}", f"{__package__}.{module}", named, (number,)) for one in range(PROCESSES)]


@contextlib.contextmanager
def engines() -> Iterator[Path]:
    """Run engines in a temporary data folder. Raises EngineError."""
    with _folder() as data, Engines(data):
        _mark(data)
        yield data


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Make a temporary data folder beside the usual one: it is on a real disk, but /tmp may be in memory."""
    data = Path(tempfile.mkdtemp(prefix=".data-bench-", dir=DEFAULT_DATA.parent))
    try:
        yield data
    finally:
        state = load_state(data)
        if state is not None and state.home is not None:
            shutil.rmtree(state.home)
        shutil.rmtree(data)


def _mark(data: Path) -> None:
    """Mark the engines' home as temporary, so that the next start of any engines removes it if this run is killed."""
    state = load_state(data)
    if state is not None and state.home is not None:
        (Path(state.home) / THROWAWAY_NAME).write_text(str(data), "utf-8")
