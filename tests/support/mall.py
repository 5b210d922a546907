"""A whole mall in this process: the application on a loopback port, the sandbox beside it, one shared clock."""

import contextlib
import itertools
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sanic import Sanic

from server import db, wiring
from server.app import create_app
from server.commands.environment import CLOCK_FILE, development_environment
from server.core.clock import SharedClock
from server.db import Connection
from server.gateways.ports import Deps
from server.gateways.transport import client
from server.sandbox.config import SandboxConfig
from server.sandbox.identity import FILE_NAME, Identity, make_identity
from server.sandbox.serve import running as running_sandbox
from server.services.common import audit_log
from server.settings import Settings

SANDBOX_FILE = "sandbox.sqlite"
"""Where the sandbox of a mall keeps its state, in the mall's folder."""

_serial = itertools.count()


@dataclass
class Mall:
    """The addresses of a running mall, and its parts for tests that look inside."""

    deps: Deps
    base_url: str
    sandbox_url: str
    clock: SharedClock
    settings: Settings
    http: httpx.AsyncClient
    folder: Path
    """The folder with its identity, keys, clock and media."""
    app: Sanic[Any, Any] | None
    """None if the application runs in other processes."""

    def swap(self, **parts: Any) -> None:
        """Replace parts of the application's dependencies."""
        assert self.app is not None
        self.deps = self.app.ctx.deps = replace(self.deps, **parts)

    async def control(self, path: str, **body: Any) -> Any:
        """Send a control call to the sandbox."""
        answer = await self.http.post(f"{self.sandbox_url}/control/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


@contextlib.asynccontextmanager
async def owner_of(mall: Mall) -> AsyncIterator[Connection]:
    """Open a transaction as the owner of the tables, for rows that the application may not write."""
    connection = await asyncpg.connect(mall.settings.owner_url)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def pool_of_owner(mall: Mall) -> AsyncIterator[None]:
    """Let this process's pool be the owner's during the block, as in a command that needs it."""
    await _connect(mall, mall.settings.owner_url)
    try:
        yield
    finally:
        await _connect(mall, mall.settings.database_url)


async def _connect(mall: Mall, url: str) -> None:
    await db.connect(url, mall.settings.db_pool_size)
    audit_log.seal_with(mall.deps.cipher)


def settings_for(
    folder: Path, database_url: str, redis_url: str, port: int, sandbox_url: str, owner_url: str = ""
) -> Settings:
    """Return the settings of a test mall, with the identity that its sandbox uses."""
    return Settings.from_env(
        {
            "DATABASE_URL": database_url,
            "DATABASE_OWNER_URL": owner_url,
            "REDIS_URL": redis_url,
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "WECHAT_API_BASE": sandbox_url,
            "WECHAT_PAY_BASE": sandbox_url,
            "SANDBOX_CONTROL_URL": sandbox_url,
            **development_environment(folder),
        },
        folder / "no.env",
    )


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


_identities: list[bytes] = []


def lend_identity(folder: Path) -> Identity:
    """Give the folder the run's shared identity, because making its keys takes half a second."""
    path = folder / FILE_NAME
    if _identities:
        path.write_bytes(_identities[0])
    else:
        make_identity(folder)
        _identities.append(path.read_bytes())
    return make_identity(folder)


@contextlib.asynccontextmanager
async def running_mall(folder: Path, database_url: str, redis_url: str, owner_url: str = "") -> AsyncIterator[Mall]:
    """Run the mall and its sandbox on the running loop."""
    clock = SharedClock(folder / CLOCK_FILE)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    sandbox_config = SandboxConfig.of(
        lend_identity(folder),
        folder / SANDBOX_FILE,
        clock=lambda: clock.now().timestamp(),
        notify_time_scale=0.01,
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listening.close)
        sandbox_url = await stack.enter_async_context(running_sandbox(sandbox_config))
        settings = settings_for(folder, database_url, redis_url, port, sandbox_url, owner_url)
        deps = await stack.enter_async_context(wiring.build_deps(settings))

        async def start(app: Sanic[Any, Any]) -> None:
            app.ctx.deps = deps

        async def stop(_app: Sanic[Any, Any]) -> None:
            return

        app = create_app(f"mall-{next(_serial)}", start, stop, development=True, documents=True)
        app.config.TOUCHUP = False  # it rewrites Sanic's own methods, which works only once per process
        server: Any = await app.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.after_start()
        await server.start_serving()
        http = await stack.enter_async_context(client(f"http://127.0.0.1:{port}", 30))
        try:
            yield Mall(deps, f"http://127.0.0.1:{port}", sandbox_url, clock, settings, http, folder, app)
        finally:
            await http.aclose()
            await server.before_stop()
            await server.close()
            for connection in server.connections:
                connection.abort()
            await server.after_stop()
