"""Helpers of gateway tests: a clock that stands still, and a server with a fixed answer."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from server.gateways.ports import Prepay
from server.sandbox import crypto
from server.sandbox.identity import Identity

NOON = datetime(2026, 11, 22, 4, 0, 0, 120_000, tzinfo=UTC)
"""12:00:00.12 in Shanghai."""


@dataclass
class HandClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Heard:
    """One request as it was received."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Parrot:
    """A loopback HTTP server that gives the same answer to every request and remembers the requests."""

    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hears(self, count: int) -> Heard:
        """Wait for the `count`-th request and return it."""
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()
        return self.heard[count - 1]

    def say(self, status: int, body: object, **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else orjson.dumps(body)
        self.headers = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}

    def say_signed(self, identity: Identity, body: object) -> None:
        self.say(200, body)
        self.headers |= signature_headers(identity, self.body, int(NOON.timestamp()))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int({k.lower(): v for k, v in headers.items()}.get("content-length", 0))
        method, target, _ = head.split(" ")
        self.heard.append(Heard(method, target, headers, await reader.readexactly(length)))
        self.news.set()
        answer = {**self.headers, "Content-Length": str(len(self.body)), "Connection": "close"}
        shown = "".join(f"{name}: {value}\r\n" for name, value in answer.items())
        writer.write(f"HTTP/1.1 {self.status} Said\r\n{shown}\r\n".encode() + self.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def signature_headers(identity: Identity, body: bytes, timestamp: int | str) -> dict[str, str]:
    """Return the five headers of WeChat's signature."""
    nonce = crypto.random_word(32)
    key = crypto.load_private_key(identity.platform_private_key)
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": crypto.rsa_sign(key, crypto.message_lines(str(timestamp), nonce, body)),
        "Wechatpay-Signature-Type": crypto.SIGNATURE_TYPE,
        "Wechatpay-Serial": identity.platform_public_key_id,
    }


def notice(identity: Identity, event_type: str, original_type: str, resource: object) -> bytes:
    """Return the body of a notice, encrypted as WeChat does."""
    nonce = crypto.random_word(12)
    sealed = crypto.gcm_encrypt(identity.apiv3_key, nonce, original_type, orjson.dumps(resource))
    return orjson.dumps(
        {
            "id": secrets.token_hex(16),
            "create_time": "2026-11-22T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {
                "original_type": original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": sealed,
                "associated_data": original_type,
                "nonce": nonce,
            },
        }
    )


def prepay_of(number: str, amount_fen: int = 1990, openid: str = "o-member") -> Prepay:
    """Return a prepay request that WeChat accepts."""
    return Prepay(number, "龙井茶 250 克", amount_fen, openid, NOON + timedelta(minutes=30))
