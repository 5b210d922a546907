"""`serve`: the API in production: several processes that are restarted when they die."""

import asyncio
import logging
import os
import socket
import tempfile

import typer

from server.commands import logs
from server.commands.runtime import told_plainly
from server.settings import Settings

log = logging.getLogger("tuisan.serve")


def verb(
    host: str | None = typer.Option(
        None, help="监听地址；生产环境默认所有地址，开发环境默认本机 Address to listen on: all, in development loopback"
    ),
    port: int = typer.Option(8000, help="监听端口 Port to listen on"),
) -> None:
    """API 进程（生产） Run the API: WEB_WORKERS processes on one port. A process that dies or hangs is restarted."""
    logs.set_up()
    with told_plainly():
        settings = Settings.from_env(os.environ, said=True)
        code = asyncio.run(_serve(settings, host or _usual_host(settings), port))
    raise typer.Exit(code)


def _usual_host(settings: Settings) -> str:
    """Return where to listen if nobody says: development serves the sandbox's calls, which are not for a network."""
    return "0.0.0.0" if settings.production else "127.0.0.1"  # noqa: S104 - behind a reverse proxy


async def _serve(settings: Settings, host: str, port: int) -> int:
    from server import db, schema, wiring
    from server.commands import children
    from server.commands.supervisor import Supervisor, stop_signals

    await db.connect(settings.database_url, pool_size=1)
    try:
        await schema.refuse_unfit()
        await schema.refuse_unfit_role()
        missing = await schema.pending()
        await wiring.refuse_unfit_keys(settings)
    finally:
        await db.disconnect()
    if missing:
        log.error("DATABASE_URL: the database lacks %s: run `migrate` first", ", ".join(missing))
        return 2
    with (
        socket.create_server((host, port), backlog=1024) as listening,
        tempfile.TemporaryDirectory(prefix="tuisan-metrics-") as numbers,
        stop_signals() as told,
    ):
        async with Supervisor([children.api(listening, settings.web_workers, {children.NUMBERS_DIR: numbers})]):
            log.info("serving on %s:%d with %d processes", host, port, settings.web_workers)
            await told.wait()
    return 0
