"""One API process on the socket that it inherited."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from sanic import Sanic

from server import wiring
from server.app import create_app
from server.commands import heart, logs
from server.commands.roles import LISTEN_FD
from server.gateways.ports import Deps
from server.settings import Settings


def main(build: Callable[[Settings], AbstractAsyncContextManager[Deps]] = wiring.build_deps) -> None:
    """Serve with the parts from `build` until SIGTERM; first answer the requests that are running."""
    logs.set_up()
    settings = Settings.from_env(os.environ, said=True)
    parts = AsyncExitStack()

    async def start(app: Sanic[Any, Any]) -> None:
        app.ctx.deps = await parts.enter_async_context(build(settings))

    async def stop(_app: Sanic[Any, Any]) -> None:
        await parts.aclose()

    app = create_app("tuisan", start, stop, development=not settings.production, documents=settings.api_docs)

    async def live(app: Sanic[Any, Any]) -> None:
        app.ctx.heart = asyncio.create_task(heart.beat())

    app.after_server_start(live)
    listening = socket.socket(fileno=int(os.environ[LISTEN_FD]))
    app.run(sock=listening, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
