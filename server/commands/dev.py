"""`dev`: run the whole mall on one machine with one command."""

import asyncio
import contextlib
import errno
import itertools
import logging
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import typer

from server.commands import children, logs
from server.commands.runtime import DEFAULT_DATA, environment_of, keep_places, told_plainly
from server.commands.supervisor import Supervisor, stop_signals
from server.core.clock import SystemClock, shanghai_day, stopwatch
from server.embedded import EngineError, Engines, addresses, set_aside
from server.settings import Settings

log = logging.getLogger("tuisan.dev")

_PORT = 8000
_HOST = "127.0.0.1"
_LOOK_S = 0.5
_OWNER = "owner"
"""The panel's first account. If its password is lost, `operator reset` makes a new one."""


def verb(
    port: int | None = typer.Option(None, help="端口 Port; 8000 by default, or another one if 8000 is taken"),
    data: Path = typer.Option(DEFAULT_DATA, help="数据目录 Folder for all data"),
    workers: int = typer.Option(2, min=1, max=64, help="接口进程数 Number of API processes"),
    fresh: bool = typer.Option(
        False, "--fresh", help="重新开始，旧数据留在旁边 Start with no data; old data is kept aside"
    ),
) -> None:
    """启动整套商城（开发） Run the whole mall for development: engines, WeChat sandbox, API, jobs. Data is kept."""
    logs.set_up(logging.WARNING)
    folder = data.absolute()
    with told_plainly():
        if fresh and addresses(folder) is not None:
            typer.echo(f"旧数据已移至 old data is now in {keep_aside(folder)}")
        run(folder, port, workers)


def keep_aside(data: Path) -> Path:
    """Move a mall's data to a new name beside it; return that path: the same name with today's date in China.

    Raises EngineError.
    """
    dated = f"{data.name}-{shanghai_day(SystemClock().now())}"
    names = itertools.chain([dated], (f"{dated}-{again}" for again in itertools.count(2)))
    aside = next(place for name in names if not (place := data.with_name(name)).exists())
    set_aside(data, aside)
    return aside


def run(data: Path, port: int | None, workers: int) -> None:
    """Run until SIGTERM or Ctrl-C. Raises EngineError, SettingsError, UnfitDatabaseError, UnfitKeysError."""
    began = stopwatch()
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(_listen(port or _PORT, elsewhere=port is None))
        base_url = f"http://{_HOST}:{listening.getsockname()[1]}"
        moved = port is None and listening.getsockname()[1] != _PORT
        places = {"PUBLIC_BASE_URL": base_url}
        sandbox = None
        if not (os.environ.get("WECHAT_API_BASE") and os.environ.get("WECHAT_PAY_BASE")):
            sandbox = stack.enter_context(_listen(listening.getsockname()[1] + 1, elsewhere=True))
            sandbox_url = f"http://{_HOST}:{sandbox.getsockname()[1]}"
            places |= dict.fromkeys(("WECHAT_API_BASE", "WECHAT_PAY_BASE", "SANDBOX_CONTROL_URL"), sandbox_url)
        engines = stack.enter_context(Engines(data))
        keep_places(data, places)
        numbers = stack.enter_context(tempfile.TemporaryDirectory(prefix="tuisan-metrics-"))
        environment = environment_of(data, places) | {children.NUMBERS_DIR: numbers}
        mall = _Mall(engines, environment, base_url, listening, sandbox, workers, moved, began)
        asyncio.run(mall.run())


def _listen(port: int, *, elsewhere: bool) -> socket.socket:
    """Return a listening socket on `port`; if it is taken and `elsewhere` is true, on any free port."""
    try:
        return socket.create_server((_HOST, port), backlog=1024)
    except OSError as error:
        if not elsewhere:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise EngineError(f"端口 {port} 不可用 port {port} {reason}") from error
    return socket.create_server((_HOST, 0), backlog=1024)


@dataclass(frozen=True, slots=True)
class _Mall:
    engines: Engines
    environment: dict[str, str]
    base_url: str
    listening: socket.socket
    sandbox: socket.socket | None
    workers: int
    moved: bool
    """Whether the usual port was taken."""
    began: float

    async def run(self) -> None:
        from server import schema

        settings = Settings.from_env(self.environment)
        drawing = asyncio.create_task(_draw(settings))
        await schema.migrate(settings.owner_url, settings.database_url)
        await _refuse_unfit_keys(settings)
        behind = [
            children.sandbox(self.sandbox, self.environment) if self.sandbox else [],
            children.workers(1, self.environment),
        ]
        front = [children.api(self.listening, self.workers, self.environment)]
        with stop_signals() as told:
            watching = asyncio.create_task(keep_engines(self.engines, told))
            async with Supervisor(behind) as backstage:
                password = await _plant(settings)
                async with Supervisor(front) as stage:
                    ready = asyncio.create_task(_all_ready(backstage, stage))
                    ending = asyncio.create_task(told.wait())
                    await asyncio.wait({ready, ending}, return_when=asyncio.FIRST_COMPLETED)
                    if ready.done():
                        self._announce(settings, password)
                    await ending
                    drawing.cancel()
                    ready.cancel()
                    typer.echo("正在停止 stopping …")
            await watching

    def _announce(self, settings: Settings, password: str | None) -> None:
        lines = {
            "商城 H5 shop": f"{self.base_url}/h5/",
            "后台 Panel": f"{self.base_url}/admin",
            "后台账号 Panel login": f"{_OWNER} / {password}（只显示这一次 shown this once）" if password else _OWNER,
            "接口 API": self.base_url,
            "文档 API pages": f"{self.base_url}/docs",
            "微信沙箱 WeChat sandbox": f"{settings.sandbox_control_url}/pay"
            if self.sandbox
            else settings.wechat_api_base,
            "数据库 PostgreSQL": settings.database_url,
            "缓存 Redis": settings.redis_url,
            "数据目录 Data": str(settings.data_dir),
        }
        typer.echo(f"推三返一商城已启动 Tuisan Mall is up ({stopwatch() - self.began:.1f} s)")
        for name, value in lines.items():
            typer.echo(f"  {name}: {value}")
        if self.moved:
            typer.echo(f"  端口 {_PORT} 已被占用，已改用其他端口 Port {_PORT} is taken, so another one is used")
        typer.echo("按 Ctrl-C 停止，数据会保留 Ctrl-C stops, data stays")


async def _refuse_unfit_keys(settings: Settings) -> None:
    from server import db, wiring

    await db.connect(settings.database_url, pool_size=1)
    try:
        await wiring.refuse_unfit_keys(settings)
    finally:
        await db.disconnect()


async def _all_ready(*supervisors: Supervisor) -> None:
    for supervisor in supervisors:
        await supervisor.ready()


async def _plant(settings: Settings) -> str | None:
    """Add the missing parts of the demo shop, before the API opens, so that nobody sees half of a shop.

    If the panel has no operator yet, this also creates the first owner. Returns the password, else None.
    """
    from server import wiring
    from server.rules.operators import Role
    from server.seed.plant import plant
    from server.services.operators import accounts as operator_accounts

    async with wiring.build_deps(settings) as deps:
        await plant(deps, "dev")
        if await operator_accounts.any_exists():
            return None
        return await operator_accounts.create(deps, _OWNER, Role.OWNER, "dev", must_change=False)


async def _draw(settings: Settings) -> None:
    """Draw the demo shop's pictures while the processes start: it takes seconds, and nothing waits for them."""
    from server.seed.plant import draw_pictures

    if settings.media_dir is not None:
        await draw_pictures(settings.media_dir)


async def keep_engines(engines: Engines, told: asyncio.Event) -> None:
    """Restart engines that died, until the event is set."""
    while not told.is_set():
        for name in ("redis", "postgres"):
            if not engines.alive()[name]:
                log.warning("%s died and is started again", name)
                try:
                    await asyncio.to_thread(engines.restart, name)
                except EngineError as error:
                    log.error("%s cannot be started: %s", name, error)  # noqa: TRY400 - the message says everything
        with contextlib.suppress(TimeoutError):  # the event was not set in this time
            await asyncio.wait_for(told.wait(), _LOOK_S)
