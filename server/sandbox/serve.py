"""Runs a sandbox: alone in this process, or beside other work on the running loop, as tests do."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

from server.sandbox.app import create_sandbox
from server.sandbox.config import SandboxConfig


def serve(config: SandboxConfig, host: str, port: int) -> None:
    """Serve until interrupted or terminated. Sanic's own runner loses a signal that comes while it starts."""
    asyncio.run(_until_told(config, host, port))


async def _until_told(config: SandboxConfig, host: str, port: int) -> None:
    told = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    async with running(config, host, port):
        await told.wait()


@contextlib.asynccontextmanager
async def running(config: SandboxConfig, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve on the running loop during the block; yields the base URL (port 0: any free port)."""
    app = create_sandbox(config)
    app.config.TOUCHUP = False  # it rewrites Sanic's own methods, which works only once per process
    listening = socket.create_server((host, port))
    # Sanic types the handle as optional and its methods not at all.
    server: Any = await app.create_server(sock=listening)
    await server.startup()
    await server.before_start()
    await server.after_start()
    await server.start_serving()
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        await server.before_stop()
        await server.close()
        for connection in server.connections:
            connection.abort()
        await server.after_stop()
