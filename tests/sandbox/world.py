"""A running sandbox and its surroundings in tests."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, raw
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from server.sandbox.config import SandboxConfig
from server.sandbox.identity import Identity
from server.sandbox.serve import running

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback uses plain HTTP. Loading the usual certificates would take most of a test's time."""
START = 1_780_000_000.0
OPENID = "alice"


@dataclass
class HandClock:
    at: float = START

    def __call__(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


@dataclass(frozen=True)
class Received:
    url: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Mall:
    """Receives notifications: keeps them and answers with the given statuses, then always with 204."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request, path: str) -> HTTPResponse:
        query = {name: str(request.args.get(name)) for name in request.args}
        self.received.append(Received(f"/{path}", query, dict(request.headers.items()), request.body))
        self.arrived.set()
        return raw(b"", self.answers.pop(0)) if self.answers else empty()

    async def until(self, count: int, limit_s: float = 3) -> list[Received]:
        async with asyncio.timeout(limit_s):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.received


@dataclass
class World:
    """A running sandbox with its identity, a clock set by hand, a mall that receives notices, and two clients."""

    base: str
    identity: Identity
    config: SandboxConfig
    clock: HandClock
    mall: Mall
    http: httpx.AsyncClient
    pay: Any

    async def control(self, what: str, body: Mapping[str, Any] | None = None, status: int = 200) -> Any:
        answer = await self.http.post(f"/control/{what}", json=body or {})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def state(self, number: str) -> Any:
        return (await self.http.get("/control/state", params={"out_trade_no": number})).json()

    async def mini(self, path: str, body: Any = None, **query: str) -> Any:
        """Send a mini-program POST with the access token; return the JSON answer."""
        answer = await self.http.post(path, json=body, params={"access_token": await self.access_token(), **query})
        assert answer.status_code == 200
        return answer.json()

    async def access_token(self) -> str:
        body = {"grant_type": "client_credential", "appid": self.identity.appid, "secret": self.identity.secret}
        return str((await self.http.post("/cgi-bin/stable_token", json=body)).json()["access_token"])

    async def prepay(self, number: str = "ORDER0001", total_fen: int = 100, **more: Any) -> tuple[int, str]:
        return await self.pay.pay("三件茶具", number, {"total": total_fen}, {"openid": OPENID}, **more)  # type: ignore[no-any-return]

    async def paid(self, number: str = "ORDER0001", total_fen: int = 100) -> str:
        """Place and pay an order; return its transaction id."""
        assert (await self.prepay(number, total_fen))[0] == 200
        return str((await self.control("pay", {"out_trade_no": number}))["transaction_id"])


@asynccontextmanager
async def running_mall() -> AsyncIterator[Mall]:
    mall = Mall()
    app: Sanic[Any, Any] = Sanic(f"mall-{token_hex(4)}", configure_logging=False)
    app.config.TOUCHUP = False
    app.add_route(mall.take, "/<path:path>", methods=["POST"])
    listening = socket.create_server(("127.0.0.1", 0))
    server: Any = await app.create_server(sock=listening)
    await server.startup()
    mall.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        yield mall
    finally:
        await server.close()
        for connection in server.connections:
            connection.abort()


@asynccontextmanager
async def running_world(
    config: SandboxConfig, identity: Identity, clock: HandClock, mall: Mall
) -> AsyncIterator[World]:
    async with running(config) as base, httpx.AsyncClient(base_url=base, verify=NO_TLS, trust_env=False) as http:
        client = pay_client(identity, base, f"{mall.url}/pay-notice")
        async with client:
            await http.post("/control/code", json={"openid": OPENID})
            yield World(base, identity, config, clock, mall, http, client)


def pay_client(identity: Identity, base: str, notify_url: str, *, public_key: bool = True, cert_dir: str = "") -> Any:
    known = {"public_key": identity.platform_public_key, "public_key_id": identity.platform_public_key_id}
    client = AsyncWeChatPay(
        WeChatPayType.MINIPROG,
        identity.mchid,
        identity.merchant_private_key,
        identity.merchant_serial,
        identity.appid,
        identity.apiv3_key,
        notify_url=notify_url,
        cert_dir=cert_dir or None,
        timeout=5,
        **(known if public_key else {}),
    )
    client._core._gate_way = base
    return client


def open_notice(world: World, received: Received) -> Any:
    """Return the dict that the real client reads from a notification; None if it is not genuine."""
    return world.pay.callback(received.headers, received.body)
