"""One process of the limit: Sanic with almost empty handlers, set up like the API."""

import asyncio
import hashlib
import os
import secrets
import socket
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import redis.asyncio as aioredis
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

from server.commands import heart, logs
from server.commands.roles import LISTEN_FD
from server.services.promotions import flash_gate
from server.settings import Settings


def main() -> None:
    """Serve until SIGTERM: `/hello` (only JSON), `/login` (one SELECT, one SET), `/admit` (the gate's Redis script)."""
    logs.set_up()
    settings = Settings.from_env(os.environ)
    parts = AsyncExitStack()
    app: Sanic[Any, Any] = Sanic("bare", configure_logging=False)
    gate = hashlib.sha1(flash_gate.SCRIPT.encode(), usedforsecurity=False).hexdigest()
    app.config.update(OAS=False)

    async def start(app: Sanic[Any, Any]) -> None:
        app.ctx.pool = await parts.enter_async_context(
            asyncpg.create_pool(settings.database_url, min_size=1, max_size=settings.db_pool_size)
        )
        app.ctx.redis = await parts.enter_async_context(aioredis.Redis.from_url(settings.redis_url))
        app.ctx.heart = asyncio.create_task(heart.beat())

    async def stop(_app: Sanic[Any, Any]) -> None:
        await parts.aclose()

    async def hello(_request: Request) -> HTTPResponse:
        return json({"hello": "world"})

    async def login(request: Request) -> HTTPResponse:
        member_id = await app.ctx.pool.fetchval("SELECT id FROM members WHERE openid = $1", request.json["code"])
        token = secrets.token_urlsafe(32)
        await app.ctx.redis.set(f"bare:{token}", member_id, ex=600)
        return json({"token": token, "member_id": member_id})

    async def admit(request: Request) -> HTTPResponse:
        asked = request.json
        word, _ = await app.ctx.redis.evalsha(gate, 3, *asked["keys"], *asked["values"])
        return json({"said": word.decode()})

    app.before_server_start(start)
    app.after_server_stop(stop)
    app.add_route(hello, "/hello")
    app.add_route(login, "/login", methods=["POST"])
    app.add_route(admit, "/admit", methods=["POST"])
    app.run(sock=socket.socket(fileno=int(os.environ[LISTEN_FD])), single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
